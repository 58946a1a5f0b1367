"""Close pairs between the representatives of orbits and all their images, kept as formulas of the coordinates.

The distance of representative i to an image of representative j is
|R x_j + t + n - x_i| with an operation (R, t) of the group and a lattice vector n.
Listing (i, j, R, t + n) once lets the distances follow the coordinates while these move.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.asymmetric_unit import flat_ranges
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.crystal.primitive import centring_bases
from crystal_studio.crystal.space_groups import tables

_STEPS = np.stack(np.meshgrid(*[np.arange(-1.0, 2.0)] * 3, indexing="ij"), -1).reshape(-1, 3)
_HERE = 13
_AT_ONCE = 100_000


@cache
def primitive_orbits() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Operations that make the images of each Wyckoff position in the primitive cell, the identity first.

    Returns start (1732,) and rows of ``rotations`` and ``translations``: one operation of
    each set whose images differ by a centring translation.
    """
    table = tables()
    generic = table.linear @ np.array([0.1234, 0.2718, 0.4131]) + table.origin
    row = np.repeat(np.arange(len(generic)), table.multiplicity)
    operation = table.orbit_operation
    image = np.einsum("nij,nj->ni", table.rotations[operation], generic[row]) + table.translations[operation]
    basis = np.linalg.inv(centring_bases())[table.wyckoff_group[row] - 1]
    key = np.round(np.einsum("ni,nij->nj", image, basis) % 1.0, 5) % 1.0
    _, first = np.unique(np.column_stack([row, key]), axis=0, return_index=True)
    first = np.sort(first)
    counts = np.bincount(row[first], minlength=len(generic))
    return np.concatenate([[0], np.cumsum(counts)]), operation[first]


@dataclass(frozen=True)
class Orbits:
    """The orbits of a batch, flat, with all that does not depend on the coordinates.

    crystal, column, row : (n,) crystal, column and Wyckoff row of each orbit
    radius : (n,) covalent radius, Angstrom
    free : (n, 3, 3) projector of Cartesian displacements (rows, from the right) onto the free parameters
    movable : (n,) whether there are any
    start : (B + 1,) first orbit of each crystal
    reduced, to_reduced : (B, 3, 3) reduced primitive basis in units of a, b, c, and its inverse
    """

    crystal: NDArray[np.int64]
    column: NDArray[np.int64]
    row: NDArray[np.int64]
    radius: NDArray[np.float64]
    free: NDArray[np.float64]
    movable: NDArray[np.bool_]
    start: NDArray[np.int64]
    reduced: NDArray[np.float64]
    to_reduced: NDArray[np.float64]

    @staticmethod
    def of(units: AsymmetricUnits, held: NDArray[np.bool_] | None = None) -> Orbits:
        """Flatten asymmetric units; orbits ``held`` (B, M) count as without free parameters."""
        table = tables()
        crystal, column = np.nonzero(units.mask)
        row = units.wyckoff[crystal, column].astype(np.int64)
        basis = centring_bases()[units.space_group - 1]
        _, change = reduce_cells(basis @ units.lattice)
        reduced = change @ basis
        inverse = np.linalg.inv(units.lattice)
        free = inverse[crystal] @ np.swapaxes(table.projector[row], 1, 2) @ units.lattice[crystal]
        return Orbits(
            crystal,
            column,
            row,
            COVALENT_RADII[units.numbers[crystal, column]],
            free,
            (table.degrees_of_freedom[row] > 0) & (held is None or ~held[crystal, column]),
            np.concatenate([[0], np.cumsum(units.n_orbits)]),
            reduced,
            np.linalg.inv(reduced).astype(np.float64),
        )


@dataclass(frozen=True)
class OrbitPairs:
    """P close pairs.

    i, j : (P,) orbits; rotation : (P, 3, 3), shift : (P, 3) fractional, so that the image
    of j lies at rotation @ x_j + shift; reach : (P,) the distance wanted, Angstrom
    """

    i: NDArray[np.int64]
    j: NDArray[np.int64]
    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]
    reach: NDArray[np.float64]

    def take(self, index: NDArray) -> OrbitPairs:
        """The pairs named by an index array or a Boolean mask."""
        return OrbitPairs(self.i[index], self.j[index], self.rotation[index], self.shift[index], self.reach[index])

    @staticmethod
    def concatenate(parts: list[OrbitPairs]) -> OrbitPairs:
        """One list out of several."""
        columns = zip(*((p.i, p.j, p.rotation, p.shift, p.reach) for p in parts), strict=True)
        return OrbitPairs(*(np.concatenate(c) for c in columns))

    def vectors(self, x: NDArray[np.float64], cells: NDArray[np.float64]) -> NDArray[np.float64]:
        """(P, 3) Angstrom from each representative i to the image of j; x (n, 3) fractional, cells (P, 3, 3)."""
        fractional = np.einsum("pij,pj->pi", self.rotation, x[self.j]) + self.shift - x[self.i]
        return np.einsum("pi,pij->pj", fractional, cells)


def close_pairs(
    orbits: Orbits,
    cells: NDArray[np.float64],
    x: NDArray[np.float64],
    crystals: NDArray[np.int64],
    fraction: float,
    least: float,
    skin: float,
) -> OrbitPairs:
    """All pairs of the crystals named that are closer than their reach plus ``skin`` Angstrom.

    cells : (B, 3, 3) Angstrom; x : (n, 3) fractional coordinates of the representatives.
    The reach is ``fraction`` of the sum of the covalent radii, at least ``least`` Angstrom.
    Images are those in the 27 reduced cells around the nearest one, an orbit's own included.
    """
    return OrbitPairs.concatenate(list(_blocks(orbits, cells, x, crystals, fraction, least, skin)))


def _blocks(
    orbits: Orbits,
    cells: NDArray[np.float64],
    x: NDArray[np.float64],
    crystals: NDArray[np.int64],
    fraction: float,
    least: float,
    skin: float,
) -> Iterator[OrbitPairs]:
    table = tables()
    start, operations = primitive_orbits()
    size = orbits.start[crystals + 1] - orbits.start[crystals]
    reps = flat_ranges(orbits.start[crystals], size)
    images = (start[1:] - start[:-1])[orbits.row[reps]]
    owner = np.repeat(reps, images)
    operation = operations[flat_ranges(start[orbits.row[reps]], images)]
    local = np.repeat(np.arange(len(crystals)), size)
    n_atoms = np.bincount(local, images, len(crystals)).astype(np.int64)
    first_atom = np.concatenate([[0], np.cumsum(n_atoms)])[:-1]
    at = np.einsum("nij,nj->ni", table.rotations[operation], x[owner]) + table.translations[operation]
    itself = np.zeros(len(owner), bool)
    itself[np.cumsum(images) - images] = True
    basis = orbits.reduced[crystals] @ cells[crystals]
    metric = basis @ np.swapaxes(basis, 1, 2)
    step_squares = np.einsum("ki,bij,kj->bk", _STEPS, metric, _STEPS)

    block = np.cumsum(n_atoms[local]) // _AT_ONCE
    for b in np.unique(block) if len(block) else [0]:
        chosen = np.flatnonzero(block == b)
        counts = n_atoms[local[chosen]]
        i = np.repeat(reps[chosen], counts)
        home = np.repeat(local[chosen], counts)
        atom = flat_ranges(first_atom[local[chosen]], counts)
        j = owner[atom]
        offset = np.einsum("pi,pij->pj", at[atom] - x[i], orbits.to_reduced[orbits.crystal[i]])
        whole = np.rint(offset)
        offset -= whole
        along = np.einsum("pi,pij->pj", offset, metric[home])
        squares = (along * offset).sum(1)[:, None] + 2 * along @ _STEPS.T + step_squares[home]
        squares[itself[atom] & (i == j), _HERE] = np.inf
        reach = np.maximum(fraction * (orbits.radius[i] + orbits.radius[j]), least)
        p, k = np.nonzero(squares < ((reach + skin) ** 2)[:, None])
        lattice_vector = np.einsum("pi,pij->pj", _STEPS[k] - whole[p], orbits.reduced[orbits.crystal[i[p]]])
        chosen_operation = operation[atom[p]]
        yield OrbitPairs(
            i[p],
            j[p],
            table.rotations[chosen_operation].astype(float),
            table.translations[chosen_operation] + lattice_vector,
            reach[p],
        )
