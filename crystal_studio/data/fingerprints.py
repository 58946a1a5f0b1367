"""Fingerprints of crystals: average minimum distances, blind to the choice of cell.

The average minimum distance AMD_k is the mean over atoms of the distance to
their k-th neighbour (Widdowson et al., MATCH 87, 529 (2022)): unchanged by
shifts, rotations, other cells and supercells, and continuous in the atoms'
positions. Here every distance is divided by (volume per atom)^(1/3), so that
crystals of one structure type compare whatever their size.

Distances alone do not see which element sits where. Two further means do: one
over the same distances, one over the distances to atoms of the same element
only, both weighted by a number peculiar to each element. The plain part serves
to compare structure types across compositions; the whole vector serves to tell
crystals of one composition apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.crystal.soundness import is_sound

K_PLAIN = 24
"""Neighbours in the plain average."""

K_WEIGHTED = 12
"""Neighbours in the average weighted by element."""

K_LIKE = 8
"""Neighbours of the same element in the weighted average over those alone."""

WIDTH = K_PLAIN + K_WEIGHTED + K_LIKE

_WEIGHT = 0.1 + (np.arange(119) * (np.sqrt(5) - 1) / 2) % 1.0
"""A weight for each element; multiples of the golden ratio lie far apart for elements next to each other."""

_MOST_IMAGES = 60_000
_MOST_PAIRS = 1_000_000
"""Distances that are computed all at once; beyond, a tree finds the short ones, in a hundredth of the memory."""


def fingerprints(structures: Structures) -> NDArray[np.float32]:
    """(B, WIDTH) dimensionless vectors: plain AMD_1..24, weighted AMD_1..12, weighted AMD_1..8 of like atoms.

    Rows of NaN where a cell is not sound.
    """
    result = np.full((len(structures), WIDTH), np.nan, np.float32)
    rows = np.flatnonzero(is_sound(structures))
    reduced, change = reduce_cells(structures.lattice[rows])
    spacing = np.cbrt(np.abs(np.linalg.det(reduced)) / structures.n_atoms[rows])
    for k, i in enumerate(rows.tolist()):
        atoms = structures.atoms(i)
        positions = structures.positions[atoms] @ np.linalg.inv(change[k].astype(float))
        result[i] = _fingerprint(reduced[k] / spacing[k], structures.numbers[atoms], positions, structures.orbit[atoms])
    return result


def _fingerprint(lattice: NDArray, numbers: NDArray, positions: NDArray, orbit: NDArray) -> NDArray[np.float64]:
    """(WIDTH,) of one crystal whose lattice is in units of the atomic spacing."""
    sites, multiplicity = _sites(orbit)
    distances = _nearest(lattice, positions, sites, K_PLAIN)
    if distances is None:
        return np.full(WIDTH, np.nan)
    weight = multiplicity * _WEIGHT[numbers[sites]]
    like = np.zeros((len(sites), K_LIKE))
    for element in np.unique(numbers):
        members = np.flatnonzero(numbers == element)
        chosen = numbers[sites] == element
        found = _nearest(lattice, positions[members], np.searchsorted(members, sites[chosen]), K_LIKE)
        if found is None:
            return np.full(WIDTH, np.nan)
        like[chosen] = found
    return np.concatenate(
        [
            multiplicity @ distances / multiplicity.sum(),
            weight @ distances[:, :K_WEIGHTED] / weight.sum(),
            weight @ like / weight.sum(),
        ]
    )


def distance(first: NDArray, second: NDArray) -> NDArray[np.float32]:
    """Largest difference of two fingerprints in units of the mean atomic spacing; broadcasts over leading axes."""
    return np.abs(first - second).max(-1)


def type_distance(first: NDArray, second: NDArray) -> NDArray[np.float32]:
    """The same over the part that does not know the elements."""
    return distance(first[..., :K_PLAIN], second[..., :K_PLAIN])


def _sites(orbit: NDArray) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """One atom an orbit and its multiplicity where orbits are known, else every atom once."""
    if (orbit < 0).any():
        return np.arange(len(orbit)), np.ones(len(orbit))
    _, first, count = np.unique(orbit, return_index=True, return_counts=True)
    return first, count.astype(float)


def _nearest(lattice: NDArray, positions: NDArray, sites: NDArray, k: int) -> NDArray | None:
    """(S, k) sorted distances of the chosen atoms to their neighbours, over all periodic images; None if too many."""
    heights = 1.0 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    radius = 1.25 * np.cbrt(3 * k / (4 * np.pi) * abs(np.linalg.det(lattice)) / len(positions))
    positions = positions % 1.0
    while True:
        reach = np.ceil(radius / heights + 0.5).astype(int)
        if np.prod(2.0 * reach + 1) * len(positions) > _MOST_IMAGES:
            return None
        cells = np.stack(np.meshgrid(*[np.arange(-r, r + 1) for r in reach], indexing="ij"), -1).reshape(-1, 3)
        nearest = _closest(lattice, positions, sites, cells, k)
        if nearest[:, -1].max() <= radius:
            return nearest
        radius = float(nearest[:, -1].max()) * 1.001


def _closest(lattice: NDArray, positions: NDArray, sites: NDArray, cells: NDArray, k: int) -> NDArray[np.float64]:
    """(S, k) distances to the nearest of the atoms in these cells (C, 3), without the atom itself, at distance 0."""
    if len(sites) * len(positions) * len(cells) > _MOST_PAIRS:
        from scipy.spatial import cKDTree

        images = (positions[:, None] + cells).reshape(-1, 3) @ lattice
        return cKDTree(images).query(positions[sites] @ lattice, k + 1)[0][:, 1:]
    offset = positions[None] - positions[sites][:, None]
    offset -= np.rint(offset)
    apart = (offset @ lattice)[:, :, None] + (cells @ lattice)[None, None]
    square = np.einsum("sncx,sncx->snc", apart, apart).reshape(len(sites), -1)
    return np.sqrt(np.sort(np.partition(square, k, axis=1)[:, : k + 1], axis=1)[:, 1:])
