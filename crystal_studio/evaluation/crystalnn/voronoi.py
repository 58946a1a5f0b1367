"""Voronoi cells of many sites: the faces' solid angles and areas.

The cell of a site at the origin is dual to the convex hull of its neighbours
inverted in a sphere: a neighbour at x becomes the point 2 x / |x|^2, hull
vertices are faces of the cell and hull facets are its vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from crystal_studio.crystal.batches import Structures
from crystal_studio.evaluation.crystalnn.surroundings import Finder, Surroundings

SEARCH_RADIUS = 7.0
"""Angstrom; CrystalNN's default. A cell that is open among the atoms so near is sought in twice the radius."""

_FIRST_NEIGHBOURS = 35
"""Neighbours in the first try; enough for the cell of nearly every site."""

_LEAST_SOLID_ANGLE = 1e-9


@dataclass(frozen=True)
class Faces:
    """Faces of Voronoi cells, those of one site after another.

    site : (n,) index into the sites asked for, ascending
    atom : (n,) row of the neighbour in the batch
    vector : (n, 3) from the site to the neighbour, Angstrom
    solid_angle : (n,) steradian
    area : (n,) square Angstrom
    closed : (S,) whether the cell of each site was found
    """

    site: NDArray[np.int64]
    atom: NDArray[np.int64]
    vector: NDArray[np.float64]
    solid_angle: NDArray[np.float64]
    area: NDArray[np.float64]
    closed: NDArray[np.bool_]


@dataclass
class _Cell:
    """Hull of one site: triangles of neighbours (rows of the surroundings), Voronoi vertices, adjacent triangles."""

    triangles: NDArray[np.int64]
    vertices: NDArray[np.float64]
    adjacent: NDArray[np.int64]


def _cell(vectors: NDArray, distances: NDArray) -> _Cell | None:
    """The Voronoi cell among the given neighbours; None if it is open."""
    if len(vectors) < 4 or distances[0] < 1e-6:
        return None
    try:
        hull = ConvexHull(vectors * (2.0 / distances**2)[:, None])
    except QhullError:
        return None
    normal, offset = hull.equations[:, :3], hull.equations[:, 3]
    # The origin strictly inside; at 1e-12 a vertex would lie a million million Angstrom away.
    if (offset >= -1e-12).any():
        return None
    return _Cell(hull.simplices, normal / -offset[:, None], hull.neighbors)


def _find_cells(around: Surroundings, radius: NDArray, whole: bool) -> list[_Cell | None]:
    """A cell for every site, or None where more atoms are needed to be sure of it.

    ``whole``: take all atoms given, and trust any cell that is closed.
    """
    cells: list[_Cell | None] = []
    for i in range(len(radius)):
        start, stop = around.offsets[i], around.offsets[i + 1]
        cell = _cell(around.vectors[start:stop], around.distances[start:stop])
        if cell is not None:
            # An atom beyond twice the farthest vertex cannot cut the cell.
            sure = whole or 4 * (cell.vertices**2).sum(1).max() < radius[i] ** 2
            cell = _Cell(cell.triangles + start, cell.vertices, cell.adjacent) if sure else None
        cells.append(cell)
    return cells


def voronoi_faces(structures: Structures, sites: NDArray[np.int64]) -> Faces:
    """The faces of the Voronoi cells of atoms ``sites`` (rows of the batch), as CrystalNN takes them.

    Only atoms within 7 A take part, or 14 A, 28 A, ... up to the longest diagonal of the cell
    while the Voronoi cell is open. An atom with exactly three others so near has no faces.
    """
    finder = Finder(structures)
    crystal = structures.crystal[sites]
    signs = np.array([[1, 1, 1], [-1, 1, 1], [1, -1, 1], [1, 1, -1]], float)
    diagonal = np.linalg.norm(np.einsum("ki,bij->bkj", signs, structures.lattice), axis=2).max(1)[crystal] + 0.01
    per_atom = structures.volume / np.maximum(structures.n_atoms, 1)
    first = np.minimum(np.cbrt(_FIRST_NEIGHBOURS * per_atom * 0.75 / np.pi), SEARCH_RADIUS)[crystal]

    parts: list[Faces] = []
    pending, radius, whole = np.arange(len(sites)), first, False
    while len(pending):
        around = finder.within(sites[pending], radius)
        cells = _find_cells(around, radius, whole)
        found = np.array([c is not None for c in cells])
        if found.any():
            chosen = [c for c in cells if c is not None]
            parts.append(_measure(chosen, around, pending[found]))
        if whole:
            # Pymatgen reads no faces off the single tetrahedron of a site and three neighbours, and gives up.
            last = (radius >= diagonal[pending]) | (np.diff(around.offsets) == 3)
            radius = np.minimum(2 * radius, diagonal[pending] + 0.001)
        else:
            last = np.zeros(len(pending), bool)
            radius = np.full(len(pending), SEARCH_RADIUS)
        remain = ~found & ~last
        pending, radius, whole = pending[remain], radius[remain], True
    return _joined(parts, len(sites))


def _joined(parts: list[Faces], n_sites: int) -> Faces:
    closed = np.zeros(n_sites, bool)
    if not parts:
        none = np.zeros(0, np.int64)
        return Faces(none, none, np.zeros((0, 3)), np.zeros(0), np.zeros(0), closed)
    site = np.concatenate([p.site for p in parts])
    order = np.argsort(site, kind="stable")
    closed[site] = True
    return Faces(
        site[order],
        np.concatenate([p.atom for p in parts])[order],
        np.concatenate([p.vector for p in parts])[order],
        np.concatenate([p.solid_angle for p in parts])[order],
        np.concatenate([p.area for p in parts])[order],
        closed,
    )


def _measure(cells: list[_Cell], around: Surroundings, sites: NDArray) -> Faces:
    """Solid angles and areas of the faces of all cells at once.

    A face is cut into triangles of its centre and one edge each; an edge is shared by two
    adjacent vertices of the cell, and by two faces.
    """
    counts = np.array([len(c.triangles) for c in cells])
    start = np.repeat(np.cumsum(counts) - counts, counts)
    triangles = np.concatenate([c.triangles for c in cells]).astype(np.int64)
    vertices = np.concatenate([c.vertices for c in cells])
    adjacent = np.concatenate([c.adjacent for c in cells]) + start[:, None]

    n = len(around.atoms)
    corner = triangles.ravel()
    times = np.bincount(corner, minlength=n)
    sums = [np.bincount(corner, np.repeat(vertices[:, k], 3), n) for k in range(3)]
    centre = np.stack(sums, axis=1) / np.maximum(times, 1)[:, None]

    number = np.arange(len(triangles))
    edges = [(number[number < adjacent[:, k]], k) for k in range(3)]
    first = np.concatenate([t for t, _ in edges])
    second = np.concatenate([adjacent[t, k] for t, k in edges])
    ends = np.concatenate([triangles[t][:, [(k + 1) % 3, (k + 2) % 3]] for t, k in edges])
    face = ends.ravel()
    p, q = np.repeat(vertices[first], 2, axis=0), np.repeat(vertices[second], 2, axis=0)
    angle, area = _triangles(centre[face], p, q)
    solid_angle, areas = (np.bincount(face, value, n).astype(float) for value in (angle, area))

    owner = np.searchsorted(around.offsets, np.arange(n), side="right") - 1
    position = np.full(len(around.offsets) - 1, -1)
    position[owner[[int(c.triangles[0, 0]) for c in cells]]] = sites
    kept = np.flatnonzero(solid_angle > _LEAST_SOLID_ANGLE)
    return Faces(
        position[owner[kept]],
        around.atoms[kept],
        around.vectors[kept],
        solid_angle[kept],
        areas[kept],
        np.ones(len(sites), bool),
    )


def _triangles(a: NDArray, b: NDArray, c: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Solid angles at the origin (van Oosterom and Strackee, 1983) and areas of triangles of points (n, 3)."""
    cross = np.cross(b, c)
    la, lb, lc = (np.sqrt(np.einsum("ni,ni->n", x, x)) for x in (a, b, c))
    ab, ac, bc = (np.einsum("ni,ni->n", x, y) for x, y in ((a, b), (a, c), (b, c)))
    volume = np.abs(np.einsum("ni,ni->n", a, cross))
    angle = 2 * np.arctan2(volume, la * lb * lc + ab * lc + ac * lb + bc * la)
    return angle, 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
