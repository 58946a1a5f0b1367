"""The closest contact of one crystal of many atoms, by a tree of the atoms and their images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MOST_IMAGES = 30
"""Images of each atom that are worth a tree."""

Closest = tuple[float, int, int]
"""Distance in Angstrom, or over the sum of the radii, and the two atoms."""


def closest_pair(
    lattice: NDArray[np.float64], positions: NDArray[np.float64], rows: NDArray[np.int64]
) -> Closest | None:
    """The shortest distance from one of the atoms ``rows`` to another or an image of its own.

    lattice (3, 3) Angstrom, in a reduced basis, positions (N, 3) fractional. None where the cell is too flat or too
    long for a tree, or not finite.
    """
    # No two spheres are further apart in the densest packing.
    within = 1.13 * np.cbrt(abs(np.linalg.det(lattice)) / len(positions))
    found = _neighbours(lattice, positions, rows, within)
    if found is None:
        return None
    i, j, distance = found
    if not len(distance):  # the atoms ``rows`` may be the lonely ones
        return None
    best = int(distance.argmin())
    return float(distance[best]), int(i[best]), int(j[best])


def closest_by_radii(
    lattice: NDArray[np.float64], positions: NDArray[np.float64], radius: NDArray[np.float64], rows: NDArray[np.int64]
) -> Closest | None:
    """The same by the distance over the sum of the radii (N,) of two atoms; None as in ``closest_pair``."""
    first = closest_pair(lattice, positions, rows)
    if first is None:
        return None
    distance, i, j = first
    # No pair that is further apart has a smaller ratio.
    within = distance / (radius[i] + radius[j]) * (radius[rows].max() + radius.max())
    found = _neighbours(lattice, positions, rows, within * (1 + 1e-9) + 1e-9)
    if found is None:
        return None
    at, to, apart = found
    ratio = apart / (radius[at] + radius[to])
    best = int(ratio.argmin())
    return float(ratio[best]), int(at[best]), int(to[best])


def _neighbours(
    lattice: NDArray[np.float64], positions: NDArray[np.float64], rows: NDArray[np.int64], within: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]] | None:
    from scipy.spatial import cKDTree

    with np.errstate(all="ignore"):
        margin = within * np.linalg.norm(np.linalg.inv(lattice), axis=0) if np.linalg.det(lattice) else np.inf
    if not np.isfinite(margin).all() or not np.isfinite(positions).all() or np.prod(1 + 2 * margin) > _MOST_IMAGES:
        return None
    reach = np.ceil(margin).astype(int)
    cells = np.stack(np.meshgrid(*[np.arange(-r, r + 1) for r in reach], indexing="ij"), -1).reshape(-1, 3)
    wrapped = positions % 1.0
    images = wrapped[:, None] + cells
    atom, cell = np.nonzero(np.all((images >= -margin - 1e-9) & (images <= 1 + margin + 1e-9), axis=2))
    tree = cKDTree(images[atom, cell] @ lattice)
    pairs = cKDTree(wrapped[rows] @ lattice).sparse_distance_matrix(tree, within, output_type="ndarray")
    i, j = rows[pairs["i"]], atom[pairs["j"]]
    other = (i != j) | np.any(cells[cell[pairs["j"]]] != 0, axis=1)
    return i[other], j[other], pairs["v"][other]
