"""Coordination polyhedra: hulls of the ligands around a centre."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Elements that sit at the corners of coordination polyhedra, not in their middle.
LIGANDS = frozenset((1, 7, 8, 9, 16, 17, 34, 35, 52, 53))


def is_centre(numbers: NDArray, i: NDArray, j: NDArray) -> NDArray[np.bool_]:
    """(n,) atoms that are no ligand and have at least four bonds to ligands (own images counted each)."""
    ligand = np.isin(numbers, list(LIGANDS))
    count = np.zeros(len(numbers), np.int64)
    np.add.at(count, i, ligand[j])
    np.add.at(count, j, ligand[i])
    return ~ligand & (count >= 4)


def polyhedra(
    atom: NDArray,
    cell: NDArray,
    numbers: NDArray,
    drawn: NDArray,
    pairs: NDArray,
    palette: NDArray,
    links: tuple[NDArray, NDArray],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Convex hulls of the ligands around every centre whose surroundings are drawn in full."""
    from scipy.spatial import ConvexHull, QhullError

    centre = is_centre(numbers, *links)
    ligand = np.isin(numbers, list(LIGANDS))
    full = np.zeros(len(numbers), np.int64)
    np.add.at(full, links[0], ligand[links[1]])
    np.add.at(full, links[1], ligand[links[0]])
    around: dict[int, list[int]] = {}
    for p, q in pairs:
        for a, b in ((p, q), (q, p)):
            if centre[atom[a]] and ligand[atom[b]]:
                around.setdefault(int(a), []).append(int(b))
    triangles, tints, outlines = [], [], []
    for a, neighbours in around.items():
        if len(neighbours) < full[atom[a]]:
            continue
        points = drawn[neighbours]
        try:
            hull = ConvexHull(points)
        except QhullError:  # ligands in one plane make no polyhedron
            continue
        normals = hull.equations[:, :3]
        triangles.append(points[hull.simplices])
        tints.append(np.repeat(palette[atom[a]][None], len(hull.simplices), 0))
        for face, beside in enumerate(hull.neighbors):
            for k, other in enumerate(beside):
                # Edges between coplanar triangles are seams of the triangulation, not of the polyhedron.
                if face < other and normals[face] @ normals[other] < 0.999:
                    outlines.append(points[np.delete(hull.simplices[face], k)])
    if not triangles:
        return np.zeros((0, 3, 3)), np.zeros((0, 3)), np.zeros((0, 2, 3))
    return np.concatenate(triangles), np.concatenate(tints), np.array(outlines).reshape(-1, 2, 3)
