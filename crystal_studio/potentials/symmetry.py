"""Primitive cells and symmetric forces for relaxations, on one crystal at a time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

SYMPREC = 0.01
"""Angstrom: generated crystals are symmetric to rounding, files to three or four decimals."""


@dataclass(frozen=True)
class PrimitiveCell:
    """A primitive cell and the way back to the cell it came from.

    lattice (3, 3) Angstrom, numbers (P,), positions (P, 3) fractional;
    multiple (3, 3) with given lattice = multiple @ lattice; source (N,) the
    primitive atom that each given atom repeats, image (N, 3) the lattice
    translation between them.
    """

    lattice: NDArray[np.float64]
    numbers: NDArray[np.int16]
    positions: NDArray[np.float64]
    multiple: NDArray[np.float64]
    source: NDArray[np.int64]
    image: NDArray[np.float64]

    def restore(self, lattice: NDArray, positions: NDArray) -> tuple[NDArray, NDArray]:
        """Lattice and fractional coordinates of the given cell after the primitive one has changed."""
        fractional = (positions[self.source] + self.image) @ np.linalg.inv(self.multiple)
        return self.multiple @ lattice, fractional


@dataclass(frozen=True)
class Symmetry:
    """Operations of a cell: rotations (K, 3, 3), and permutations (K, N) with atom i going to permutations[k, i]."""

    rotations: NDArray[np.float64]
    permutations: NDArray[np.int64]

    def forces(self, forces: NDArray, lattice: NDArray) -> NDArray:
        """(N, 3) Cartesian forces averaged over the operations."""
        reduced = forces @ lattice.T  # minus dE/dx in fractional coordinates, a covector
        inverse = np.linalg.inv(self.rotations)
        turned = np.einsum("kab,ia->kib", inverse, reduced)  # R^-T g
        total = np.zeros_like(reduced)
        for k in range(len(turned)):
            total[self.permutations[k]] += turned[k]
        return total / len(turned) @ np.linalg.inv(lattice).T

    def stress(self, stress: NDArray, lattice: NDArray) -> NDArray:
        """(3, 3) Cartesian stress averaged over the operations."""
        turn = lattice.T @ self.rotations @ np.linalg.inv(lattice.T)
        return np.einsum("kab,bc,kdc->ad", turn, stress, turn) / len(turn)


def _operations(lattice: NDArray, numbers: NDArray, positions: NDArray) -> tuple[NDArray, NDArray]:
    """Rotations (K, 3, 3) and translations (K, 3) in fractional coordinates; identity alone where none is found."""
    import moyopy

    # moyopy panics on these
    if not len(numbers) or not np.isfinite(lattice).all() or abs(np.linalg.det(lattice)) < 0.1 * len(numbers):
        return np.eye(3)[None], np.zeros((1, 3))
    try:
        cell = moyopy.Cell(lattice.tolist(), positions.tolist(), [int(z) for z in numbers])
        operations = moyopy.MoyoDataset(cell, symprec=SYMPREC).operations
        return np.asarray(operations.rotations, float), np.asarray(operations.translations, float)
    except Exception:  # moyopy raises its own types on overlapping or degenerate cells
        return np.eye(3)[None], np.zeros((1, 3))


def _match(numbers: NDArray, positions: NDArray, moved: NDArray, lattice: NDArray) -> NDArray | None:
    """(N,) index of the atom that each moved atom falls on, None where some falls on none."""
    apart = moved[:, None] - positions[None]
    apart -= np.round(apart)
    distance = np.linalg.norm(apart @ lattice, axis=-1)
    distance[numbers[:, None] != numbers[None]] = np.inf
    nearest = distance.argmin(1)
    if distance[np.arange(len(nearest)), nearest].max() > 10 * SYMPREC or len(set(nearest.tolist())) < len(nearest):
        return None
    return nearest


def find_symmetry(lattice: NDArray, numbers: NDArray, positions: NDArray) -> Symmetry:
    """The operations of a cell that permute its atoms; the identity is always among them."""
    rotations, permutations = [np.eye(3)], [np.arange(len(numbers))]
    for rotation, translation in zip(*_operations(lattice, numbers, positions), strict=True):
        permutation = _match(numbers, positions, positions @ rotation.T + translation, lattice)
        if permutation is None:  # an operation within the tolerance of the search only
            return Symmetry(np.eye(3)[None], np.arange(len(numbers))[None])
        rotations.append(rotation)
        permutations.append(permutation)
    keep = slice(1, None) if len(rotations) > 1 else slice(None)
    return Symmetry(np.stack(rotations)[keep], np.stack(permutations)[keep])


def primitive_cell(lattice: NDArray, numbers: NDArray, positions: NDArray) -> PrimitiveCell:
    """The cell reduced by its pure translations, in the same orientation."""
    rotations, translations = _operations(lattice, numbers, positions)
    centring = translations[np.abs(rotations - np.eye(3)).max((1, 2)) < 1e-6]
    basis = _shortest_basis(lattice, centring)
    images = np.arange(len(numbers))
    for shift in centring:
        onto = _match(numbers, positions, positions + shift, lattice)
        if onto is None:
            basis, images = np.eye(3), np.arange(len(numbers))
            break
        images = np.minimum(images, onto)
    kept, source = np.unique(images, return_inverse=True)
    if len(kept) * round(1 / abs(np.linalg.det(basis))) != len(numbers):
        basis, kept, source = np.eye(3), np.arange(len(numbers)), np.arange(len(numbers))
    primitive = basis @ lattice
    multiple = np.linalg.inv(basis)
    reduced = positions @ multiple
    image = np.round(reduced - reduced[kept][source])
    return PrimitiveCell(primitive, numbers[kept], reduced[kept], multiple, source, image)


def _shortest_basis(lattice: NDArray, centring: NDArray) -> NDArray:
    """(3, 3) rows: the shortest basis of all translations, in units of the given lattice."""
    if len(centring) < 2:
        return np.eye(3)
    shifts = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), -1).reshape(-1, 3)
    vectors = (centring % 1.0)[:, None] + shifts
    vectors = vectors.reshape(-1, 3)
    length = np.linalg.norm(vectors @ lattice, axis=1)
    order = np.argsort(length, kind="stable")
    order = order[length[order] > 1e-3][:40]
    wanted = 1 / len(centring)
    for triple in combinations(order, 3):
        basis = vectors[list(triple)]
        if abs(abs(np.linalg.det(basis)) - wanted) < 0.1 * wanted:
            return basis if np.linalg.det(basis) > 0 else -basis
    return np.eye(3)
