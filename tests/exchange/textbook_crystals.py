"""Textbook structures as asymmetric units in the standard settings."""

from __future__ import annotations

import numpy as np

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.lattice import from_parameters
from crystal_studio.crystal.space_groups import tables

STRUCTURES = {
    "rocksalt NaCl": (225, (5.64, 5.64, 5.64, 90, 90, 90), ((11, "a", (0, 0, 0)), (17, "b", (0.5, 0.5, 0.5)))),
    "diamond": (227, (3.567, 3.567, 3.567, 90, 90, 90), ((6, "a", (0.125, 0.125, 0.125)),)),
    "rutile": (136, (4.594, 4.594, 2.959, 90, 90, 90), ((22, "a", (0, 0, 0)), (8, "f", (0.3053, 0.3053, 0)))),
    "perovskite": (
        221,
        (3.905, 3.905, 3.905, 90, 90, 90),
        ((38, "a", (0, 0, 0)), (22, "b", (0.5, 0.5, 0.5)), (8, "c", (0, 0.5, 0.5))),
    ),
    "quartz": (
        154,
        (4.913, 4.913, 5.405, 90, 90, 120),
        ((14, "a", (0.4697, 0, 2 / 3)), (8, "c", (0.4133, 0.2672, 0.7855))),
    ),
    "spinel LiMn2O4": (
        227,
        (8.245, 8.245, 8.245, 90, 90, 90),
        ((3, "a", (0.125, 0.125, 0.125)), (25, "d", (0.5, 0.5, 0.5)), (8, "e", (0.2632, 0.2632, 0.2632))),
    ),
    "corundum": (
        167,
        (4.759, 4.759, 12.991, 90, 90, 120),
        ((13, "c", (0, 0, 0.3522)), (8, "e", (0.3064, 0, 0.25))),
    ),
    "baddeleyite": (
        14,
        (5.150, 5.212, 5.317, 90, 99.23, 90),
        ((40, "e", (0.2754, 0.0395, 0.2083)), (8, "e", (0.0700, 0.3317, 0.3447)), (8, "e", (0.4496, 0.7569, 0.4792))),
    ),
}
"""name: (space group, a b c alpha beta gamma, orbits as (number, Wyckoff letter, position))."""

ATOMS = {"rocksalt NaCl": 8, "diamond": 8, "rutile": 6, "perovskite": 5, "quartz": 9, "spinel LiMn2O4": 56,
         "corundum": 30, "baddeleyite": 12}  # fmt: skip


def units(name: str) -> AsymmetricUnits:
    """One structure as a batch of one."""
    group, parameters, orbits = STRUCTURES[name]
    table = tables()
    return AsymmetricUnits(
        np.array([group], np.int16),
        from_parameters(np.array([parameters], float)),
        np.array([[z for z, _, _ in orbits]], np.int16),
        np.array([[table.wyckoff_row(group, letter) for _, letter, _ in orbits]], np.int16),
        np.array([[p for _, _, p in orbits]], float),
    )


def all_units() -> AsymmetricUnits:
    """All of them as one batch, in the order of ``STRUCTURES``."""
    return AsymmetricUnits.concatenate(units(name) for name in STRUCTURES)
