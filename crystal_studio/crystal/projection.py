"""From (site symmetry, position) to Wyckoff positions, for whole batches at once.

A predicted orbit names a class on each of 15 axes and a point. The Wyckoff
position wanted is the one of the group whose site symmetry differs on the fewest
axes, ties going to the nearest representative subspace; the point then moves to
the nearest point of that subspace. Nearest means Cartesian: the mean of the
site-symmetry operations is an orthogonal projection in every lattice of the group.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.assignment import assign
from crystal_studio.crystal.asymmetric_unit import flat_ranges
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.space_groups import SpaceGroupTables, tables

_SHIFTS = np.stack(np.meshgrid(*[np.arange(-1.0, 2.0)] * 3, indexing="ij"), -1).reshape(-1, 3)
_SQUARES = np.ascontiguousarray((_SHIFTS[:, :, None] * _SHIFTS[:, None]).reshape(-1, 9).T)
_AXIS_COST = 1e4
"""A wrong axis outweighs any distance in Angstrom."""


@dataclass(frozen=True)
class _Pairs:
    """Every (orbit, Wyckoff position of its group) worth measuring, flat.

    orbit, row : (P,); mismatch, distance : (P,), axes and Angstrom; point : (P, 3) on the subspace
    """

    orbit: NDArray[np.int64]
    row: NDArray[np.int64]
    mismatch: NDArray[np.int64]
    distance: NDArray[np.float64]
    point: NDArray[np.float64]

    @property
    def cost(self) -> NDArray[np.float64]:
        return self.mismatch * _AXIS_COST + self.distance

    def take(self, index: NDArray[np.int64]) -> _Pairs:
        return _Pairs(*(getattr(self, f.name)[index] for f in fields(self)))


def nearest_on(
    row: NDArray[np.int64], point: NDArray[np.float64], lattice: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances (P,) in Angstrom and nearest points (P, 3) of representative subspaces or their lattice translates.

    row : (P,) Wyckoff rows; point : (P, 3) fractional; lattice : (P, 3, 3) Angstrom.
    """
    table = tables()
    distance, nearest = np.zeros(len(row)), point.copy()
    # A general position is everywhere: nothing to move.
    bound = np.flatnonzero(table.degrees_of_freedom[row] < 3)
    at, cells = row[bound], lattice[bound]
    away = np.eye(3) - table.projector[at]
    base = (away @ (point[bound] - table.origin[at])[..., None])[..., 0]
    # |base - away k|^2 for lattice vectors k, expanded, so that the 27 of them cost two matrix products.
    cartesian = away.swapaxes(1, 2) @ cells
    linear = (cartesian @ (base[:, None] @ cells).swapaxes(1, 2))[..., 0]
    quadratic = (cartesian @ cartesian.swapaxes(1, 2)).reshape(-1, 9)
    best = (quadratic @ _SQUARES - 2.0 * linear @ _SHIFTS.T).argmin(1)
    offset = base - (away @ _SHIFTS[best][..., None])[..., 0]
    distance[bound] = np.linalg.norm((offset[:, None] @ cells)[:, 0], axis=-1)
    nearest[bound] -= offset
    return distance, nearest


def settle(row: NDArray[np.int64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points exactly on the first operation of their positions, wrapped to [0, 1).

    row : (P,) Wyckoff rows; point : (P, 3) fractional, on the subspaces or lattice translates of them.
    """
    table = tables()
    rest = np.einsum("pij,pj->pi", np.eye(3) - table.linear[row], point - table.origin[row])
    shift = np.rint(rest)
    free = np.einsum("pij,pj->pi", table.linear[row], point - shift - table.origin[row])
    settled = free + table.origin[row]
    return np.where(np.abs(settled - np.rint(settled)) < 1e-9, np.rint(settled), settled) % 1.0


@dataclass(frozen=True)
class _Predicted:
    """Flat predictions: group, given (n,), the latter the Wyckoff row that an orbit must have or -1;
    classes (n, 15), points (n, 3), lattice (n, 3, 3)."""

    group: NDArray[np.int64]
    given: NDArray[np.int64]
    classes: NDArray[np.int64]
    points: NDArray[np.float64]
    lattice: NDArray[np.float64]


def _pairs(table: SpaceGroupTables, all_orbits: _Predicted, orbits: NDArray[np.int64], every: bool) -> _Pairs:
    """Candidates of the orbits named: those with the fewest wrong axes.

    With ``every``, all fixed positions and, of those with free parameters, the ones with the fewest wrong axes.
    """
    group, given = all_orbits.group[orbits], all_orbits.given[orbits]
    start = np.where(given >= 0, given, table.wyckoff_start[group - 1])
    count = np.where(given >= 0, 1, np.diff(table.wyckoff_start)[group - 1])
    local = np.repeat(np.arange(len(orbits)), count)
    row = flat_ranges(start, count)
    mismatch = (table.site_class[row] != all_orbits.classes[orbits[local]]).sum(-1)
    fixed = (table.degrees_of_freedom[row] == 0) & (given[local] < 0) & every
    fewest = np.full(len(orbits), 99)
    np.minimum.at(fewest, local[~fixed], mismatch[~fixed])
    keep = fixed | (mismatch == fewest[local])
    orbit, row, mismatch = orbits[local[keep]], row[keep], mismatch[keep]
    distance, point = nearest_on(row, all_orbits.points[orbit], all_orbits.lattice[orbit])
    return _Pairs(orbit, row, mismatch, distance, point)


def _cheapest(pairs: _Pairs) -> NDArray[np.int64]:
    """Index of the cheapest pair of each orbit, in order of orbits."""
    order = np.lexsort((pairs.row, pairs.cost, pairs.orbit))
    orbit = pairs.orbit[order]
    return order[np.r_[True, orbit[1:] != orbit[:-1]]] if len(orbit) else order


def project(
    space_group: NDArray[np.int16],
    lattice: NDArray[np.float64],
    numbers: NDArray[np.int16],
    classes: NDArray[np.int64],
    positions: NDArray[np.float64],
    wyckoff: NDArray | None = None,
) -> AsymmetricUnits:
    """Asymmetric units that obey their space groups, from raw predictions.

    Shapes: space_group (B,), lattice (B, 3, 3) Angstrom, numbers (B, M) with 0 for padding,
    classes (B, M, 15), positions (B, M, 3) fractional; wyckoff (B, M) the rows that orbits
    must have, -1 where the site symmetry decides. A position without free parameters holds
    one orbit only: where several want it, the assignment of least total cost over the
    crystal decides among those that have no given row.
    """
    table = tables()
    crystal, column = np.nonzero(numbers > 0)
    given = np.full(len(crystal), -1) if wyckoff is None else np.asarray(wyckoff, np.int64)[crystal, column]
    all_orbits = _Predicted(
        space_group[crystal].astype(np.int64),
        given,
        classes[crystal, column],
        positions[crystal, column] % 1.0,
        lattice[crystal],
    )
    pairs = _pairs(table, all_orbits, np.arange(len(crystal)), every=False)
    chosen = _cheapest(pairs)
    row, point = pairs.row[chosen], pairs.point[chosen]

    fixed = table.degrees_of_freedom[row] == 0
    key = crystal * 2000 + row
    taken, times = np.unique(key[fixed], return_counts=True)
    crowded = np.unique(taken[times > 1] // 2000)
    if len(crowded):
        members = np.flatnonzero(np.isin(crystal, crowded))
        again = _pairs(table, all_orbits, members, every=True)
        open_ = given[again.orbit] < 0
        closed = np.isin(crystal[again.orbit] * 2000 + again.row, key[fixed & (given >= 0)])
        again = again.take(np.flatnonzero(open_ & ~closed))
        if len(again.orbit):
            pick = _assigned(table, again, column, len(crowded), np.searchsorted(crowded, crystal[again.orbit]))
            row[again.orbit[pick]], point[again.orbit[pick]] = again.row[pick], again.point[pick]

    rows = np.full(numbers.shape, -1, np.int16)
    settled = np.zeros((*numbers.shape, 3))
    rows[crystal, column] = row
    settled[crystal, column] = settle(row, point)
    return AsymmetricUnits(space_group.astype(np.int16), lattice, numbers.astype(np.int16), rows, settled)


def _assigned(
    table: SpaceGroupTables,
    pairs: _Pairs,
    column: NDArray[np.int64],
    size: int,
    problem: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Index of the pair of each orbit under the assignment of least cost of its crystal.

    column : of each orbit in its crystal; size : how many crystals; problem : (P,) which one each pair is of.
    Columns of the assignment: the fixed positions of the group, then one for each orbit, its cheapest
    position with free parameters. The general position is one, so a solution always exists.
    """
    free = np.flatnonzero(table.degrees_of_freedom[pairs.row] > 0)
    fixed = np.flatnonzero(table.degrees_of_freedom[pairs.row] == 0)
    best = free[_cheapest(pairs.take(free))]
    own = pairs.row - table.wyckoff_start[table.wyckoff_group[pairs.row] - 1]
    # Crystals with few orbits are padded by rows that cost nothing on columns of their own.
    n, m = int(column[pairs.orbit].max()) + 1, int(own[fixed].max(initial=-1)) + 1
    costs = np.full((size, n, m + n), np.inf)
    source = np.full(costs.shape, -1)
    diagonal = np.arange(n)
    costs[:, diagonal, m + diagonal] = 0.0
    for chosen, place in ((fixed, own[fixed]), (best, m + column[pairs.orbit[best]])):
        at = problem[chosen], column[pairs.orbit[chosen]], place
        costs[at], source[at] = pairs.cost[chosen], chosen
    picked = np.take_along_axis(source, assign(costs)[..., None], 2)
    return picked[picked >= 0]
