"""What is drawn of a structure, as plain arrays: no window, no OpenGL.

Two things users of viewers keep missing are kept here by construction: a
supercell has exactly the atoms and bonds of its cells (periodic bonds are found
once, in the unit cell, and repeated), and atoms on the border of the cell are
drawn at every one of its equal corners, edges and faces.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crystal_studio.app.viewer import bond_orders, colours, links
from crystal_studio.app.viewer.drawn_atoms import BOUNDARY, atoms_of_cells, bonds_among, close, grow, to_complete
from crystal_studio.app.viewer.frameworks import metal_polyhedra, whole_blocks
from crystal_studio.app.viewer.polyhedra import polyhedra
from crystal_studio.candidates.bonds import BondTable
from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.mof.elements import IS_METAL
from crystal_studio.mof.makeup import Makeup

STYLES = ("ball-stick", "space-filling", "polyhedra", "wireframe", "framework")
"""The last one draws metals as polyhedra and all else as sticks."""
BOND_SCALE = 1.15
_BOND_RADIUS = {"ball-stick": 0.11, "polyhedra": 0.07, "wireframe": 0.045, "framework": 0.13}
_HYDROGEN = 1


@dataclass(frozen=True)
class SceneOptions:
    """How a structure is shown.

    ``bond_scale`` multiplies the sum of two covalent radii; ``complete_bonds``
    adds atoms beyond the cell that are bonded to atoms inside it; ``scheme``
    names the element colours ("vesta" or "jmol"); ``colour_by`` is "element",
    "orbit" or "block"; ``hydrogens`` whether they are drawn; ``highlight`` an
    orbit that stays in colour while all others fade.
    """

    style: str = "ball-stick"
    supercell: tuple[int, int, int] = (1, 1, 1)
    bond_scale: float = BOND_SCALE
    complete_bonds: bool = True
    colour_by: str = "element"
    scheme: str = "vesta"
    hydrogens: bool = True
    highlight: int | None = None
    dark: bool = False

    def __post_init__(self) -> None:
        if self.style not in STYLES:
            raise ValueError(f"unknown style {self.style!r}")
        if min(self.supercell) < 1:
            raise ValueError("a supercell has at least one cell along each axis")

    def with_(self, **changes: object) -> SceneOptions:
        """A copy with some options changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Scene:
    """A drawable structure; lengths in Angstrom, colours linear in [0, 1] as RGB.

    atom : (A,) int64, index into the atoms of the unit cell
    cell : (A, 3) int64, which unit cell the drawn atom stands in
    inside : (A,) bool, true for the atoms of the supercell proper, false for completed ones
    positions, radii, atom_colours : (A, 3), (A,), (A, 3)
    fractional : (A, 3) coordinates in the unit cell's axes (with the cell added)
    numbers, orbit, block : (A,) atomic number, orbit, kind of building block (-1 unknown)
    bonds : (K, 2) int64, rows of drawn atoms
    bond_start, bond_end : (K, 3); bond_split : (K,) where along the bond the colour changes, in [0, 1]
    colour_by : what the colours of the atoms mean: "block" only where blocks are known
    bond_colours : (K, 2, 3); bond_radius : one number
    order_lines : (M, 2, 3) segments beside bonds that tell their order; order_colours (M, 2, 3) of their halves
    edges : (E, 2, 3) line segments of the cells; edge_colours (E, 3); edge_widths (E,) relative
    triangles : (T, 3, 3) faces of coordination polyhedra; triangle_colours (T, 3)
    outlines : (O, 2, 3) edges of those polyhedra
    axes : (3, 3) unit vectors along a, b, c for the triad
    centre, extent : middle of the drawing and radius of the sphere around all of it
    """

    atom: NDArray[np.int64]
    cell: NDArray[np.int64]
    inside: NDArray[np.bool_]
    positions: NDArray[np.float64]
    fractional: NDArray[np.float64]
    radii: NDArray[np.float64]
    atom_colours: NDArray[np.float64]
    numbers: NDArray[np.int64]
    orbit: NDArray[np.int64]
    block: NDArray[np.int64]
    bonds: NDArray[np.int64]
    bond_start: NDArray[np.float64]
    bond_end: NDArray[np.float64]
    bond_split: NDArray[np.float64]
    bond_colours: NDArray[np.float64]
    bond_radius: float
    order_lines: NDArray[np.float64]
    order_colours: NDArray[np.float64]
    edges: NDArray[np.float64]
    edge_colours: NDArray[np.float64]
    edge_widths: NDArray[np.float64]
    triangles: NDArray[np.float64]
    triangle_colours: NDArray[np.float64]
    outlines: NDArray[np.float64]
    axes: NDArray[np.float64]
    centre: NDArray[np.float64]
    extent: float
    lattice: NDArray[np.float64]
    supercell: tuple[int, int, int]
    colour_by: str

    @property
    def corners(self) -> NDArray[np.float64]:
        """(8, 3) corners of the supercell."""
        return _CORNERS * np.asarray(self.supercell) @ self.lattice


_CORNERS = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)], float)


def build_scene(
    lattice: ArrayLike,
    numbers: ArrayLike,
    positions: ArrayLike,
    orbit: ArrayLike | None = None,
    options: SceneOptions | None = None,
    bonds: BondTable | None = None,
    makeup: Makeup | None = None,
) -> Scene:
    """The drawing of one crystal.

    lattice (3, 3) rows a, b, c in Angstrom; numbers (n,); positions (n, 3)
    fractional; orbit (n,) int or None; ``bonds`` where they are known, else found by distances;
    ``makeup`` where building blocks are known: they then are drawn whole.
    """
    options = options or SceneOptions()
    cell_vectors = np.asarray(lattice, np.float64).reshape(3, 3)
    atomic = np.asarray(numbers, np.int64).reshape(-1)
    fractional = np.asarray(positions, np.float64).reshape(-1, 3)
    # Values such as 0.99999 belong to the lower face, or they would be drawn once only.
    lower = np.floor(fractional + BOUNDARY)
    fractional = fractional - lower
    orbits = np.full(len(atomic), -1, np.int64) if orbit is None else np.asarray(orbit, np.int64).reshape(-1)
    size = np.asarray(options.supercell, np.int64)

    known = (
        links.by_distances(cell_vectors, atomic, fractional, options.bond_scale)
        if bonds is None
        else links.stated(bonds, lower.astype(np.int64))
    )
    if makeup is None:
        atom, cell = atoms_of_cells(fractional, size)
    else:
        fractional, block, anchor, known, near = whole_blocks(cell_vectors, fractional, makeup.block, known)
        atom, cell = atoms_of_cells(anchor, size, near)
    if options.complete_bonds and len(known[0]):
        if makeup is None:
            seeds = to_complete(atom, cell, fractional, size, atomic, known, options.style == "polyhedra")
        else:  # linkers end in whole nodes, and these in what they are bonded to
            atom, cell = close(atom, cell, IS_METAL[atomic], block, known)
            seeds = IS_METAL[atomic[atom]]
        atom, cell = grow(atom, cell, seeds, len(atomic), known)
    if not options.hydrogens:
        shown = atomic[atom] != _HYDROGEN
        atom, cell = atom[shown], cell[shown]
    inside = np.all((cell >= 0) & (cell < size), axis=1)
    drawn_fractional = fractional[atom] + cell
    drawn = drawn_fractional @ cell_vectors
    pairs, link = bonds_among(atom, cell, len(atomic), known)
    if options.style == "space-filling":
        pairs, link = pairs[:0], link[:0]

    blocks = np.full(len(atomic), -1, np.int64) if makeup is None else makeup.kind_of_atom
    colour_by = "element" if options.colour_by == "block" and makeup is None else options.colour_by
    palette = colours.atom_colours(atomic, blocks if colour_by == "block" else orbits, colour_by, options.scheme)
    palette = colours.readable(palette, options.dark)
    if options.highlight is not None:
        palette = colours.fade(palette, orbits != options.highlight, options.dark)
    radii = atom_radii(atomic, options.style)
    start, end = drawn[pairs[:, 0]], drawn[pairs[:, 1]]
    edges, edge_colours, edge_widths = _cell_edges(cell_vectors, options.supercell, options.dark)
    if options.style == "polyhedra":
        faces = polyhedra(atom, cell, atomic, drawn, pairs, palette, known[:2])
    elif options.style == "framework":
        faces = metal_polyhedra(cell_vectors, fractional, atomic, known, atom, cell, palette)
    else:
        faces = np.zeros((0, 3, 3)), np.zeros((0, 3)), np.zeros((0, 2, 3))
    radius = _BOND_RADIUS.get(options.style, 0.0)
    order = np.zeros(len(known[0])) if bonds is None else bonds[2]
    side = bond_orders.sides(cell_vectors, fractional, known, order)
    order_lines, order_colours = bond_orders.lines(start, end, side[link], order[link], palette[atom][pairs], radius)
    corners = _CORNERS * size @ cell_vectors
    middle = corners.mean(0)
    reach = np.concatenate(
        [np.linalg.norm(drawn - middle, axis=1) + radii[atom], np.linalg.norm(corners - middle, axis=1)]
    )
    return Scene(
        atom=atom,
        cell=cell,
        inside=inside,
        positions=drawn,
        fractional=drawn_fractional,
        radii=radii[atom],
        atom_colours=palette[atom],
        numbers=atomic[atom],
        orbit=orbits[atom],
        block=blocks[atom],
        bonds=pairs,
        bond_start=start,
        bond_end=end,
        bond_split=_splits(start, end, radii[atom][pairs]),
        bond_colours=palette[atom][pairs],
        bond_radius=radius,
        order_lines=order_lines,
        order_colours=order_colours,
        edges=edges,
        edge_colours=edge_colours,
        edge_widths=edge_widths,
        triangles=faces[0],
        triangle_colours=faces[1],
        outlines=faces[2],
        axes=cell_vectors / np.linalg.norm(cell_vectors, axis=1, keepdims=True),
        centre=middle,
        extent=float(reach.max()),
        lattice=cell_vectors,
        supercell=options.supercell,
        colour_by=colour_by,
    )


def atom_radii(numbers: NDArray[np.int64], style: str) -> NDArray[np.float64]:
    """(n,) radius of the drawn sphere, Angstrom.

    Space-filling spheres have the covalent radius, so bonded atoms touch; in the
    other styles large atoms are shrunk more than small ones, so that bonds stay visible.
    """
    covalent = COVALENT_RADII[numbers]
    if style == "space-filling":
        return covalent.copy()
    if style == "wireframe":
        return np.full(len(numbers), 0.11)
    if style == "framework":  # ends and joints of the sticks, and a small ball for a metal
        return np.where(IS_METAL[numbers], 0.14 + 0.12 * covalent, _BOND_RADIUS[style])
    ball = 0.16 + 0.24 * covalent
    return 0.8 * ball if style == "polyhedra" else ball


def _splits(start: NDArray, end: NDArray, radii: NDArray) -> NDArray[np.float64]:
    """Where the colour of a bond changes: the middle of its visible part."""
    length = np.maximum(np.linalg.norm(end - start, axis=1), 1e-9)
    return np.clip(0.5 + (radii[:, 0] - radii[:, 1]) / (2 * length), 0.0, 1.0)


def _cell_edges(
    lattice: NDArray, supercell: tuple[int, int, int], dark: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Edges of the supercell, and thinner those of the cells within; from the origin in the colours of the axes."""
    size = np.asarray(supercell)
    segments, tints, widths = [], [], []
    for axis in range(3):
        others = [k for k in range(3) if k != axis]
        for p in range(size[others[0]] + 1):
            for q in range(size[others[1]] + 1):
                start = np.zeros(3)
                start[others] = p, q
                end = start.copy()
                end[axis] = size[axis]
                outer = p in (0, size[others[0]]) and q in (0, size[others[1]])
                segments.append([start @ lattice, end @ lattice])
                widths.append(1.0 if outer else 0.5)
                tints.append(colours.axis_colour(axis, dark) if p == q == 0 else colours.line_colour(dark))
    return np.array(segments), np.array(tints), np.array(widths)
