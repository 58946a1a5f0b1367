"""The drawing of a hull: where phases lie, and which of them coexist."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.analysis.hull_geometry import places, tie_lines
from crystal_studio.analysis.phase_diagram import ON_HULL, phases
from crystal_studio.crystal.elements import SYMBOLS, atomic_number
from crystal_studio.data.hull import ReferenceHull


def test_corners_are_the_elements_and_edges_have_length_one() -> None:
    for k in (2, 3, 4):
        corners = places(np.eye(k))
        apart = np.linalg.norm(corners[:, None] - corners[None], axis=-1)
        assert apart == pytest.approx(1 - np.eye(k))
        assert places(np.full((1, k), 1 / k))[0] == pytest.approx(corners.mean(0))


def test_elements_alone_coexist_with_each_other() -> None:
    found = tie_lines(np.eye(4), np.zeros(4), np.ones(4, bool))
    assert found.tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]


def test_the_lowest_of_one_composition_stands_in_the_line() -> None:
    composition = np.array([[1, 0], [0.5, 0.5], [0, 1], [0.5, 0.5], [0.25, 0.75]])
    found = tie_lines(composition, np.array([0, -1.0, 0, -2.0, -0.1]), np.array([True, True, True, True, False]))
    assert found.tolist() == [[0, 3], [3, 2]]
    assert tie_lines(np.ones((1, 1)), np.zeros(1), np.ones(1, bool)).shape == (0, 2)


@pytest.mark.parametrize("system", ["Li-O", "Li-Mn-O", "Li-Fe-P-O"])
def test_phases_coexist_as_pymatgen_says(system: str) -> None:
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram

    hull = ReferenceHull.load("chgnet")
    elements = np.array([atomic_number(symbol) for symbol in system.split("-")])
    found = phases(hull, elements, np.zeros((0, 119)), np.zeros(0))
    assert found.known == len(found.ids) and set(found.symbols) == set(system.split("-"))
    stable = found.e_hull <= ON_HULL
    ours = {frozenset((found.ids[a], found.ids[b])) for a, b in found.ties.tolist()}
    assert {i for pair in ours for i in pair} == {i for i, on in zip(found.ids, stable, strict=True) if on}
    rows = hull.within(elements)
    entries = []
    for row in rows.tolist():
        atoms = {SYMBOLS[z]: int(hull.counts[row, z]) for z in np.flatnonzero(hull.counts[row])}
        energy = float(hull.energy[row]) * sum(atoms.values())
        entries.append(PDEntry(atoms, energy, name=str(hull.ids[row])))
    diagram = PhaseDiagram(entries)
    theirs = set()
    for facet in diagram.facets:
        names = [diagram.qhull_entries[i].name for i in facet]
        theirs |= {frozenset((a, b)) for a in names for b in names if a != b}
    assert ours == theirs
