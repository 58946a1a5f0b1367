"""The tables of elements."""

from __future__ import annotations

import ase.data
import numpy as np

from crystal_studio.crystal.element_data import COVALENT_RADII, MASSES
from crystal_studio.crystal.elements import NAMES, SYMBOLS


def test_the_tables_are_those_of_ase():
    assert tuple(ase.data.chemical_symbols[:119]) == SYMBOLS
    np.testing.assert_array_equal(COVALENT_RADII[1:97], ase.data.covalent_radii[1:97])
    assert len(COVALENT_RADII) == len(MASSES) == 119
    np.testing.assert_array_equal(MASSES, ase.data.atomic_masses[:119])


def test_every_element_has_a_name():
    differing = [z for z in range(1, 119) if NAMES[z] != ase.data.atomic_names[z]]
    assert [NAMES[z] for z in differing] in ([], ["Darmstadtium"])  # which ASE misspells
    assert len(NAMES) == 119
