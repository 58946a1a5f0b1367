"""Cells as the network sees them: six numbers of unit variance around what composition and crystal family let expect.

The transformed lattice parameters are the k-vector of ``crystal.lattice``, S = 1/2 log(L L^T) = sum_i k_i B_i: the
family's constraints hold some of its components fixed, exactly and for all six families, and a small change of k is a
strain. The volume expected of a composition is taken off first.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.crystal.asymmetric_unit import n_atoms
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.crystal.lattice import BASIS, constrain, family_rows, free_components, to_k
from crystal_studio.crystal.space_groups import tables

FAMILIES = 6
_RIDGE = 3.0
"""Atoms' worth of weight of the first guess of each element's volume."""


@dataclass(frozen=True)
class CellPrior:
    """What a cell is expected to be; float32.

    volumes : (119,) cubic Angstrom an atom of each element
    mean, std : (6, 6) by crystal family: of the free components of k, less the volume expected
    """

    volumes: Tensor
    mean: Tensor
    std: Tensor

    def to_tensors(self) -> dict[str, Tensor]:
        """The inverse of ``from_tensors``."""
        return {f"cell.{f.name}": getattr(self, f.name) for f in fields(self)}

    @staticmethod
    def from_tensors(tensors: dict[str, Tensor]) -> CellPrior:
        """Out of the tensors of a file."""
        return CellPrior(*(tensors[f"cell.{f.name}"].float() for f in fields(CellPrior)))

    def expected(self, units: AsymmetricUnits) -> NDArray[np.float64]:
        """(B, 6) k of the cell that composition and family let expect."""
        k = self.mean.double().numpy()[family_rows(units.space_group)]
        k[:, 5] += np.log(counts(units) @ self.volumes.double().numpy()[1:]) / 3
        return constrain(k, units.space_group)

    def spread(self, space_group: NDArray) -> NDArray[np.float64]:
        """(B, 6) how far k is from that; 0 where the family leaves no freedom."""
        return np.where(free_components(space_group), self.std.double().numpy()[family_rows(space_group)], 0.0)


def counts(units: AsymmetricUnits) -> NDArray[np.float64]:
    """(B, 118) atoms of each element in the conventional cell."""
    crystal, column = np.nonzero(units.mask)
    found = np.zeros((len(units), len(COVALENT_RADII) - 1))
    multiplicity = tables().multiplicity[units.wyckoff[crystal, column].astype(np.int64)]
    np.add.at(found, (crystal, units.numbers[crystal, column].astype(np.int64) - 1), multiplicity)
    return found


def estimate(units: AsymmetricUnits) -> CellPrior:
    """The prior of a training set: volumes of the elements by ridge regression on the volume an atom."""
    share = counts(units) / n_atoms(units)[:, None]
    volume = np.abs(np.linalg.det(units.lattice)) / n_atoms(units)
    # Cells of atoms fill two thirds of themselves with spheres, roughly; elements without data keep that.
    guess = 1.5 * 4 / 3 * np.pi * COVALENT_RADII[1:] ** 3
    left = share.T @ share + _RIDGE * np.eye(share.shape[1]) * (len(share) > 0)
    volumes = guess + np.linalg.solve(left, share.T @ (volume - share @ guess))
    volumes = np.concatenate([[0.0], np.clip(volumes, 0.2 * guess, 5 * guess)])
    rest = to_k(units.lattice)
    rest[:, 5] -= np.log(counts(units) @ volumes[1:]) / 3
    free, kind = free_components(units.space_group), family_rows(units.space_group)
    mean, std = np.zeros((FAMILIES, 6)), np.ones((FAMILIES, 6))
    for f in range(FAMILIES):
        for i in range(6):
            values = rest[(kind == f) & free[:, i], i]
            if len(values):
                mean[f, i] = values.mean()
            if len(values) > 1:
                std[f, i] = max(values.std(), 0.02)
    return CellPrior(*(torch.as_tensor(a, dtype=torch.float32) for a in (volumes, mean, std)))


class Frame:
    """Cells of a batch: components of unit variance (B, 6) to lattices and back."""

    def __init__(self, expected: Tensor, spread: Tensor) -> None:
        self.expected, self.spread = expected, spread
        self.free = spread > 0
        self.basis = torch.as_tensor(BASIS, dtype=expected.dtype, device=expected.device)

    @staticmethod
    def of(units: AsymmetricUnits, prior: CellPrior, device: str = "cpu") -> Frame:
        """The frame of crystals, whatever their cells are."""
        both = prior.expected(units), prior.spread(units.space_group)
        return Frame(*(torch.as_tensor(a, dtype=torch.float32, device=device) for a in both))

    def inside(self, k: Tensor) -> Tensor:
        """k-vectors (B, 6) to components of unit variance, 0 where not free."""
        return torch.where(self.free, (k - self.expected) / self.spread.clamp_min(1e-6), 0.0)

    def outside(self, c: Tensor) -> Tensor:
        """The inverse: k-vectors that obey the family."""
        return self.expected + self.spread * c

    def cells(self, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of components (B, 6): lattices (B, 3, 3), symmetric; their logarithmic strain (B, 3, 3) from the expected;
        and (B, 6, 3, 3) symmetric matrices D of which r D r / |r|^2 is d log |r| / dc for a vector r that the cell
        carries along."""
        s = torch.einsum("bi,ijk->bjk", self.outside(c), self.basis)
        values, vectors = torch.linalg.eigh(s)
        grown = values.exp()
        lattice = vectors @ torch.diag_embed(grown) @ vectors.mT
        # Derivative of the exponential (Daleckii and Krein) in the eigenbasis, divided by the exponential itself.
        apart = values.unsqueeze(2) - values.unsqueeze(1)
        share = torch.where(
            apart.abs() < 1e-4, 1 - apart / 2, -torch.expm1(-apart) / torch.where(apart == 0, 1.0, apart)
        )
        inner = vectors.mT.unsqueeze(1) @ self.basis @ vectors.unsqueeze(1)
        change = vectors.unsqueeze(1) @ (inner * share.unsqueeze(1)) @ vectors.mT.unsqueeze(1)
        change = 0.5 * (change + change.mT) * self.spread[:, :, None, None]
        strain = torch.einsum("bi,ijk->bjk", self.spread * c, self.basis)
        return lattice, strain, change
