"""Orbit graphs do not depend on the description of a crystal, and their distances are right."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell
from ase.neighborlist import neighbor_list
from hypothesis import given, settings
from hypothesis import strategies as st
from solids import batch, rocksalt, rotated

from crystal_studio.crystal.batch_neighbours import pairs_within
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.properties.graph import RADIAL, OrbitGraphs, build


def _summary(graphs: OrbitGraphs, i: int) -> np.ndarray:
    """Element, share and summed surroundings of each orbit of crystal i, orbits of one kind together."""
    one = graphs.take(np.array([i]))
    around = np.zeros((len(one.numbers), RADIAL))
    np.add.at(around, one.receiver, one.radial.astype(float))
    rows = np.concatenate([one.numbers[:, None], around.round(1)], 1)
    kinds, member = np.unique(rows, axis=0, return_inverse=True)
    share = np.bincount(member.ravel(), one.weight)
    return np.concatenate([kinds, share[:, None]], 1)


CRYSTALS = {
    "NaCl": rocksalt("Na", "Cl", 5.64),
    "diamond": bulk("C", "diamond", 3.567),
    "wurtzite": bulk("ZnO", "wurtzite", 3.25, 5.2),
    "copper": bulk("Cu", "fcc", 3.61),
}


@pytest.mark.parametrize("name", CRYSTALS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**16), rows=st.sampled_from(([2, 1, 1], [1, 2, 1], [1, 1, 1])), shear=st.integers(-1, 1))
def test_graph_is_that_of_the_crystal_not_of_the_cell(name: str, seed: int, rows: list[int], shear: int) -> None:
    atoms = CRYSTALS[name]
    change = np.diag(rows)
    change[0, 1] = shear
    other = rotated(make_supercell(atoms, change), seed)
    graphs = build(batch(atoms, other))
    np.testing.assert_allclose(_summary(graphs, 0), _summary(graphs, 1), atol=0.25)
    np.testing.assert_allclose(graphs.whole[0], graphs.whole[1], atol=1e-3)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), n=st.integers(1, 6))
def test_pairs_are_those_of_ase(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(2.2, 9, 3)) + rng.normal(scale=0.8, size=(3, 3))
    atoms = Atoms(rng.integers(1, 80, n), cell=cell, scaled_positions=rng.random((n, 3)), pbc=True)
    if atoms.get_volume() < 8 * n:
        return
    found = [np.concatenate(column) for column in zip(*pairs_within(batch(atoms), 6.0), strict=True)] or [[], [], []]
    i, j, distance = neighbor_list("ijd", atoms, 6.0)
    clear = np.abs(distance - 6.0) > 1e-3
    for a, b in {(0, 0), *zip(i.tolist(), j.tolist(), strict=True)}:
        ours = np.sort(np.asarray(found[2])[(np.asarray(found[0]) == a) & (np.asarray(found[1]) == b)])
        theirs = np.sort(distance[clear & (i == a) & (j == b)])
        np.testing.assert_allclose(ours[ours < 6.0 - 1e-3], theirs, atol=2e-3)


def test_known_orbits_and_found_ones_make_the_same_graph() -> None:
    atoms = [*CRYSTALS.values()]
    units, ok, _ = to_asymmetric_units(batch(*atoms))
    assert ok.all()
    from crystal_studio.crystal.asymmetric_unit import expand

    with_orbits, without = build(expand(units)), build(batch(*atoms))
    for i in range(len(atoms)):
        np.testing.assert_allclose(_summary(with_orbits, i), _summary(without, i), atol=0.25)


def test_rock_salt_is_two_orbits_with_six_neighbours() -> None:
    graphs = build(batch(rocksalt("Na", "Cl", 5.64, cubic=True)))
    assert graphs.numbers.tolist() in ([11, 17], [17, 11]) and graphs.weight.tolist() == [0.5, 0.5]
    unlike = graphs.receiver != graphs.sender
    # Six at 2.82 Angstrom and eight at 4.88, faded by (1 + cos(pi d / 6)) / 2.
    wanted = sum(n * (0.5 + 0.5 * np.cos(np.pi * d / 6)) for n, d in ((6, 2.82), (8, 2.82 * 3**0.5)))
    np.testing.assert_allclose(graphs.radial[unlike].astype(float).sum(1), wanted, rtol=2e-3)


def test_taking_and_concatenating_graphs() -> None:
    graphs = build(batch(*CRYSTALS.values()))
    again = OrbitGraphs.concatenate([graphs.take(np.array([2, 3])), graphs.take(np.array([0]))])
    for new, old in ((0, 2), (1, 3), (2, 0)):
        np.testing.assert_array_equal(_summary(again, new), _summary(graphs, old))
