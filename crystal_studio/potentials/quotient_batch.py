"""Many quotient graphs as one: bond lengths and angle cosines out of geometries, and the way back for derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.cell_orbits import CellOrbits
from crystal_studio.crystal.quotient_graph import QuotientGraph
from crystal_studio.potentials.reduced import Geometry, Gradient


@dataclass(frozen=True)
class Measured:
    """The bonds and angles of C crystals inside the cutoffs, numbered through the batch.

    numbers : (O,) atomic number of each orbit of atoms; multiplicity (O,), crystal (O,) whose it is
    lengths : (U,) Angstrom; cosines (A,)
    centre, other, bond : (D,) orbits at the ends of a directed bond and its undirected bond; weight (D,)
    short : (T,) undirected bonds below the angles' cutoff
    sides : (A, 2) rows in ``short``; corner (A,) orbit; angle_weight (A,)
    alone : (C,) whether some atom of a crystal has no bond
    """

    numbers: NDArray[np.int64]
    multiplicity: NDArray[np.float64]
    crystal: NDArray[np.int64]
    lengths: NDArray[np.float64]
    cosines: NDArray[np.float64]
    centre: NDArray[np.int64]
    other: NDArray[np.int64]
    bond: NDArray[np.int64]
    weight: NDArray[np.int64]
    short: NDArray[np.int64]
    sides: NDArray[np.int64]
    corner: NDArray[np.int64]
    angle_weight: NDArray[np.int64]
    alone: NDArray[np.bool_]


@dataclass(frozen=True)
class _Vectors:
    """Pairs of atoms (rows of the batch) of C crystals and the vectors (n, 3) between them, Angstrom."""

    crystal: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    vector: NDArray[np.float64]

    @property
    def length(self) -> NDArray[np.float64]:
        return np.sqrt((self.vector * self.vector).sum(1))

    def take(self, keep: NDArray) -> _Vectors:
        return _Vectors(self.crystal[keep], self.start[keep], self.end[keep], self.vector[keep])


class QuotientBatch:
    """Crystals with their graphs, which may reach further than the cutoffs, at one geometry each."""

    def __init__(
        self,
        numbers: Sequence[NDArray],
        orbits: Sequence[CellOrbits],
        graphs: Sequence[QuotientGraph],
        geometries: Sequence[Geometry],
        cutoffs: tuple[float, float],
    ) -> None:
        size = len(graphs)
        atoms, n_orbits = (np.array([len(getattr(o, name)) for o in orbits]) for name in ("orbit", "multiplicity"))
        n_bonds, n_angles = (np.array([len(getattr(g, f)) for g in graphs]) for f in ("bond_atoms", "angle_weight"))
        n_directed = np.array([len(g.centre) for g in graphs])
        self.first = _starts(atoms)
        first_orbit, first_bond = _starts(n_orbits), _starts(n_bonds)
        lattice = np.array([g.lattice for g in geometries]).reshape(size, 3, 3)
        positions = np.concatenate([g.positions for g in geometries])

        def joined(name: str, counts: NDArray, first: NDArray | None = None) -> NDArray:
            column = np.concatenate([getattr(graph, name) for graph in graphs])
            if first is None:
                return column
            shift = np.repeat(first[:-1], counts)
            return column + (shift if column.ndim == 1 else shift[:, None])

        def vectors(crystal: NDArray, start: NDArray, end: NDArray, image: NDArray) -> _Vectors:
            apart = positions[end] + image - positions[start]
            return _Vectors(crystal, start, end, np.einsum("ea,eab->eb", apart, lattice[crystal]))

        crystal = np.arange(size)
        pairs = joined("bond_atoms", n_bonds, self.first)
        bonds = vectors(np.repeat(crystal, n_bonds), pairs[:, 0], pairs[:, 1], joined("bond_image", n_bonds))
        length = bonds.length
        near, close = length < cutoffs[0], length < cutoffs[1]
        angle_bonds = joined("angle_bonds", n_angles, first_bond)
        open_angle = close[angle_bonds].all(1)
        triples = joined("angle_atoms", n_angles, self.first)[open_angle]
        images = joined("angle_images", n_angles)[open_angle]
        owner = np.repeat(crystal, n_angles)[open_angle]
        self._bonds = bonds.take(near)
        self._sides = tuple(vectors(owner, triples[:, 0], triples[:, 1 + s], images[:, s]) for s in (0, 1))
        self._size, self._atoms = size, int(atoms.sum())
        (self._length_1, self._length_2) = (side.length for side in self._sides)
        self._unit_1 = self._sides[0].vector / self._length_1[:, None]
        self._unit_2 = self._sides[1].vector / self._length_2[:, None]

        number = np.cumsum(near) - 1  # of the bonds that stay
        short = number[close]
        rank = np.zeros(int(near.sum()), np.int64)
        rank[short] = np.arange(len(short))
        bond = joined("bond", n_directed, first_bond)
        kept = near[bond]
        centre = joined("centre", n_directed, first_orbit)[kept]
        self.measured = Measured(
            np.concatenate([n[o.representatives] for n, o in zip(numbers, orbits, strict=True)]).astype(np.int64),
            np.concatenate([o.multiplicity for o in orbits]).astype(float),
            np.repeat(crystal, n_orbits),
            length[near],
            (self._unit_1 * self._unit_2).sum(1),
            centre,
            joined("other", n_directed, first_orbit)[kept],
            number[bond[kept]],
            joined("weight", n_directed)[kept],
            short,
            rank[number[angle_bonds[open_angle]]],
            joined("angle_centre", n_angles, first_orbit)[open_angle],
            joined("angle_weight", n_angles)[open_angle],
            self._alone(centre, n_orbits),
        )

    def gradients(self, energy: NDArray, slope: NDArray, bend: NDArray) -> list[Gradient]:
        """C gradients out of the energies (C,) in eV and their derivatives by lengths (U,) and cosines (A,)."""
        cosine = self.measured.cosines[:, None]
        pull = (slope / self.measured.lengths)[:, None] * self._bonds.vector
        turn_1 = (bend / self._length_1)[:, None] * (self._unit_2 - cosine * self._unit_1)
        turn_2 = (bend / self._length_2)[:, None] * (self._unit_1 - cosine * self._unit_2)
        parts = ((self._bonds, pull), (self._sides[0], turn_1), (self._sides[1], turn_2))
        atom = np.concatenate([side for pairs, _ in parts for side in (pairs.end, pairs.start)])
        value = np.concatenate([sign * v for _, v in parts for sign in (1.0, -1.0)])
        cartesian = np.stack([np.bincount(atom, value[:, x], self._atoms) for x in range(3)], 1).astype(float)
        crystal = np.concatenate([pairs.crystal for pairs, _ in parts])
        vector = np.concatenate([pairs.vector for pairs, _ in parts])
        value = np.concatenate([v for _, v in parts])
        virial = np.empty((self._size, 3, 3))
        for x in range(3):
            for y in range(3):
                virial[:, x, y] = np.bincount(crystal, vector[:, x] * value[:, y], self._size)
        return [
            Gradient(float(energy[c]), cartesian[self.first[c] : self.first[c + 1]], virial[c])
            for c in range(self._size)
        ]

    def _alone(self, centre: NDArray, n_orbits: NDArray) -> NDArray[np.bool_]:
        """(C,) whether some orbit has no directed bond."""
        bonded = np.bincount(centre, minlength=int(n_orbits.sum())) > 0
        return np.bincount(np.repeat(np.arange(self._size), n_orbits)[~bonded], minlength=self._size) > 0


def _starts(counts: NDArray) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
