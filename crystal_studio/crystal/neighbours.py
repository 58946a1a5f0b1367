"""Distances over all periodic images, an atom's own images included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.asymmetric_unit import flat_ranges
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.closest import closest_by_radii, closest_pair
from crystal_studio.crystal.element_data import COVALENT_RADII

_IMAGES = np.stack(np.meshgrid(*[np.arange(-1, 2)] * 3, indexing="ij"), -1).reshape(-1, 3)
_CENTRE = 13
_PAIRS_AT_ONCE = 200_000
_MOST_PAIRS = 3_000
"""Of one crystal; beyond, a tree finds the closest ones."""


def reduce_cells(lattice: NDArray[np.float64], sweeps: int = 60) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Short, nearly orthogonal bases of the same lattices, all at once.

    Every vector is shortened by whole multiples of the other two until none can
    be (pairwise Minkowski reduction). Returns lattices (B, 3, 3) and the
    unimodular (B, 3, 3) integers T with ``reduced = T @ lattice``.
    """
    basis = np.array(lattice, float)
    change = np.broadcast_to(np.eye(3), basis.shape).copy()
    for _ in range(sweeps):
        moved = False
        for i, j in ((0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)):
            square = (basis[:, j] ** 2).sum(-1)
            steps = np.rint((basis[:, i] * basis[:, j]).sum(-1) / np.maximum(square, 1e-12) * (1 - 1e-9))
            if steps.any():
                moved = True
                basis[:, i] -= steps[:, None] * basis[:, j]
                change[:, i] -= steps[:, None] * change[:, j]
        if not moved:
            break
    return basis, np.rint(change).astype(np.int64)


@dataclass(frozen=True)
class Contacts:
    """The closest contact of each crystal.

    distance : (B,) Angstrom, infinite for an empty crystal
    ratio : (B,) the same over the sum of the covalent radii
    first, second : (B,) rows of the two atoms in the batch, -1 if none
    """

    distance: NDArray[np.float64]
    ratio: NDArray[np.float64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]


def _representatives(structures: Structures) -> NDArray[np.int64]:
    """Rows of one atom an orbit: all distances of a crystal occur around these."""
    known = structures.orbit >= 0
    key = structures.crystal * 100_000 + np.where(known, structures.orbit, 0)
    _, first = np.unique(key[known], return_index=True)
    return np.sort(np.concatenate([np.flatnonzero(known)[first], np.flatnonzero(~known)]))


def _pairs(structures: Structures) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Blocks of (row i, row j, (n, 27) distances) over representatives i and all atoms j of their cells."""
    reduced, change = reduce_cells(structures.lattice)
    # frac_reduced @ reduced == frac @ lattice, with reduced = T @ lattice.
    to_reduced = np.linalg.inv(change.astype(float))
    crystal = structures.crystal
    positions = np.einsum("ni,nij->nj", structures.positions, to_reduced[crystal])
    rows = _representatives(structures)
    counts = structures.n_atoms[crystal[rows]]
    blocks = np.cumsum(counts) // _PAIRS_AT_ONCE
    images = np.einsum("ki,bij->bkj", _IMAGES.astype(float), reduced)
    for block in np.unique(blocks):
        chosen = blocks == block
        i = np.repeat(rows[chosen], counts[chosen])
        j = flat_ranges(structures.offsets[crystal[rows[chosen]]], counts[chosen])
        offset = positions[j] - positions[i]
        offset -= np.rint(offset)
        cartesian = np.einsum("ni,nij->nj", offset, reduced[crystal[i]])
        distance = np.linalg.norm(cartesian[:, None] + images[crystal[i]], axis=-1)
        distance[i == j, _CENTRE] = np.inf
        yield i, j, distance


def closest_contacts(structures: Structures, by_radii: bool = False) -> Contacts:
    """The shortest distance of each crystal, or the shortest relative to the covalent radii."""
    found, left = _of_large(structures, by_radii)
    if left.all():
        return _of_all_pairs(structures, by_radii)
    small = structures.take(left)
    rest = _of_all_pairs(small, by_radii)
    found.distance[left], found.ratio[left] = rest.distance, rest.ratio
    shift = structures.offsets[:-1][left] - small.offsets[:-1]
    found.first[left] = np.where(rest.first < 0, -1, rest.first + shift)
    found.second[left] = np.where(rest.second < 0, -1, rest.second + shift)
    return found


def _of_large(structures: Structures, by_radii: bool) -> tuple[Contacts, NDArray[np.bool_]]:
    """Contacts of crystals with too many pairs to look at each, and which crystals are left."""
    result = _no_contacts(len(structures))
    rows = _representatives(structures)
    owner = structures.crystal[rows]
    left = np.bincount(owner, minlength=len(structures)) * structures.n_atoms <= _MOST_PAIRS
    for i in np.flatnonzero(~left).tolist():
        atoms = structures.atoms(i)
        lattice, change = reduce_cells(structures.lattice[i : i + 1])
        positions = structures.positions[atoms] @ np.linalg.inv(change[0].astype(float))
        radius = COVALENT_RADII[structures.numbers[atoms]]
        own = rows[owner == i] - atoms.start
        closest = (
            closest_by_radii(lattice[0], positions, radius, own)
            if by_radii
            else closest_pair(lattice[0], positions, own)
        )
        if closest is None:
            left[i] = True
            continue
        measure, first, second = closest
        both = radius[first] + radius[second]
        result.distance[i], result.ratio[i] = (measure * both, measure) if by_radii else (measure, measure / both)
        result.first[i], result.second[i] = first + atoms.start, second + atoms.start
    return result, left


def _no_contacts(n: int) -> Contacts:
    return Contacts(np.full(n, np.inf), np.full(n, np.inf), np.full(n, -1), np.full(n, -1))


def _of_all_pairs(structures: Structures, by_radii: bool) -> Contacts:
    result = _no_contacts(len(structures))
    crystal = structures.crystal
    radius = COVALENT_RADII[structures.numbers]
    for i, j, distances in _pairs(structures):
        distance = distances.min(1)
        ratio = distance / (radius[i] + radius[j])
        measure = ratio if by_radii else distance
        owner = crystal[i]
        order = np.lexsort((measure, owner))
        owner_sorted = owner[order]
        first = np.flatnonzero(np.r_[True, owner_sorted[1:] != owner_sorted[:-1]])
        best, who = order[first], owner_sorted[first]
        kept = result.ratio if by_radii else result.distance
        better = measure[best] < kept[who]
        best, who = best[better], who[better]
        result.distance[who], result.ratio[who] = distance[best], ratio[best]
        result.first[who], result.second[who] = i[best], j[best]
    return result


def minimum_distances(structures: Structures) -> NDArray[np.float64]:
    """(B,) shortest interatomic distance in Angstrom."""
    return closest_contacts(structures).distance


def minimum_radius_ratios(structures: Structures) -> NDArray[np.float64]:
    """(B,) shortest distance relative to the sum of the two covalent radii."""
    return closest_contacts(structures, by_radii=True).ratio


def neighbours_within(
    lattice: NDArray[np.float64], positions: NDArray[np.float64], cutoff: float | NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """All pairs of one crystal up to ``cutoff`` Angstrom (a number or an (N, N) table).

    Returns atoms i and j (n,), the image (n, 3) of j in cells, and distances (n,)
    of ``positions[j] + image`` from ``positions[i]``; both directions are listed,
    sorted by i, j and image.
    """
    from scipy.spatial import cKDTree

    positions = np.asarray(positions, float).reshape(-1, 3)
    largest = float(np.max(cutoff, initial=0.0))
    if not len(positions) or largest <= 0:
        return np.zeros(0, int), np.zeros(0, int), np.zeros((0, 3), int), np.zeros(0)
    home = np.floor(positions).astype(int)
    wrapped = positions - home
    # A little more than the cutoff, so that rounding drops no image on the border of the slab.
    margin = (largest + 1e-6) * np.linalg.norm(np.linalg.inv(lattice), axis=0)
    reach = np.ceil(margin).astype(int)
    cells = np.stack(np.meshgrid(*[np.arange(-r, r + 1) for r in reach], indexing="ij"), -1).reshape(-1, 3)
    moved = wrapped[:, None] + cells[None]
    atom, cell = np.nonzero(np.all((moved >= -margin) & (moved <= 1 + margin), axis=2))
    tree = cKDTree(moved[atom, cell] @ lattice)
    pairs = cKDTree(wrapped @ lattice).sparse_distance_matrix(tree, largest, output_type="ndarray")
    i, j, distance = pairs["i"].astype(int), atom[pairs["j"]], pairs["v"]
    image = cells[cell[pairs["j"]]] + home[i] - home[j]
    limit = np.asarray(cutoff, float)
    keep = (distance <= (limit if limit.ndim == 0 else limit[i, j])) & (distance > 1e-8)
    i, j, image, distance = i[keep], j[keep], image[keep], distance[keep]
    order = np.lexsort((image[:, 2], image[:, 1], image[:, 0], j, i))
    return i[order], j[order], image[order], distance[order]


def bonds(
    lattice: NDArray[np.float64], numbers: NDArray[np.int16], positions: NDArray[np.float64], scale: float = 1.15
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Bonds of one crystal, each once: atoms i, j and the image (n, 3) of j.

    Two atoms are bonded when they are closer than ``scale`` times the sum of their covalent radii.
    """
    radius = scale * COVALENT_RADII[numbers]
    # One number, not a table of all pairs: a cell of 10,000 atoms has to fit.
    i, j, image, distance = neighbours_within(lattice, positions, 2 * radius.max(initial=0.0))
    sign = np.where(image[:, 0] != 0, image[:, 0], np.where(image[:, 1] != 0, image[:, 1], image[:, 2]))
    keep = ((i < j) | ((i == j) & (sign > 0))) & (distance <= radius[i] + radius[j])
    return i[keep], j[keep], image[keep]
