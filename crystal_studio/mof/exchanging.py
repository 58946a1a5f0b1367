"""Among orientations that the bonds between blocks cannot tell apart, those whose atoms leave each other room."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.mof.alternatives import Alternatives
from crystal_studio.mof.elements import IS_METAL

SIGMA = 0.3
"""Angstrom by which ends of bonds may be off, and atoms too near, for the same penalty."""
_ROOM, _ROOM_OF_METAL, _TO_METAL = 1.0, 0.6, 0.9
"""Angstrom beyond the sum of covalent radii that two atoms of different blocks need; a hydrogen from a metal; and the
share of the sum that any other atom needs from a metal, to which it may be bonded."""
REACH = 3.2
_ROUNDS = 2


def room(numbers: NDArray, others: NDArray) -> NDArray[np.float64]:
    """Angstrom that atoms of different blocks need between them."""
    total = COVALENT_RADII[numbers] + COVALENT_RADII[others]
    metal = IS_METAL[numbers] | IS_METAL[others]
    hydrogen = (numbers == 1) | (others == 1)
    return np.where(metal, np.where(hydrogen, total + _ROOM_OF_METAL, _TO_METAL * total), total + _ROOM)


def crowding(lattice: NDArray, numbers: NDArray, places: NDArray, block: NDArray) -> float:
    """How far atoms (N, 3) of different blocks (N,) stand nearer than they may, as a sum of squares in (0.3 A)^2."""
    around = _Around(lattice, places)
    return float(sum(around.crowded(places[block == k][None], numbers[block == k], numbers, block != k)[0]
                     for k in range(int(block.max()) + 1)) / 2)  # fmt: skip


def exchange(
    lattice: NDArray,
    numbers: list[NDArray],
    atoms: list[NDArray],
    rotation: NDArray[np.float64],
    place: NDArray[np.float64],
    misfit: Callable[[int, NDArray], NDArray],
    choices: list[Alternatives],
) -> NDArray[np.int64]:
    """(K,) which alternative of each block is best, one block after the other, twice.

    numbers, atoms : of each block, in its frame; rotation (K, 3, 3), place (K, 3) Cartesian
    misfit : for block k and its turns (A, 3, 3), sums of squared distances (A,) of its bonds' ends, square Angstrom
    """
    chosen = np.zeros(len(atoms), np.int64)
    block = np.repeat(np.arange(len(atoms)), [len(a) for a in atoms])
    elements = np.concatenate(numbers)
    places = np.concatenate([a @ r.T + x for a, r, x in zip(atoms, rotation, place, strict=True)])
    open_ones = [k for k, choice in enumerate(choices) if len(choice.turns) > 1]
    around: _Around | None = None
    for _ in range(_ROUNDS):
        moved = False
        for k in open_ones:
            around = around or _Around(lattice, places)
            turned = np.einsum("ij,ajk->aik", rotation[k], choices[k].turns)
            tried = np.einsum("aij,nj->ani", turned, atoms[k]) + place[k]
            energy = around.crowded(tried, numbers[k], elements, block != k) + misfit(k, turned) / SIGMA**2
            best = int(energy.argmin())
            if energy[best] < energy[chosen[k]] - 1e-3:
                chosen[k], moved, around = best, True, None
                places[block == k] = tried[best]
        if not moved:
            break
    return chosen


class _Around:
    """All atoms of a framework with those of their images that come within reach of the cell."""

    def __init__(self, lattice: NDArray, places: NDArray) -> None:
        from scipy.spatial import cKDTree

        self._lattice, self._inverse = lattice, np.linalg.inv(lattice)
        inside = places @ self._inverse
        inside = inside - np.floor(inside)
        margin = REACH * np.linalg.norm(self._inverse, axis=0)
        steps = np.ceil(margin).astype(int)
        cells = np.stack(np.meshgrid(*[np.arange(-n, n + 1) for n in steps], indexing="ij"), -1).reshape(-1, 3)
        images = inside[:, None] + cells
        self._atom, which = np.nonzero(((images > -margin) & (images < 1 + margin)).all(-1))
        self._tree = cKDTree(images[self._atom, which] @ lattice)

    def crowded(self, tried: NDArray, numbers: NDArray, others: NDArray, counted: NDArray) -> NDArray[np.float64]:
        """(A,) for atoms in A ways (A, n, 3), of elements (n,), among the others where ``counted`` (N,) is true."""
        from scipy.spatial import cKDTree

        inside = tried.reshape(-1, 3) @ self._inverse
        tree = cKDTree((inside - np.floor(inside)) @ self._lattice)
        near = tree.sparse_distance_matrix(self._tree, REACH, output_type="ndarray")
        atom = self._atom[near["j"]]
        kept = counted[atom]
        row, atom, far = near["i"][kept], atom[kept], near["v"][kept]
        short = np.maximum(room(numbers[row % len(numbers)], others[atom]) - far, 0.0)
        return np.bincount(row // len(numbers), (short / SIGMA) ** 2, len(tried)).astype(np.float64)
