"""From asymmetric units to every atom of the conventional cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.space_groups import tables


def flat_ranges(start: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """start[0]..start[0]+count[0]-1, start[1].., ... in one flat array."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(start - (ends - count), count)


def expand(units: AsymmetricUnits) -> Structures:
    """The conventional cells: each representative carried around its orbit."""
    table = tables()
    crystal, column = np.nonzero(units.mask)
    row = units.wyckoff[crystal, column].astype(np.int64)
    multiplicity = table.multiplicity[row]
    operation = table.orbit_operation[flat_ranges(table.orbit_start[row], multiplicity)]
    point = np.repeat(units.positions[crystal, column], multiplicity, axis=0)
    moved = np.einsum("nij,nj->ni", table.rotations[operation], point) + table.translations[operation]
    # Rounding errors just below 0 must not become 1 - 1e-17.
    moved = np.where(np.abs(moved - np.round(moved)) < 1e-9, np.round(moved), moved) % 1.0
    counts = np.bincount(np.repeat(crystal, multiplicity), minlength=len(units))
    return Structures(
        lattice=units.lattice,
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        numbers=np.repeat(units.numbers[crystal, column], multiplicity).astype(np.int16),
        positions=moved,
        orbit=np.repeat(column, multiplicity).astype(np.int16),
    )


def representatives(units: AsymmetricUnits) -> Structures:
    """The cells with one atom an orbit, the representatives alone."""
    crystal, column = np.nonzero(units.mask)
    offsets = np.concatenate([[0], np.cumsum(units.n_orbits)]).astype(np.int64)
    return Structures(
        units.lattice,
        offsets,
        units.numbers[crystal, column],
        units.positions[crystal, column],
        column.astype(np.int16),
    )


def n_atoms(units: AsymmetricUnits, primitive: bool = False) -> NDArray[np.int64]:
    """(B,) atoms in the conventional (or primitive) cell."""
    table = tables()
    each = np.where(units.mask, table.multiplicity[np.maximum(units.wyckoff, 0)], 0).sum(1)
    return each // table.n_centring[units.space_group - 1] if primitive else each
