"""What a candidate has to be before it leaves the generator: apart, of its own symmetry, not too large."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.asymmetric_unit import expand, n_atoms
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.charge_balance import balanced
from crystal_studio.crystal.charge_neutrality import neutral
from crystal_studio.crystal.composition import reduced_counts
from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.crystal.neighbours import minimum_radius_ratios
from crystal_studio.crystal.primitive import primitive
from crystal_studio.crystal.repair import repair
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import space_group_numbers
from crystal_studio.data.reference import ReferenceIndex
from crystal_studio.design.request import DesignRequest

LEAST_RATIO = 0.6
"""Least distance in sums of covalent radii (every real crystal of the training set passes)."""
MOST_MOVED, MOST_EXPANSION = 1.5, 1.1
"""Angstrom that a repair may move an atom before the candidate is drawn again; greatest factor of the cell edges."""
MOST_PACKED = 0.4
"""Of the cell that spheres of 0.6 covalent radii may fill: real crystals of the training set stay below 0.36."""


def is_neutral(units: AsymmetricUnits) -> np.ndarray:
    """(B,) whether the composition is charge balanced, as the funnel asks, and by the published test as well.

    The label by which the network was told of neutral compositions is that of the published test, and the share of
    candidates planned as neutral is that of the training set by it.
    """
    return np.array([balanced(pairs) and neutral(pairs) for pairs in reduced_counts(expand(units))], bool)


def packing(units: AsymmetricUnits) -> np.ndarray:
    """(B,) share of the cell that spheres of ``LEAST_RATIO`` covalent radii fill; infinite without a volume."""
    radius = LEAST_RATIO * COVALENT_RADII[units.numbers]
    multiplicity = np.where(units.mask, tables().multiplicity[np.maximum(units.wyckoff, 0)], 0)
    filled = (multiplicity * 4 / 3 * np.pi * radius**3).sum(1)
    volume = np.abs(np.linalg.det(np.nan_to_num(units.lattice, posinf=0.0)))
    return np.where(volume > 0, filled / np.maximum(volume, 1e-300), np.inf)


def too_many_atoms(units: AsymmetricUnits, request: DesignRequest) -> np.ndarray:
    """(B,) whether the primitive cell holds more atoms than the request allows."""
    if not request.max_atoms or request.composition:
        return np.zeros(len(units), bool)
    return n_atoms(units, primitive=True) > request.max_atoms


def has_its_symmetry(units: AsymmetricUnits) -> np.ndarray:
    """(B,) whether the space group found at 0.1 A is the one that the crystal was made for.

    Orbits of one element on positions that belong together make a supergroup; so do
    free parameters close to special values. Crystals whose atoms overlap have none.
    """
    cells = primitive(expand(units), units.space_group)
    apart = np.flatnonzero(minimum_radius_ratios(cells) >= LEAST_RATIO)
    found = np.zeros(len(units), np.int16)
    found[apart] = space_group_numbers(cells.take(apart))
    return found == units.space_group


def is_known(units: AsymmetricUnits) -> np.ndarray:
    """(B,) whether the crystal, as it is, is one of the known structures that ship; raises ``FileError`` without them.

    What relaxation turns into a known one is not seen.
    """
    return ReferenceIndex.load().known(primitive(expand(units), units.space_group))


def opened(
    units: AsymmetricUnits, held: NDArray[np.bool_] | None = None, fixed_cell: NDArray[np.bool_] | None = None
) -> tuple[AsymmetricUnits, NDArray[np.bool_]]:
    """Crystals with overlaps opened along free parameters, and which of them (B,) had to change little.

    Orbits ``held`` (B, M) and cells ``fixed_cell`` (B,) stay as they are; cells too small for the atoms are not tried.
    """
    gentle = np.zeros(len(units), bool)
    rows = np.flatnonzero(packing(units) <= MOST_PACKED)
    if not len(rows):
        return units, gentle
    free = np.ones(len(rows), bool) if fixed_cell is None else ~fixed_cell[rows]
    still = None if held is None else held[rows]
    some = repair(units.take(rows), held=still, most_expansion=np.where(free, MOST_EXPANSION, 1.0))
    gentle[rows] = (some.moved.max(1) <= MOST_MOVED) & (some.scale == 1.0)
    lattice, positions = units.lattice.copy(), units.positions.copy()
    lattice[rows], positions[rows] = some.units.lattice, some.units.positions
    return replace(units, lattice=lattice, positions=positions), gentle


def trim(units: AsymmetricUnits, max_atoms: int) -> AsymmetricUnits:
    """Leave out the largest orbits of crystals with more than ``max_atoms`` atoms in the primitive cell.

    The last orbit of an element is kept as long as another orbit can go instead; an orbit that alone is
    too large moves to the group's smallest Wyckoff position.
    """
    table = tables()
    numbers, wyckoff, positions = units.numbers.copy(), units.wyckoff.copy(), units.positions.copy()
    multiplicity = table.multiplicity
    for i in np.flatnonzero(n_atoms(units, primitive=True) > max_atoms):
        centring = table.n_centring[units.space_group[i] - 1]
        keep = list(np.flatnonzero(numbers[i]))
        while len(keep) > 1 and multiplicity[wyckoff[i, keep]].sum() // centring > max_atoms:
            repeated = [c for c in keep if (numbers[i, keep] == numbers[i, c]).sum() > 1]
            keep.remove(max(repeated or keep, key=lambda c: multiplicity[wyckoff[i, c]]))
        n = len(keep)
        for array, blank in ((numbers, 0), (wyckoff, -1), (positions, 0)):
            array[i, :n], array[i, n:] = array[i, keep], blank
        if n == 1 and multiplicity[wyckoff[i, 0]] // centring > max_atoms:
            wyckoff[i, 0] = row = table.wyckoff_start[units.space_group[i]] - 1
            positions[i, 0] = (table.linear[row] @ positions[i, 0] + table.origin[row]) % 1.0
    return AsymmetricUnits(units.space_group, units.lattice, numbers, wyckoff, positions)
