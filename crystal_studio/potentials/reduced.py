"""A crystal in as few coordinates as its symmetry leaves free.

Variables are the displacements of the atoms that keep every site symmetry (Angstrom, in the undeformed cell; origins
that the group leaves free are held) and the symmetric strains that keep the group, multiplied by the square root of
the number of atoms: the curvature of a strain then is the bulk modulus times the volume an atom, of the size of a
bond's curvature whatever the cell (Tadmor et al., Phys. Rev. B 59, 235 (1999)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.cell_orbits import CellOrbits, cell_orbits


@dataclass(frozen=True)
class Geometry:
    """One geometry of a cell: lattice (3, 3) Angstrom, positions (N, 3) fractional, deformation (3, 3)."""

    lattice: NDArray[np.float64]
    positions: NDArray[np.float64]
    deformation: NDArray[np.float64]


@dataclass(frozen=True)
class Gradient:
    """Energy and derivatives at one geometry.

    energy : eV per cell
    positions : (N, 3) eV/Angstrom, dE/dx for Cartesian positions; of a quotient graph only its invariant part means
        something
    virial : (3, 3) eV, dE/dstrain
    """

    energy: float
    positions: NDArray[np.float64]
    virial: NDArray[np.float64]

    @property
    def finite(self) -> bool:
        """Whether all of it is numbers."""
        parts = (self.energy, self.positions, self.virial)
        return all(bool(np.isfinite(part).all()) for part in parts)


class ReducedCell:
    """A primitive cell of N atoms with d free displacements and m free strains.

    numbers (N,); orbits of its atoms; start, the geometry that it came with, made exactly symmetric;
    displacements (3N, d) and strains (m, 3, 3), orthonormal; no strain where the cell is not ``moving_cell``
    """

    def __init__(
        self, lattice: NDArray, numbers: NDArray, positions: NDArray, symmetric: bool = True, moving_cell: bool = True
    ) -> None:
        self.numbers = np.asarray(numbers)
        self.orbits = cell_orbits(lattice, self.numbers, positions, symmetric)
        lattice, positions = self.orbits.symmetrised(lattice, positions)
        self.start = Geometry(lattice, positions, np.eye(3))
        turns = self.orbits.cartesian(lattice)
        self.displacements = _displacements(self.orbits, turns)
        self.strains = _strains(turns) if moving_cell else np.zeros((0, 3, 3))
        self._scale = float(np.sqrt(len(numbers)))
        self._inverse = np.linalg.inv(lattice)

    def __len__(self) -> int:
        """Free coordinates."""
        return self.displacements.shape[1] + len(self.strains)

    @property
    def n_displacements(self) -> int:
        return self.displacements.shape[1]

    def geometry(self, x: NDArray) -> Geometry:
        """The geometry at reduced coordinates x (d + m,); zero is the start."""
        d = self.n_displacements
        deformation = np.eye(3) + np.tensordot(x[d:], self.strains, 1) / self._scale
        moved = (self.displacements @ x[:d]).reshape(-1, 3) @ self._inverse
        return Geometry(self.start.lattice @ deformation, self.start.positions + moved, deformation)

    def gradient(self, found: Gradient, deformation: NDArray) -> tuple[NDArray[np.float64], float]:
        """dE/dx (d + m,), and the largest force or virial an atom (eV/Angstrom, eV) that the symmetry leaves."""
        of_positions = self.displacements.T @ (found.positions @ deformation.T).ravel()
        of_strains = np.tensordot(self.strains, np.linalg.solve(deformation.T, found.virial), 2) / self._scale
        forces = (self.displacements @ (self.displacements.T @ found.positions.ravel())).reshape(-1, 3)
        parts = np.tensordot(self.strains, 0.5 * (found.virial + found.virial.T), 2)
        virial = np.tensordot(parts, self.strains, 1)
        n = len(self.numbers)
        largest = max(np.linalg.norm(forces, axis=1).max(), np.linalg.norm(virial, axis=1).max() / n)
        return np.concatenate([of_positions, of_strains]), float(largest)

    def longest(self, step: NDArray) -> tuple[float, float]:
        """How far a step moves the atom that it moves most (Angstrom), and its largest component of strain."""
        d = self.n_displacements
        moved = np.linalg.norm((self.displacements @ step[:d]).reshape(-1, 3), axis=1).max() if d else 0.0
        return float(moved), float(np.abs(np.tensordot(step[d:], self.strains, 1)).max() / self._scale)


def _displacements(orbits: CellOrbits, turns: NDArray) -> NDArray[np.float64]:
    """(3N, d) orthonormal: those of a representative that its site symmetry leaves, carried to its whole orbit."""
    n = len(orbits.orbit)
    columns = []
    back = turns[orbits.to_representative]  # (N, 3, 3), of each atom onto its representative
    for o, keeping in enumerate(orbits.stabilisers):
        values, vectors = np.linalg.eigh(_symmetric(turns[keeping[: _distinct(keeping)]].mean(0)))
        free = vectors[:, values > 0.5]
        atoms = np.flatnonzero(orbits.orbit == o)
        for direction in free.T:
            column = np.zeros((n, 3))
            column[atoms] = np.einsum("nba,b->na", back[atoms], direction) / np.sqrt(len(atoms))
            columns.append(column.ravel())
    basis = np.array(columns).reshape(len(columns), 3 * n).T
    return _without_translations(basis, turns)


def _distinct(keeping: NDArray) -> int:
    """Operations of a stabiliser before its padding, which repeats the identity."""
    return len(np.unique(keeping))


def _without_translations(basis: NDArray, turns: NDArray) -> NDArray[np.float64]:
    """The same displacements (3N, d) but for moving all atoms alike, which changes nothing."""
    values, vectors = np.linalg.eigh(_symmetric(turns.mean(0)))
    polar = vectors[:, values > 0.5]
    if not polar.shape[1] or not basis.shape[1]:
        return basis
    n = basis.shape[0] // 3
    along = basis.T @ np.tile(polar, (n, 1)) / np.sqrt(n)  # (d, p), orthonormal columns
    rest = np.linalg.svd(along)[0][:, polar.shape[1] :]
    return basis @ rest


def _strains(turns: NDArray) -> NDArray[np.float64]:
    """(m, 3, 3) orthonormal symmetric strains that the group leaves."""
    basis = []
    for a in range(3):
        for b in range(a, 3):
            one = np.zeros((3, 3))
            one[a, b] = one[b, a] = 1.0 if a == b else np.sqrt(0.5)
            basis.append(one)
    whole = np.array(basis)
    turned = np.einsum("kab,xbc,kdc->xad", turns, whole, turns, optimize=True) / len(turns)
    values, vectors = np.linalg.eigh(_symmetric(np.tensordot(turned, whole, ((1, 2), (1, 2)))))
    return np.tensordot(vectors[:, values > 0.5].T, whole, 1)


def _symmetric(matrix: NDArray) -> NDArray[np.float64]:
    return 0.5 * (matrix + matrix.T)
