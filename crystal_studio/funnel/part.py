"""What a stage finds of some candidates of a batch, spread over all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Geometry
from crystal_studio.crystal.batches import Structures


def spread_out(values: NDArray, rows: NDArray, size: int) -> NDArray:
    """(size,) the values in their rows; elsewhere NaN, or None where they are texts."""
    column = np.full(size, None, object) if values.dtype == object else np.full(size, np.nan)
    column[rows] = values
    return column


def geometry(method: Method, whole: Structures, rows: NDArray, part: Structures, moved: NDArray) -> Geometry | None:
    """The whole batch with the crystals of ``part`` in their rows; of these hold the ones marked in ``moved``, and
    there is none where none is marked."""
    if not moved.any():
        return None
    lattice, positions, holds = whole.lattice.copy(), whole.positions.copy(), np.zeros(len(whole), bool)
    for at in np.flatnonzero(moved).tolist():
        row = int(rows[at])
        lattice[row], positions[whole.atoms(row)] = part.lattice[at], part.positions[part.atoms(at)]
        holds[row] = True
    return Geometry(method, Structures(lattice, whole.offsets, whole.numbers, positions, whole.orbit), holds)
