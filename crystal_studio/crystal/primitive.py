"""Primitive cells, for two questions that share no step.

``primitive`` is told the space group of conventional cells and divides out its centring, exactly and a whole batch at
once. ``primitive_cell`` is told nothing of its one cell, which may be a supercell, searches its translations, and
keeps the way back to the cell that it was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.operations import operations, permutation
from crystal_studio.crystal.space_groups import tables

_CENTRING_BASES = {
    "P": np.eye(3),
    "A": np.array([[1, 0, 0], [0, 0.5, -0.5], [0, 0.5, 0.5]]),
    "C": np.array([[0.5, 0.5, 0], [-0.5, 0.5, 0], [0, 0, 1]]),
    "F": np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]),
    "I": np.array([[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]]),
    "R": np.array([[2 / 3, 1 / 3, 1 / 3], [-1 / 3, 1 / 3, 1 / 3], [-1 / 3, -2 / 3, 1 / 3]]),
}
"""Rows: primitive vectors in units of the conventional ones (R: obverse setting)."""


@cache
def centring_bases() -> NDArray[np.float64]:
    """(230, 3, 3): primitive vectors of each space group in units of its conventional ones."""
    return np.array([_CENTRING_BASES[symbol[0]] for symbol in tables().symbol])


def primitive(structures: Structures, space_group: NDArray) -> Structures:
    """Primitive cells of conventional cells whose space groups (B,) are known, in the same orientation.

    Nothing is searched: the centring translations of the group are divided out; the atoms kept are one
    of each set that they carry into one another.
    """
    basis = centring_bases()[np.asarray(space_group) - 1]
    crystal = structures.crystal
    x = np.einsum("ni,nij->nj", structures.positions, np.linalg.inv(basis)[crystal])
    x = np.where(np.abs(x - np.rint(x)) < 1e-7, np.rint(x), x) % 1.0
    key = np.rint(x * 1e5).astype(np.int64) % 100_000
    columns = (*key.T, structures.orbit, structures.numbers, crystal)
    order = np.lexsort(columns)
    fresh = np.ones(len(order), bool)
    if len(order):
        fresh[1:] = np.any([c[order][1:] != c[order][:-1] for c in columns], axis=0)
    first = np.sort(order[fresh])
    counts = np.bincount(crystal[first], minlength=len(structures))
    return Structures(
        basis @ structures.lattice,
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        structures.numbers[first],
        x[first],
        structures.orbit[first],
    )


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


def primitive_cell(lattice: NDArray, numbers: NDArray, positions: NDArray) -> PrimitiveCell:
    """Any cell reduced by the pure translations found in it at ``SYMPREC``, in the same orientation.

    A cell of which none can be found comes back as it is.
    """
    rotations, translations = operations(lattice, numbers, positions)
    centring = translations[np.abs(rotations - np.eye(3)).max((1, 2)) < 1e-6]
    basis = _shortest_basis(lattice, centring)
    repeats = _repeats(basis, lattice, numbers, positions)
    if repeats is None:
        basis, repeats = np.eye(3), np.arange(len(numbers))
    kept, source = np.unique(repeats, return_inverse=True)
    if len(kept) * round(1 / abs(np.linalg.det(basis))) != len(numbers):
        basis, kept, source = np.eye(3), np.arange(len(numbers)), np.arange(len(numbers))
    primitive = basis @ lattice
    multiple = np.linalg.inv(basis)
    reduced = positions @ multiple
    image = np.round(reduced - reduced[kept][source])
    return PrimitiveCell(primitive, numbers[kept], reduced[kept], multiple, source, image)


def _repeats(basis: NDArray, lattice: NDArray, numbers: NDArray, positions: NDArray) -> NDArray[np.int64] | None:
    """(N,) first of the atoms that translations by the rows of ``basis`` carry each into; None where one does not."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = len(numbers)
    every, onto = np.arange(size), []
    for shift in basis:
        if np.abs(shift - np.rint(shift)).max() > 1e-6:  # others are translations of the given cell
            moved = permutation(numbers, positions, positions + shift, lattice)
            if moved is None:
                return None
            onto.append(moved)
    if not onto:
        return every
    links = coo_array((np.ones(size * len(onto)), (np.tile(every, len(onto)), np.concatenate(onto))), (size, size))
    _, part = connected_components(links, directed=False)
    return np.unique(part, return_index=True)[1][part]


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
