"""How frameworks of building blocks are drawn: blocks whole, metals as polyhedra of what they are bonded to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.mof.elements import IS_METAL
from crystal_studio.mof.together import means, together

Links = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Bonds: atoms i and j, (K,) each, and the image (K, 3) of j."""

NEAR_FACE = 0.2
"""Angstrom: a block whose centre is as near to a face of the cell as this is drawn on either side."""

_CORNERS = 4  # ligands from which on a metal has a polyhedron
_FLAT = 0.05  # of the longest extent: flatter ones are drawn as a face


def whole_blocks(
    lattice: NDArray, fractional: NDArray, block: NDArray[np.int64], links: Links
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], Links, NDArray[np.float64]]:
    """Coordinates in which no block is cut by a face of the cell, and bonds between them.

    ``block`` (n,), -1 for atoms of none, of which those bonded to each other stay together. Gives fractional
    coordinates (n, 3), the block (n,) of each atom, also of those of none, its centre (n, 3), from 0 to 1, the links,
    and how near to a face (3,) a centre counts as on it, fractional.
    """
    i, j, image = links
    moved, own = together(fractional, block, np.stack([i, j], 1), image)
    anchor = means(fractional + moved, own)
    near = NEAR_FACE * np.linalg.norm(np.linalg.inv(lattice), axis=0)
    lower = np.floor(anchor + near).astype(np.int64)
    moved -= lower[own]
    return fractional + moved, own, (anchor - lower)[own], (i, j, image + moved[i] - moved[j]), near


def metal_polyhedra(
    lattice: NDArray,
    fractional: NDArray,
    numbers: NDArray[np.int64],
    links: Links,
    atom: NDArray[np.int64],
    cell: NDArray[np.int64],
    palette: NDArray,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Triangles (T, 3, 3), their colours (T, 3) and edges (O, 2, 3) around every drawn metal.

    Each is found once and repeated in every cell in which its metal is drawn; what a metal is bonded to need not be.
    A metal outside of the hull of its ligands (a paddle wheel) is a corner too.
    """
    i, j, image = links
    first, second = np.concatenate([i, j]), np.concatenate([j, i])
    steps = np.concatenate([image, -image])
    counts = IS_METAL[numbers[first]] & ~IS_METAL[numbers[second]]
    first, second, steps = first[counts], second[counts], steps[counts]
    triangles, tints, edges = [np.zeros((0, 3, 3))], [np.zeros((0, 3))], [np.zeros((0, 2, 3))]
    for metal in np.unique(first).tolist():
        bonded = first == metal
        if bonded.sum() < _CORNERS:
            continue
        points = np.concatenate([fractional[second[bonded]] + steps[bonded], fractional[metal : metal + 1]]) @ lattice
        faces, seams = _hull(points)
        shifts = (cell[atom == metal] @ lattice)[:, None, None, None]
        triangles.append((faces + shifts).reshape(-1, 3, 3))
        tints.append(np.repeat(palette[metal][None], len(triangles[-1]), 0))
        edges.append((seams + shifts).reshape(-1, 2, 3))
    return np.concatenate(triangles), np.concatenate(tints), np.concatenate(edges)


def _hull(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Triangles (t, 3, 3) and edges (e, 2, 3) of the convex hull of points (n, 3), a face where they are flat."""
    from scipy.spatial import ConvexHull

    middle = points.mean(0)
    _, spread, axes = np.linalg.svd(points - middle, full_matrices=False)
    if spread[2] < _FLAT * spread[0]:
        flat = (points - middle) @ axes[:2].T
        if spread[1] < _FLAT * spread[0]:
            return np.zeros((0, 3, 3)), np.zeros((0, 2, 3))
        rim = points[ConvexHull(flat).vertices]
        fan = [rim[[0, k, k + 1]] for k in range(1, len(rim) - 1)]
        return np.array(fan), np.stack([rim, np.roll(rim, -1, 0)], 1)
    hull = ConvexHull(points)
    normals, seams = hull.equations[:, :3], []
    for face, beside in enumerate(hull.neighbors):
        for k, other in enumerate(beside):
            # Edges between coplanar triangles are seams of the triangulation, not of the polyhedron.
            if face < other and normals[face] @ normals[other] < 0.999:
                seams.append(points[np.delete(hull.simplices[face], k)])
    return points[hull.simplices], np.array(seams).reshape(-1, 2, 3)
