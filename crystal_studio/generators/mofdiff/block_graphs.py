"""Building blocks as the block encoder takes them: atoms and connection points, bonds and distances, padded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.mof.blocks import BlockLibrary

POINT = 0
"""What stands for an atomic number at a connection point."""
_PAIRS_AT_ONCE = 60_000
"""Pairs of places, padding included, that are held at once: some 20 MB of features."""


@dataclass(frozen=True)
class BlockGraphs:
    """B blocks of up to n places each: atoms, then connection points, then padding.

    element : (B, n) int64, atomic numbers, ``POINT`` at connection points and padding
    there : (B, n) bool, false at padding
    positions : (B, n, 3) float32, Angstrom; where the origin is does not matter
    bonded : (B, n, n) bool; a connection point is bonded to the atom that it hangs on
    kind : (B,) int64, ``NODE`` or ``LINKER``
    """

    element: Tensor
    there: Tensor
    positions: Tensor
    bonded: Tensor
    kind: Tensor

    def __len__(self) -> int:
        return len(self.kind)

    @staticmethod
    def of(library: BlockLibrary, rows: NDArray[np.int64], device: str = "cpu") -> BlockGraphs:
        """Those blocks of a library, in that order."""
        size = places(library)[rows]
        shape = len(rows), int(size.max(initial=1))
        element, there = np.full(shape, POINT, np.int64), np.arange(shape[1]) < size[:, None]
        positions, bonded = np.zeros((*shape, 3), np.float32), np.zeros((*shape, shape[1]), bool)
        for b, i in enumerate(rows.tolist()):
            n, whole = int(library.n_atoms[i]), int(size[b])
            element[b, :n] = library.numbers[library.atoms(i)]
            positions[b, :n] = library.positions[library.atoms(i)]
            positions[b, n:whole] = library.points[library.point_rows(i)]
            first, second = library.bonds[library.bond_rows(i)].T
            bonded[b, first, second] = True
            bonded[b, library.point_atom[library.point_rows(i)], np.arange(n, whole)] = True
        whole_graph = (element, there, positions, bonded | bonded.swapaxes(1, 2), library.kind[rows].astype(np.int64))
        return BlockGraphs(*(torch.as_tensor(part, device=device) for part in whole_graph))

    def disturbed(self, sigma: Tensor, generator: torch.Generator | None = None) -> BlockGraphs:
        """All places moved by normal noise of ``sigma`` (B,) Angstrom a coordinate; bonds stay."""
        noise = torch.randn(self.positions.shape, generator=generator, device=self.positions.device)
        moved = self.positions + noise * sigma.view(-1, 1, 1)
        return BlockGraphs(self.element, self.there, moved, self.bonded, self.kind)


def places(library: BlockLibrary) -> NDArray[np.int64]:
    """(L,) atoms and connection points of each block."""
    return library.n_atoms + library.n_points


def groups(sizes: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Rows of blocks of these many places each, grouped by like size, so that little is padded; smallest first."""
    order = np.argsort(sizes, kind="stable")
    start = 0
    while start < len(order):
        # Sizes only grow along the order: one more block may enlarge all that are in the group.
        padded = np.arange(1, len(order) - start + 1) * sizes[order[start:]] ** 2
        end = start + max(1, int(np.searchsorted(padded, _PAIRS_AT_ONCE, side="right")))
        yield order[start:end]
        start = end
