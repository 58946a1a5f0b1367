"""A few real crystals, as many as a test of the store wants."""

from __future__ import annotations

import numpy as np

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.space_groups import tables

CRYSTALS = (
    (225, 5.64, ((11, "a", (0, 0, 0)), (17, "b", (0.5, 0.5, 0.5)))),
    (227, 3.57, ((6, "a", (0.125, 0.125, 0.125)),)),
    (221, 3.91, ((38, "a", (0, 0, 0)), (22, "b", (0.5, 0.5, 0.5)), (8, "c", (0, 0.5, 0.5)))),
)
"""NaCl, diamond, SrTiO3: (group, a in Angstrom, (number, Wyckoff letter, position))."""


def batch(size: int) -> tuple[AsymmetricUnits, Structures]:
    """``size`` cubic crystals in turn, each a little larger than the one before it."""
    table = tables()
    units = AsymmetricUnits(
        np.zeros(size, np.int16),
        np.zeros((size, 3, 3)),
        np.zeros((size, 3), np.int16),
        np.full((size, 3), -1, np.int16),
        np.zeros((size, 3, 3)),
    )
    for i in range(size):
        group, a, orbits = CRYSTALS[i % 3]
        units.space_group[i] = group
        units.lattice[i] = np.eye(3) * (a + i * 1e-6)
        for k, (number, letter, position) in enumerate(orbits):
            units.numbers[i, k] = number
            units.wyckoff[i, k] = table.wyckoff_row(group, letter)
            units.positions[i, k] = position
    return units, expand(units)
