"""Orbits near special positions are recognised and put there, whichever of their images is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from prototypes import one_of_each

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.merging import crowded, merged
from crystal_studio.crystal.space_groups import tables


def near(group: int, letter: str, off: float, image: int = 0) -> tuple[AsymmetricUnits, int]:
    """One orbit on the general position, ``off`` Angstrom from a special one, and the row of the latter."""
    table = tables()
    row = table.wyckoff_row(group, letter)
    general = int(max(table.wyckoff_rows(group), key=lambda r: table.multiplicity[r]))
    at = table.linear[row] @ np.array([0.131, 0.217, 0.317]) + table.origin[row]
    rotations, translations = table.operations(group)
    lattice = np.eye(3) * 9.0
    step = np.array([0.53, 0.62, 0.58])
    point = rotations[image] @ (at + off / 9.0 * step / np.linalg.norm(step)) + translations[image]
    unit = AsymmetricUnits(
        np.array([group]), lattice[None], np.array([[29]]), np.array([[general]]), (point % 1.0)[None, None]
    )
    return unit, row


@pytest.mark.parametrize(("group", "letter"), [(225, "a"), (225, "e"), (221, "c"), (123, "g"), (62, "c"), (2, "h")])
def test_an_orbit_that_has_come_onto_a_special_position_is_put_there(group, letter):
    for image in (0, 1):
        unit, row = near(group, letter, 0.1, image)
        assert crowded(unit, 0.4).all()
        found = merged(unit)
        assert found.wyckoff[0, 0] == row
        assert expand(found).n_atoms[0] == tables().multiplicity[row]
        assert not crowded(found, 0.4).any()


def test_what_is_apart_stays():
    unit, _ = near(62, "c", 0.5)
    assert not crowded(unit, 0.4).any()
    assert np.allclose(merged(unit).positions, unit.positions)
    units = one_of_each()
    assert not crowded(units, 0.4).any()
    same = merged(units)
    assert (same.wyckoff == units.wyckoff).all()
    apart = np.where(units.mask[..., None], same.positions - units.positions, 0)
    assert np.abs(apart - np.rint(apart)).max() < 1e-6


def test_a_point_holds_one_orbit_only():
    unit, row = near(225, "a", 0.1)
    twice = replace(
        unit,
        numbers=np.array([[29, 8]]),
        wyckoff=np.array([[unit.wyckoff[0, 0], row]]),
        positions=np.array([[unit.positions[0, 0], [0.0, 0, 0]]]),
    )
    found = merged(twice)
    assert found.wyckoff[0, 1] == row and found.wyckoff[0, 0] != row
