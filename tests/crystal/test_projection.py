from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.crystal import lattice
from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.neighbours import minimum_distances
from crystal_studio.crystal.projection import nearest_on, project
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import representative_on


def raw(seed: int, size: int = 6, orbits: int = 5):
    """Random predictions: groups, cells of their families, site symmetries, points."""
    rng = np.random.default_rng(seed)
    group = rng.integers(1, 231, size).astype(np.int16)
    k = lattice.constrain(rng.normal(0, 0.2, (size, 6)) + np.array([0, 0, 0, 0, 0, 1.8]), group)
    numbers = rng.integers(1, 90, (size, orbits)).astype(np.int16)
    numbers[rng.random((size, orbits)) < 0.3] = 0
    numbers[:, 0] = 8
    table = tables()
    rows = np.array([rng.choice(table.wyckoff_rows(g), orbits) for g in group])
    classes = table.site_class[rows].astype(np.int64)
    wrong = rng.random(classes.shape) < 0.05
    classes[wrong] = rng.integers(0, 13, wrong.sum())
    return group, lattice.from_k(k), numbers, classes, rng.random((size, orbits, 3))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 100_000))
def test_every_orbit_lands_on_a_position_of_its_group(seed):
    group, cell, numbers, classes, points = raw(seed)
    units = project(group, cell, numbers, classes, points)
    table = tables()
    assert (units.mask == (numbers > 0)).all()
    for i in range(len(units)):
        rows = units.wyckoff[i][units.mask[i]]
        assert (table.wyckoff_group[rows] == group[i]).all()
        fixed = rows[table.degrees_of_freedom[rows] == 0]
        assert len(np.unique(fixed)) == len(fixed), "a position without free parameters holds one orbit"
        for row, point in zip(rows, units.positions[i][units.mask[i]], strict=True):
            assert representative_on(table, int(row), point[None], 1e-7)[0]
    assert (expand(units).n_atoms == np.where(units.mask, table.multiplicity[units.wyckoff], 0).sum(1)).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 100_000))
def test_projection_is_idempotent(seed):
    group, cell, numbers, classes, points = raw(seed)
    once = project(group, cell, numbers, classes, points)
    own = tables().site_class[np.maximum(once.wyckoff, 0)].astype(np.int64)
    twice = project(group, cell, numbers, own, once.positions)
    gap = (twice.positions - once.positions)[once.mask]
    assert (twice.wyckoff == once.wyckoff).all()
    assert np.abs(gap - np.rint(gap)).max(initial=0) < 1e-7


def test_nearest_point_is_nearest_in_angstrom():
    """Against a scan of the free parameters of (x, 2x, z) in a hexagonal cell, where axes are oblique."""
    table = tables()
    row = table.wyckoff_row(186, "c")
    cell = lattice.from_parameters(np.array([[3.0, 3.0, 5.0, 90, 90, 120]]))
    point = np.array([[0.31, 0.42, 0.2]])
    distance, found = nearest_on(np.array([row]), point, cell)
    x = np.linspace(-1, 2, 6001)
    line = np.stack([x, np.zeros_like(x), np.zeros_like(x)], 1) @ table.linear[row].T + table.origin[row]
    best = np.inf
    for shift in np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1], indexing="ij"), -1).reshape(-1, 2):
        offset = line[:, :2] + shift - point[0, :2]
        best = min(best, np.linalg.norm(offset @ cell[0, :2, :2], axis=1).min())
    assert abs(distance[0] - best) < 1e-3
    assert np.isclose(np.linalg.norm((found - point)[0] @ cell[0]), distance[0])


def test_two_orbits_on_one_fixed_position_are_parted():
    """Published SymmCD leaves both at the origin; here the dearer one moves to another position."""
    table = tables()
    rows = table.wyckoff_rows(225)
    origin = table.site_class[rows[-1]].astype(np.int64)
    units = project(
        np.array([225], np.int16),
        np.eye(3)[None] * 5.6,
        np.array([[11, 17]], np.int16),
        np.array([[origin, origin]]),
        np.array([[[0.01, 0, 0], [0.2, 0.2, 0.1]]]),
    )
    assert [table.letter[w] for w in units.wyckoff[0]] == ["a", "b"]
    assert minimum_distances(expand(units))[0] > 2.5


def brute_force(group, cell, classes, points, table):
    """Least cost of one crystal over all choices of positions that put one orbit on a fixed position."""
    rows = table.wyckoff_rows(group)
    cost = np.empty((len(points), len(rows)))
    for i, (cls, point) in enumerate(zip(classes, points, strict=True)):
        distance, _ = nearest_on(rows, np.tile(point, (len(rows), 1)), np.tile(cell, (len(rows), 1, 1)))
        cost[i] = 1e4 * (table.site_class[rows] != cls).sum(1) + distance
    best = np.inf
    for choice in product(range(len(rows)), repeat=len(points)):
        fixed = [c for c in choice if table.degrees_of_freedom[rows[c]] == 0]
        if len(set(fixed)) == len(fixed):
            best = min(best, cost[np.arange(len(points)), choice].sum())
    return best


def test_crowded_positions_are_shared_out_at_least_cost():
    """Many orbits that all want the fixed positions of their groups, against every choice there is."""
    rng = np.random.default_rng(5)
    table = tables()
    group = np.array([2, 10, 83, 131, 191, 221, 215, 160] * 3, np.int16)
    rows = np.array([rng.choice(table.wyckoff_rows(g)[-5:], 3) for g in group])
    rows[:, 1] = rows[:, 0]
    k = rng.normal([0, 0, 0, 0, 0, 1.8], 0.1, (len(group), 6))
    cell = lattice.from_k(lattice.constrain(k, group))
    classes = table.site_class[rows].astype(np.int64)
    points = rng.random((len(group), 3, 3))
    units = project(group, cell, np.full(rows.shape, 8, np.int16), classes, points)
    for i in range(len(units)):
        distance, _ = nearest_on(units.wyckoff[i].astype(int), points[i], np.tile(cell[i], (3, 1, 1)))
        cost = 1e4 * (table.site_class[units.wyckoff[i]] != classes[i]).sum() + distance.sum()
        assert np.isclose(cost, brute_force(group[i], cell[i], classes[i], points[i], table), rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000))
def test_given_positions_are_kept_and_closed_to_others(seed):
    group, cell, numbers, classes, points = raw(seed, 8, 4)
    wanted = project(group, cell, numbers, classes, points).wyckoff
    rng = np.random.default_rng(seed)
    rows = np.where(rng.random(wanted.shape) < 0.5, wanted, -1)
    table = tables()
    # The others are told the site symmetry of a given orbit, so that they compete for its position.
    for i in range(len(group)):
        known = np.flatnonzero(rows[i] >= 0)
        if len(known):
            classes[i, rows[i] < 0] = table.site_class[rows[i, known[0]]]
    units = project(group, cell, numbers, classes, points, rows)
    assert (units.wyckoff[rows >= 0] == rows[rows >= 0]).all()
    for row, mask in zip(units.wyckoff, units.mask, strict=True):
        fixed = row[mask & (table.degrees_of_freedom[row] == 0)]
        assert len(set(fixed)) == len(fixed)
    everywhere = project(group, cell, numbers, classes, points, wanted)
    assert (everywhere.wyckoff == wanted).all()
    gap = nearest_on(
        wanted[everywhere.mask], everywhere.positions[everywhere.mask], cell[np.nonzero(everywhere.mask)[0]]
    )
    assert gap[0].max() < 1e-6, "every point lies on its position"
