"""Fingerprints of crystals: average minimum distances, blind to the choice of cell.

The average minimum distance AMD_k is the mean over atoms of the distance to
their k-th neighbour (Widdowson et al., MATCH 87, 529 (2022)): unchanged by
shifts, rotations, other cells and supercells, and continuous in the atoms'
positions. Here every distance is divided by (volume per atom)^(1/3), so that
crystals of one structure type compare whatever their size, and a second mean,
weighted by atomic number, tells apart arrangements that differ only in which
element sits where.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.neighbours import reduce_cells

K_PLAIN = 24
"""Neighbours in the plain average."""

K_WEIGHTED = 12
"""Neighbours in the average weighted by atomic number."""

WIDTH = K_PLAIN + K_WEIGHTED

_MOST_IMAGES = 60_000


def fingerprints(structures: Structures) -> NDArray[np.float32]:
    """(B, WIDTH) dimensionless vectors: AMD_1..AMD_24, then the weighted AMD_1..AMD_12.

    Rows of NaN where a cell is empty, flat or not finite.
    """
    result = np.full((len(structures), WIDTH), np.nan, np.float32)
    with np.errstate(all="ignore"):
        finite = np.isfinite(structures.lattice).all((1, 2)) & (structures.n_atoms > 0)
        spacing = np.cbrt(structures.volume / np.maximum(structures.n_atoms, 1))
    reduced, change = reduce_cells(np.where(finite[:, None, None], structures.lattice, np.eye(3)))
    for i in np.flatnonzero(finite & (spacing > 1e-3)).tolist():
        rows = structures.atoms(i)
        positions = structures.positions[rows] @ np.linalg.inv(change[i].astype(float))
        numbers = structures.numbers[rows].astype(float)
        sites, weight = _sites(structures.orbit[rows])
        if not np.isfinite(positions).all():
            continue
        distances = _nearest(reduced[i] / spacing[i], positions % 1.0, sites)
        if distances is None:
            continue
        result[i, :K_PLAIN] = weight @ distances / weight.sum()
        weight = weight * numbers[sites]
        result[i, K_PLAIN:] = weight @ distances[:, :K_WEIGHTED] / weight.sum()
    return result


def distance(first: NDArray, second: NDArray) -> NDArray[np.float32]:
    """Largest difference of two fingerprints in units of the mean atomic spacing; broadcasts over leading axes."""
    return np.abs(first - second).max(-1)


def _sites(orbit: NDArray) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """One atom an orbit and its multiplicity where orbits are known, else every atom once."""
    if (orbit < 0).any():
        return np.arange(len(orbit)), np.ones(len(orbit))
    _, first, count = np.unique(orbit, return_index=True, return_counts=True)
    return first, count.astype(float)


def _nearest(lattice: NDArray, positions: NDArray, sites: NDArray) -> NDArray | None:
    """(S, K_PLAIN) sorted distances of the chosen atoms to their neighbours, over all periodic images.

    ``lattice`` is in units of the atomic spacing, so one atom stands in unit volume.
    """
    heights = 1.0 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    radius = 1.25 * np.cbrt(3 * K_PLAIN / (4 * np.pi))
    offset = positions[None] - positions[sites][:, None]
    offset -= np.rint(offset)
    while True:
        reach = np.ceil(radius / heights + 0.5).astype(int)
        if np.prod(2 * reach + 1) * len(positions) > _MOST_IMAGES:
            return None
        cells = np.stack(np.meshgrid(*[np.arange(-r, r + 1) for r in reach], indexing="ij"), -1).reshape(-1, 3)
        apart = (offset @ lattice)[:, :, None] + (cells @ lattice)[None, None]
        square = np.einsum("sncx,sncx->snc", apart, apart).reshape(len(sites), -1)
        # The smallest of all is the atom itself, at distance 0.
        nearest = np.sqrt(np.sort(np.partition(square, K_PLAIN, axis=1)[:, : K_PLAIN + 1], axis=1)[:, 1:])
        if nearest[:, -1].max() <= radius:
            return nearest
        radius = float(nearest[:, -1].max()) * 1.001
