"""Symmetric forces and stress for relaxations, on one crystal at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.operations import operations, permutation


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


def find_symmetry(lattice: NDArray, numbers: NDArray, positions: NDArray) -> Symmetry:
    """The operations of a cell that permute its atoms; the identity is always among them."""
    rotations, permutations = [np.eye(3)], [np.arange(len(numbers))]
    for rotation, translation in zip(*operations(lattice, numbers, positions), strict=True):
        onto = permutation(numbers, positions, positions @ rotation.T + translation, lattice)
        if onto is None:  # an operation within the tolerance of the search only
            return Symmetry(np.eye(3)[None], np.arange(len(numbers))[None])
        rotations.append(rotation)
        permutations.append(onto)
    keep = slice(1, None) if len(rotations) > 1 else slice(None)
    return Symmetry(np.stack(rotations)[keep], np.stack(permutations)[keep])
