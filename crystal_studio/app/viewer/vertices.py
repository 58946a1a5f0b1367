"""A ``Scene`` as arrays for the graphics card: columns of vertices, and the triangles between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.app.viewer import colours
from crystal_studio.app.viewer.scene import Scene

Vertices = tuple[dict[str, NDArray], NDArray]
"""Columns by the names of the shaders' attributes, a row a vertex, and rows of vertices, three a triangle."""

QUAD = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
QUAD_FACES = np.array([0, 1, 2, 0, 2, 3])
_BOX = np.array([[x, y, z] for z in (0, 1) for y in (-1, 1) for x in (-1, 1)], np.float32)
_BOX_FACES = np.array(
    [0, 2, 3, 0, 3, 1, 4, 5, 7, 4, 7, 6, 0, 1, 5, 0, 5, 4, 2, 6, 7, 2, 7, 3, 0, 4, 6, 0, 6, 2, 1, 3, 7, 1, 7, 5]
)
_ORDER_LINE = 0.4  # of the radius of a bond
_SHAFT = 0.72  # of an axis of the triad; the rest is its tip


def spheres(scene: Scene, chosen: list[int], ring: NDArray) -> Vertices:
    """A square facing the viewer for each atom, and a larger flat one behind each chosen atom."""
    extra = np.maximum(0.09, 0.16 * scene.radii[chosen])
    centre = np.concatenate([scene.positions, scene.positions[chosen]])
    radius = np.concatenate([scene.radii, scene.radii[chosen] + extra])
    colour = np.concatenate([scene.atom_colours, np.repeat(ring[None], len(chosen), 0)])
    flat = np.concatenate([np.zeros(len(scene.radii)), np.ones(len(chosen))])
    n = len(centre)
    return (
        {
            "a_centre": _repeat(centre, 4),
            "a_radius": _repeat(radius, 4),
            "a_colour": _repeat(colour, 4),
            "a_flat": _repeat(flat, 4),
            "a_corner": np.tile(QUAD, (n, 1)),
        },
        _faces(QUAD_FACES, 4, n),
    )


def cylinders(scene: Scene, chosen: list[int], ring: NDArray, dark: bool) -> Vertices:
    """A box for each bond, each line beside one, of cells and polyhedra, and each step between chosen atoms."""
    path = scene.positions[chosen]
    n_bonds, n_orders, n_edges, n_outlines, n_path = (
        len(scene.bond_start),
        len(scene.order_lines),
        len(scene.edges),
        len(scene.outlines),
        max(len(path) - 1, 0),
    )
    outline = colours.line_colour(dark)
    start = [scene.bond_start, scene.order_lines[:, 0], scene.edges[:, 0], scene.outlines[:, 0], path[:-1]]
    end = [scene.bond_end, scene.order_lines[:, 1], scene.edges[:, 1], scene.outlines[:, 1], path[1:]]
    radius = [
        np.full(n_bonds, scene.bond_radius),
        np.full(n_orders, _ORDER_LINE * scene.bond_radius),
        0.85 * scene.edge_widths,
        np.full(n_outlines, 0.5),
        np.full(n_path, 1.3),
    ]
    line = [np.zeros(n_bonds + n_orders), np.ones(n_edges), np.ones(n_outlines), np.full(n_path, 2.0)]
    lines = [scene.edge_colours, np.tile(outline, (n_outlines, 1)), np.tile(ring, (n_path, 1))]
    split = [scene.bond_split, np.full(n_orders, 0.5), np.full(n_edges + n_outlines + n_path, 1.0)]
    return _boxes(
        np.concatenate(start),
        np.concatenate(end),
        np.concatenate(radius),
        np.concatenate([scene.bond_colours[:, 0], scene.order_colours[:, 0], *lines]),
        np.concatenate([scene.bond_colours[:, 1], scene.order_colours[:, 1], *lines]),
        np.concatenate(split),
        np.concatenate(line),
    )


def faces(scene: Scene) -> Vertices:
    """The triangles of the polyhedra."""
    corners = scene.triangles
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    return (
        {
            "a_position": corners.reshape(-1, 3),
            "a_normal": _repeat(normal, 3),
            "a_colour": _repeat(scene.triangle_colours, 3),
        },
        np.arange(3 * len(corners)),
    )


def triad_shafts(scene: Scene, dark: bool) -> Vertices:
    """The shafts of the three axes."""
    tint = _axis_colours(dark)
    return _boxes(np.zeros((3, 3)), _SHAFT * scene.axes, np.full(3, 0.055), tint, tint, np.ones(3), np.zeros(3))


def triad_tips(scene: Scene, dark: bool) -> Vertices:
    """The cones at their ends."""
    tint, n = _axis_colours(dark), 24
    turn = np.linspace(0, 2 * np.pi, n, endpoint=False)
    position, normal, colour = [], [], []
    for axis, shade in zip(scene.axes, tint, strict=True):
        u = np.cross(axis, (0, 0, 1) if abs(axis[2]) < 0.9 else (1, 0, 0))
        u /= np.linalg.norm(u)
        out = np.cos(turn)[:, None] * u + np.sin(turn)[:, None] * np.cross(axis, u)
        rim, next_rim = _SHAFT * axis + 0.13 * out, _SHAFT * axis + 0.13 * np.roll(out, -1, 0)
        slope = out + 0.45 * axis
        next_slope = np.roll(slope, -1, 0)
        tip, base = np.repeat(axis[None], n, 0), np.repeat(_SHAFT * axis[None], n, 0)
        position += [np.stack([rim, next_rim, tip], 1), np.stack([rim, next_rim, base], 1)]
        back = np.repeat(-axis[None], n, 0)
        normal += [np.stack([slope, next_slope, slope + next_slope], 1), np.stack([back, back, back], 1)]
        colour.append(np.repeat(shade[None], 6 * n, 0))
    return (
        {
            "a_position": np.concatenate(position).reshape(-1, 3),
            "a_normal": np.concatenate(normal).reshape(-1, 3),
            "a_colour": np.concatenate(colour),
        },
        np.arange(18 * n),
    )


def _axis_colours(dark: bool) -> NDArray[np.float64]:
    return np.array([colours.axis_colour(k, dark) for k in range(3)])


def _repeat(values: NDArray, times: int) -> NDArray[np.float32]:
    return np.repeat(np.asarray(values, np.float32), times, axis=0)


def _faces(pattern: NDArray, corners: int, count: int) -> NDArray[np.uint32]:
    return (np.arange(count)[:, None] * corners + pattern[None]).astype(np.uint32).ravel()


def _boxes(
    start: NDArray, end: NDArray, radius: NDArray, first: NDArray, second: NDArray, split: NDArray, line: NDArray
) -> Vertices:
    """Vertices of one box a cylinder."""
    n = len(start)
    columns = {
        "a_start": _repeat(start, 8),
        "a_end": _repeat(end, 8),
        "a_radius": _repeat(radius, 8),
        "a_split": _repeat(split, 8),
        "a_colour_start": _repeat(first, 8),
        "a_colour_end": _repeat(second, 8),
        "a_line": _repeat(line, 8),
        "a_corner": np.tile(_BOX, (n, 1)),
    }
    return columns, _faces(_BOX_FACES, 8, n)
