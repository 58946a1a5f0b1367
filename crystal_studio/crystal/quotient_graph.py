"""A crystal graph modulo the crystal's space group: orbits of bonds and of angles with their multiplicities.

Invariant scalar features of equivalent atoms, bonds and angles are equal, so a network of such features needs one
of each orbit, and its energy over the primitive cell is the sum over orbits, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.cell_orbits import CellOrbits

_PERIODIC = np.ones(3, np.int64)


@dataclass(frozen=True)
class QuotientGraph:
    """O orbits of atoms, D of directed bonds, U of undirected bonds, A of angles between two short bonds of one atom.

    centre, other : (D,) orbits of the two ends of a directed bond, sorted by centre
    weight : (D,) bonds of the orbit at one atom of the centre's orbit
    bond : (D,) its undirected bond
    bond_atoms : (U, 2) atoms of the cell that a representative bond joins, bond_image : (U, 3) the second's image
    angle_centre : (A,) orbit of the atom at the corner
    angle_bonds : (A, 2) undirected bonds of the two sides, the first the one that the angle acts on
    angle_weight : (A,) angles of the orbit at one bond of the first side's orbit
    angle_atoms : (A, 3) corner and ends of a representative angle, angle_images : (A, 2, 3) the ends' images
    """

    centre: NDArray[np.int64]
    other: NDArray[np.int64]
    weight: NDArray[np.int64]
    bond: NDArray[np.int64]
    bond_atoms: NDArray[np.int64]
    bond_image: NDArray[np.int64]
    angle_centre: NDArray[np.int64]
    angle_bonds: NDArray[np.int64]
    angle_weight: NDArray[np.int64]
    angle_atoms: NDArray[np.int64]
    angle_images: NDArray[np.int64]


def quotient_graph(
    orbits: CellOrbits, lattice: NDArray, positions: NDArray, bond_cutoff: float, angle_cutoff: float
) -> QuotientGraph | None:
    """Bonds shorter than ``bond_cutoff`` and angles between those shorter than ``angle_cutoff`` (Angstrom).

    lattice (3, 3) and positions (N, 3), fractional, must have the symmetry of ``orbits``. None where an orbit of
    atoms has no neighbour, or where the image of a bond is missing (it is longer than the cutoff by rounding).
    """
    edges = _Edges.around_representatives(orbits, lattice, positions, bond_cutoff)
    if edges is None:
        return None
    mapped = edges.mapped(orbits)
    reverse = None if mapped is None else edges.reversed(orbits, mapped.min(1))
    if mapped is None or reverse is None:
        return None
    label = mapped.min(1)
    kept, directed, weight = np.unique(label, return_inverse=True, return_counts=True)
    back = directed[reverse]
    undirected, bond = np.unique(np.minimum(np.arange(len(kept)), back), return_inverse=True)
    shown = kept[undirected]
    centre, end, image = edges.centre, edges.end, edges.image
    first, second, count = _angles(edges, mapped, label, angle_cutoff)
    # A bond whose two directions are equivalent is acted on from both of its ends.
    count = count * np.where(back == np.arange(len(kept)), 2, 1)[directed[first]]
    atom = orbits.representatives
    return QuotientGraph(
        centre[kept],
        orbits.orbit[end[kept]],
        weight,
        bond,
        np.stack([atom[centre[shown]], end[shown]], 1),
        image[shown],
        centre[first],
        np.stack([bond[directed[first]], bond[directed[second]]], 1),
        count,
        np.stack([atom[centre[first]], end[first], end[second]], 1),
        np.stack([image[first], image[second]], 1),
    )


@dataclass(frozen=True)
class _Edges:
    """Directed bonds that start at the representative of an orbit ``centre``, in the order of their ``code``."""

    centre: NDArray[np.int64]
    end: NDArray[np.int64]
    image: NDArray[np.int64]
    length: NDArray[np.float64]
    code: NDArray[np.int64]
    atoms: int
    span: int

    @staticmethod
    def around_representatives(
        orbits: CellOrbits, lattice: NDArray, positions: NDArray, cutoff: float
    ) -> _Edges | None:
        from pymatgen.optimization.neighbors import find_points_in_spheres

        cartesian = np.ascontiguousarray(positions @ lattice)
        start = np.ascontiguousarray(cartesian[orbits.representatives])
        centre, end, image, length = find_points_in_spheres(
            cartesian, start, float(cutoff), _PERIODIC, np.ascontiguousarray(lattice), 1e-8
        )
        other = (orbits.representatives[centre] != end) | image.any(1)  # atoms that coincide stay, and have no energy
        centre, end, length = centre[other], end[other], length[other]
        image = image[other].astype(np.int64)
        if len(np.unique(centre)) < len(start):
            return None
        span = int(np.abs(image).max()) + 2
        code = _code(centre, end, image, len(positions), span)
        order = np.argsort(code)
        return _Edges(centre[order], end[order], image[order], length[order], code[order], len(positions), span)

    def find(self, centre: NDArray, end: NDArray, image: NDArray) -> NDArray | None:
        """Rows of the bonds described, None where one is not there."""
        wanted = _code(centre, end, image, self.atoms, self.span)
        row = np.minimum(np.searchsorted(self.code, wanted), len(self.code) - 1)
        return row if (self.code[row] == wanted).all() else None

    def mapped(self, orbits: CellOrbits) -> NDArray | None:
        """(E, S) where each bond goes under the stabiliser of its centre."""
        act = orbits.stabilisers[self.centre]  # (E, S)
        atom = orbits.representatives[self.centre]
        end = orbits.permutations[act, self.end[:, None]]
        turned = _turn(orbits.rotations[act], self.image[:, None])
        image = turned + orbits.images[act, self.end[:, None]] - orbits.images[act, atom[:, None]]
        return self.find(np.broadcast_to(self.centre[:, None], end.shape), end, image)

    def reversed(self, orbits: CellOrbits, label: NDArray) -> NDArray | None:
        """For each orbit of directed bonds a bond of the orbit that runs the other way."""
        kept = np.unique(label)
        end, atom = self.end[kept], orbits.representatives[self.centre[kept]]
        act = orbits.to_representative[end]
        image = _turn(orbits.rotations[act], -self.image[kept]) + orbits.images[act, atom] - orbits.images[act, end]
        return self.find(orbits.orbit[end], orbits.permutations[act, atom], image)


def _code(centre: NDArray, end: NDArray, image: NDArray, atoms: int, span: int) -> NDArray[np.int64]:
    """One number for each directed bond."""
    base = 2 * span + 1
    clipped = np.clip(image, -span, span) + span  # an image beyond the span belongs to no bond
    return ((centre * atoms + end) * base + clipped[..., 0]) * base**2 + clipped[..., 1] * base + clipped[..., 2]


def _turn(rotations: NDArray, vectors: NDArray) -> NDArray[np.int64]:
    return (rotations * vectors[..., None, :]).sum(-1)


def _angles(edges: _Edges, mapped: NDArray, label: NDArray, cutoff: float) -> tuple[NDArray, NDArray, NDArray]:
    """Rows of the first and the second side of each orbit of angles, and how many second sides a first one has.

    The first sides are those that stand for their orbit, the second ones stand for theirs under what keeps the first.
    """
    short = np.flatnonzero(edges.length < cutoff)
    firsts = short[label[short] == short]
    low = np.searchsorted(edges.centre[short], edges.centre[firsts])
    sides = np.searchsorted(edges.centre[short], edges.centre[firsts], side="right") - low
    pair = np.repeat(np.arange(len(firsts)), sides)
    rank = np.arange(len(pair)) - np.repeat(np.cumsum(sides) - sides, sides)
    second = short[rank + np.repeat(low, sides)]
    keeps = mapped[firsts] == firsts[:, None]  # (F, S)
    size = len(edges.centre)
    stands = np.where(keeps[pair], mapped[second], size).min(1) if len(pair) else second
    code, count = np.unique(pair * size + stands, return_counts=True)
    first, second = firsts[code // size], code % size
    two = first != second
    return first[two], second[two], count[two]
