"""Where compositions lie in a drawing of a chemical system, and which phases of its hull coexist."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

CORNERS = {
    2: np.array([[0.0], [1.0]]),
    3: np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 3**0.5 / 2]]),
    4: np.array([[-0.5, -(3**-0.5) / 2, 0], [0.5, -(3**-0.5) / 2, 0], [0, 3**-0.5, 0], [0, 0, (2 / 3) ** 0.5]])
    - [0, 0, 6**-0.5 / 2],
}
"""Where the elements stand: on a line of length 1, a triangle or a tetrahedron of edge 1 (about the origin, the last
on top)."""

FLAT = 1e-9
"""Volume of a simplex of compositions below which it covers none."""


def places(composition: NDArray) -> NDArray[np.float64]:
    """(n, k - 1) where compositions (n, k) of k = 2, 3 or 4 elements lie; fractions add up to 1."""
    return np.asarray(composition, float) @ CORNERS[composition.shape[1]]


def tie_lines(composition: NDArray, formation_energy: NDArray, stable: NDArray) -> NDArray[np.int64]:
    """(T, 2) rows of phases between which a line is drawn: the edges of the lower facets of the hull.

    composition (n, k) atomic fractions, formation_energy (n,) eV/atom, stable (n,) whether a phase lies on the hull.
    Of several at one composition the lowest is taken. Nothing is found for one element.
    """
    rows = _lowest(composition, formation_energy, np.flatnonzero(stable))
    k = composition.shape[1]
    if k < 2 or len(rows) < k:
        return np.zeros((0, 2), np.int64)
    if k == 2:
        rows = rows[np.argsort(composition[rows, 1])]
        return np.stack([rows[:-1], rows[1:]], 1)
    from scipy.spatial import ConvexHull

    # Above all of them a point that belongs to every facet but the lower ones.
    points = np.column_stack([composition[rows, 1:], formation_energy[rows]])
    top = [*np.full(k - 1, 1 / k), points[:, -1].max() + 10 * max(np.ptp(points[:, -1]), 0.1)]
    facets = ConvexHull(np.vstack([points, top])).simplices
    lower = facets[(facets < len(rows)).all(1)]
    # Phases of fewer elements stand in vertical walls, which are facets too but cover no composition.
    lower = lower[np.abs(np.linalg.det(composition[rows][lower])) > FLAT]
    edges = {tuple(sorted(pair)) for facet in lower.tolist() for pair in combinations(facet, 2)}
    return rows[np.array(sorted(edges), np.int64).reshape(-1, 2)]


def _lowest(composition: NDArray, energy: NDArray, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of rows with the same composition the one with the lowest energy."""
    rows = rows[np.argsort(energy[rows], kind="stable")]
    _, first = np.unique(np.round(composition[rows], 6), axis=0, return_index=True)
    return rows[np.sort(first)]
