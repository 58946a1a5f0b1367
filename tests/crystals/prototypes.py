"""Real structure types of every crystal family and centring, from pymatgen's AFLOW prototypes."""

from __future__ import annotations

from functools import cache

import numpy as np

from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.lattice import family_rows
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import to_asymmetric_units

FAMILIES = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "hexagonal", "cubic")


@cache
def _units() -> AsymmetricUnits:
    from pymatgen.analysis.prototypes import AFLOW_PROTOTYPE_LIBRARY

    found = [entry["snl"].structure for entry in AFLOW_PROTOTYPE_LIBRARY]
    found = [s for s in found if len(s) <= 24]
    structures = Structures.from_lists(
        [s.lattice.matrix for s in found], [np.array(s.atomic_numbers) for s in found], [s.frac_coords for s in found]
    )
    units, ok, _ = to_asymmetric_units(structures)
    return units.take(ok & (units.n_orbits <= 6) & (units.numbers.max(1) <= 94))


@cache
def one_of_each() -> AsymmetricUnits:
    """One structure of each combination of crystal family and centring that the prototypes have, most orbits first."""
    units = _units()
    centring = np.array([symbol[0] for symbol in tables().symbol])[units.space_group - 1]
    kinds = [f"{f}{c}" for f, c in zip(family_rows(units.space_group), centring, strict=True)]
    order = np.argsort(-units.n_orbits, kind="stable")
    _, first = np.unique(np.array(kinds)[order], return_index=True)
    return units.take(order[first])
