"""Parts of a batch: what is found of some candidates, spread over all of them, and verdicts of parts, joined."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Geometry, Verdicts
from crystal_studio.crystal.batches import Structures
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.protocol import Batch


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


def join(batches: Sequence[Batch], parts: Sequence[Verdicts]) -> Verdicts:
    """One answer out of the answers to consecutive parts of a batch; what a part does not say is unknown there."""
    sizes = [len(part) for part in parts]
    found = [{(f.quantity, f.method): f for f in part.findings} for part in parts]
    findings = []
    for key in dict.fromkeys(key for own in found for key in own):
        own = [f.get(key) for f in found]
        sure = [None if f is None else f.uncertainty for f in own]
        values = _column([None if f is None else f.values for f in own], sizes)
        findings.append(Finding(*key, values, _column(sure, sizes) if any(u is not None for u in sure) else None))
    names = dict.fromkeys(name for part in parts for name in part.notes)
    return Verdicts(
        tuple(status for part in parts for status in part.status),
        tuple(reason for part in parts for reason in part.reasons),
        tuple(findings),
        {name: _column([part.notes.get(name) for part in parts], sizes) for name in names},
        _geometry(batches, parts),
    )


def _column(parts: Sequence[NDArray | None], sizes: Sequence[int]) -> NDArray:
    """(B,) the parts one after the other; NaN, or None in a column of objects, where a part is missing."""
    labels = any(p is not None and p.dtype == object for p in parts)
    return np.concatenate(
        [
            p if p is not None else objects([None] * n) if labels else np.full(n, np.nan)
            for p, n in zip(parts, sizes, strict=True)
        ]
    )


def _geometry(batches: Sequence[Batch], parts: Sequence[Verdicts]) -> Geometry | None:
    method = next((part.geometry.method for part in parts if part.geometry is not None), None)
    if method is None:
        return None
    cells, moved = [], []
    for batch, part in zip(batches, parts, strict=True):
        here = part.geometry
        cells.append(batch.structures if here is None else here.structures)
        moved.append(np.zeros(len(part), bool) if here is None else here.moved)
    return Geometry(method, Structures.concatenate(cells), np.concatenate(moved))
