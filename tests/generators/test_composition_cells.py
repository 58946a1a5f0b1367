"""The cells in which an exact composition is tried where the request sets no limit of atoms."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.crystal.space_groups import tables
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators import compositions


@pytest.mark.parametrize(
    ("composition", "group", "max_atoms", "limit"),
    [
        ("Y3Al5O12", 230, 0, 80),  # the garnets: four formula units in the primitive cell
        ("Y3Al5O12", 230, 60, 60),
        ("NaCl", 225, 0, compositions.DEFAULT_MAX_ATOMS),
        ("Na4Al3Si3ClO12", 218, 0, 46),  # sodalite
    ],
)
def test_no_limit_means_at_least_the_smallest_cell_of_the_groups_asked_for(composition, group, max_atoms, limit):
    request = DesignRequest(composition=composition, space_groups=(group,), max_atoms=max_atoms)
    assert compositions.atom_limit(request, group, 20) == limit
    assert bool(compositions.formula_units(request, group, 20)) == (not 0 < max_atoms < 80)


def test_groups_that_were_not_asked_for_keep_the_usual_cells():
    request = DesignRequest(composition="Y3Al5O12")
    assert compositions.atom_limit(request, 230, 20) == compositions.DEFAULT_MAX_ATOMS
    assert not compositions.formula_units(request, 230, 20)


def test_a_garnet_is_drawn_without_a_limit():
    request = DesignRequest(composition="Y3Al5O12", space_groups=(230,))
    found = compositions.draw_sites(request, 230, 20, np.ones(21), np.random.default_rng(1))
    assert found is not None
    elements, rows = found
    size = tables().multiplicity[rows]
    assert {z: int(size[np.array(elements) == z].sum()) for z in set(elements)} == {39: 24, 13: 40, 8: 96}
