"""Random crystals in any space group, as asymmetric units put them together."""

from __future__ import annotations

import numpy as np

from crystal_studio.crystal import lattice as lattices
from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.primitive import primitive
from crystal_studio.crystal.projection import project
from crystal_studio.crystal.space_groups import tables


def asymmetric_unit(group: int, seed: int) -> AsymmetricUnits:
    """One crystal of three random orbits on any Wyckoff positions."""
    rng, table = np.random.default_rng(seed), tables()
    numbers = np.array([[8, 22, 55]], np.int16)
    rows = rng.choice(table.wyckoff_rows(group), 3)
    k = rng.normal(0, 0.1, (1, 6))
    k[:, 5] = np.log(table.multiplicity[rows].sum() * 20.0) / 3
    number = np.array([group], np.int16)
    cell = lattices.from_k(lattices.constrain(k, number))
    return project(number, cell, numbers, table.site_class[rows][None].astype(np.int64), rng.random((1, 3, 3)))


def crystal(group: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Its primitive cell."""
    units = asymmetric_unit(group, seed)
    found = primitive(expand(units), units.space_group)
    return found.lattice[0], found.numbers, found.positions
