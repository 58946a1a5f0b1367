"""Coarse-grained frameworks as networks take them: flat, in reduced cells, with what is known of their pores."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.crystal.multigraph import Orbits
from crystal_studio.mof.coarse import CoarseMofs

MOST_BLOCKS = 20


@dataclass(frozen=True)
class Frameworks:
    """B frameworks with n blocks, flat and sorted by framework.

    orbits : what of their periodic graph does not depend on coordinates and cells
    block : (n,) int64, rows of the vocabulary
    x : (n, 3) float32, fractional coordinates
    lattice : (B, 3, 3) float32, Angstrom
    labels : (B, P) float32, scaled properties of the pores, NaN where not known
    """

    orbits: Orbits
    block: Tensor
    x: Tensor
    lattice: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.lattice)

    @property
    def crystal(self) -> Tensor:
        """(n,) the framework of each block."""
        return self.orbits.crystal

    @property
    def n_blocks(self) -> Tensor:
        """(B,) blocks of each framework."""
        return self.orbits.n_atoms


def orbits_of(n_blocks: NDArray[np.int64], device: str) -> Orbits:
    """The graph's fixed part for cells without symmetry that hold so many blocks (B,) each."""
    crystal = np.repeat(np.arange(len(n_blocks)), n_blocks)
    return Orbits.of(np.ones(len(n_blocks), np.int64), crystal, np.zeros(len(crystal), np.int64), device)


def mean_of(values: Tensor, crystal: Tensor, n_blocks: Tensor) -> Tensor:
    """(B, ...) means over the blocks of each framework of values (n, ...)."""
    whole = values.new_zeros(len(n_blocks), *values.shape[1:]).index_add_(0, crystal, values)
    return whole / n_blocks.to(values.dtype).view(-1, *[1] * (values.dim() - 1))


def reduced(mofs: CoarseMofs) -> CoarseMofs:
    """The same frameworks in their Niggli cells, which the cell says without choice; connections and turns are not
    carried over, so that only lattice, blocks and positions may be read."""
    import spglib

    lattice, positions = mofs.lattice.copy(), mofs.positions.copy()
    for i in range(len(mofs)):
        found = spglib.niggli_reduce(mofs.lattice[i], eps=1e-4)
        if found is None:
            continue
        change = np.rint(found @ np.linalg.inv(mofs.lattice[i]))
        if abs(round(np.linalg.det(change))) != 1:
            continue
        lattice[i] = change @ mofs.lattice[i]
        placed = positions[mofs.blocks(i)] @ np.linalg.inv(change)
        positions[mofs.blocks(i)] = placed - np.floor(placed)
    return replace(mofs, lattice=lattice, positions=positions)


def log_cell(lattice: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, 6) components of S = 1/2 log(L L^T), which turning a cell does not change: diagonal, then yz, xz, xy."""
    values, vectors = np.linalg.eigh(lattice @ np.swapaxes(lattice, -1, -2))
    s = np.einsum("bij,bj,bkj->bik", vectors, 0.5 * np.log(values), vectors)
    return s[:, [0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]


def cell_of_log(components: Tensor) -> Tensor:
    """(B, 3, 3) symmetric lattice matrices exp S of components (B, 6)."""
    c = components
    rows = [c[:, [0, 5, 4]], c[:, [5, 1, 3]], c[:, [4, 3, 2]]]
    found: Tensor = torch.linalg.matrix_exp(torch.stack(rows, 1))
    return found
