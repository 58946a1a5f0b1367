"""The symmetry operations of one cell as they act on its atoms, and the orbits that they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.operations import SYMPREC, operations

_AT_ONCE = 400_000
"""Pairs of atoms compared in one step, which bounds the memory."""


@dataclass(frozen=True)
class CellOrbits:
    """K operations of a cell of N atoms in O orbits.

    rotations : (K, 3, 3) int64 in fractional coordinates, x' = R x + t
    translations : (K, 3)
    permutations : (K, N) atom i goes to an image of atom permutations[k, i]
    images : (K, N, 3) int64, that image: R x_i + t = x_permutations[k, i] + images[k, i]
    representatives : (O,) the first atom of each orbit
    orbit : (N,) the orbit of each atom
    multiplicity : (O,) atoms of each orbit
    to_representative : (N,) an operation that carries each atom to its representative
    stabilisers : (O, S) operations that keep each representative, padded with the identity; S the largest number
    """

    rotations: NDArray[np.int64]
    translations: NDArray[np.float64]
    permutations: NDArray[np.int64]
    images: NDArray[np.int64]
    representatives: NDArray[np.int64]
    orbit: NDArray[np.int64]
    multiplicity: NDArray[np.int64]
    to_representative: NDArray[np.int64]
    stabilisers: NDArray[np.int64]

    def cartesian(self, lattice: NDArray) -> NDArray[np.float64]:
        """(K, 3, 3) the rotations for Cartesian columns, in a lattice (3, 3) that has the symmetry."""
        return lattice.T @ self.rotations.astype(float) @ np.linalg.inv(lattice.T)

    def symmetrised(self, lattice: NDArray, positions: NDArray) -> tuple[NDArray, NDArray]:
        """Lattice and positions averaged over the operations: symmetric to rounding, the lattice not turned."""
        metric = lattice @ lattice.T
        turned = np.swapaxes(self.rotations, 1, 2) @ metric @ self.rotations
        inverse = np.linalg.inv(lattice)
        # lattice @ stretch has the averaged metric; the symmetric stretch is the one that does not turn.
        values, vectors = np.linalg.eigh(inverse @ turned.mean(0) @ inverse.T)
        stretch = vectors * np.sqrt(values) @ vectors.T
        moved = np.einsum("kab,ib->kia", self.rotations, positions) + self.translations[:, None] - self.images
        total = np.zeros_like(positions)
        for k, onto in enumerate(self.permutations):
            total[onto] += moved[k]
        return lattice @ stretch, total / len(moved)


def cell_orbits(lattice: NDArray, numbers: NDArray, positions: NDArray, symmetric: bool = True) -> CellOrbits:
    """The orbits of a cell's atoms under the operations found at ``operations.SYMPREC``.

    Where an operation does not permute the atoms, or ``symmetric`` is false, the identity alone is left and every
    atom is an orbit.
    """
    if symmetric:
        rotations, translations = operations(lattice, numbers, positions)
        acting = _acting(lattice, numbers, positions, rotations, translations)
        if acting is not None:
            return _orbits(np.rint(rotations).astype(np.int64), translations, *acting)
    n = len(numbers)
    rows = np.arange(n)[None]
    return _orbits(np.eye(3, dtype=np.int64)[None], np.zeros((1, 3)), rows, np.zeros((1, n, 3), np.int64))


def _acting(
    lattice: NDArray, numbers: NDArray, positions: NDArray, rotations: NDArray, translations: NDArray
) -> tuple[NDArray, NDArray] | None:
    """Permutations (K, N) and images (K, N, 3), None where an operation does not carry the atoms onto themselves."""
    n = len(numbers)
    other = numbers[:, None] != numbers[None]
    step = max(1, _AT_ONCE // max(1, n * n))
    permutations, images = [], []
    for start in range(0, len(rotations), step):
        part = slice(start, start + step)
        moved = np.einsum("kab,ib->kia", rotations[part], positions) + translations[part, None]
        apart = moved[:, :, None] - positions[None, None]
        whole = np.rint(apart)
        apart = (apart - whole) @ lattice
        square = np.einsum("kija,kija->kij", apart, apart)
        square[:, other] = np.inf
        onto = square.argmin(2)
        if np.take_along_axis(square, onto[:, :, None], 2).max(initial=0.0) > (10 * SYMPREC) ** 2:
            return None
        if (np.sort(onto, 1) != np.arange(n)).any():
            return None
        permutations.append(onto)
        images.append(np.take_along_axis(whole, onto[:, :, None, None], 2)[:, :, 0])
    return np.concatenate(permutations), np.concatenate(images).astype(np.int64)


def _orbits(rotations: NDArray, translations: NDArray, permutations: NDArray, images: NDArray) -> CellOrbits:
    first = permutations.min(0)  # the column of an atom lists its whole orbit
    representatives, orbit, multiplicity = np.unique(first, return_inverse=True, return_counts=True)
    to_representative = (permutations == representatives[orbit]).argmax(0)
    n = permutations.shape[1]
    identity = int(
        np.flatnonzero((rotations == np.eye(3, dtype=int)).all((1, 2)) & (permutations == np.arange(n)).all(1))[0]
    )
    keeping = permutations[:, representatives] == representatives  # (K, O)
    size = int(keeping.sum(0).max(initial=1))
    order = np.argsort(~keeping, axis=0, kind="stable")[:size].T  # (O, S), those that keep it first
    stabilisers = np.where(np.take_along_axis(keeping.T, order, 1), order, identity)
    return CellOrbits(
        rotations,
        translations,
        permutations,
        images,
        representatives,
        orbit,
        multiplicity,
        to_representative,
        stabilisers,
    )
