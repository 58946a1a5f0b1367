"""Geometries of candidates: those that methods have moved, which of them is the current one, and what it measures."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.candidates.quantities import METHOD_KINDS
from crystal_studio.candidates.verdicts import Geometry
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.lattice import densities
from crystal_studio.crystal.standardise import space_group_numbers
from crystal_studio.project import blob, parts
from crystal_studio.project.names import LEARNED, Names
from crystal_studio.project.rows import Stored
from crystal_studio.project.schema import GENERATED


def put(
    connection: sqlite3.Connection, path: Path, known: Names, rows: Sequence[Stored], geometry: Geometry
) -> list[Stored]:
    """Store the geometries that moved, forget this method's earlier ones where it gave up now, and say for every
    candidate what its current geometry is and measures."""
    method = geometry.method.name
    moved = np.flatnonzero(geometry.moved).tolist()
    cells = geometry.structures.take(np.array(moved, np.int64))
    blobs = blob.encode_structures(cells)
    parts.put(connection, [(rows[k].id, "structure", method, data) for k, data in zip(moved, blobs, strict=True)])
    still = np.flatnonzero(~np.asarray(geometry.moved, bool)).tolist()
    connection.executemany(
        "DELETE FROM parts WHERE candidate_id = ? AND kind = 'structure' AND method = ?",
        [(rows[k].id, method) for k in still],
    )
    out = list(rows)
    for k, here in zip(moved, described(cells), strict=True):
        row = out[k]
        if row.geometry == method or trust(known, method) < trust(known, row.geometry):
            out[k] = row.changed(**here, geometry=method)
    lost = [k for k in still if rows[k].geometry == method]
    for k in lost:
        best = _best_geometry(connection, known, rows[k].id)
        cell, _ = parts.structures(connection, path, [rows[k].id], best)
        out[k] = rows[k].changed(**described(cell)[0], geometry=best)
    return out


def trust(known: Names, geometry: str) -> int:
    """Place of a geometry in the order of trust, the lowest first; what was generated or learned comes last."""
    if geometry == GENERATED or geometry not in known.method_ids:
        return len(METHOD_KINDS)
    rank = known.rank(known.method_ids[geometry])
    return len(METHOD_KINDS) if METHOD_KINDS[rank] == LEARNED else rank


def _best_geometry(connection: sqlite3.Connection, known: Names, candidate_id: int) -> str:
    found = connection.execute(
        "SELECT method FROM parts WHERE candidate_id = ? AND kind = 'structure' ORDER BY id", (candidate_id,)
    )
    return min(
        (m for (m,) in found if trust(known, m) < len(METHOD_KINDS)), key=lambda m: trust(known, m), default=GENERATED
    )


def described(cells: Structures) -> list[dict[str, Any]]:
    """What a candidate's row says of the geometry that it now has: the figures of its cell, and its space group as
    the symmetry stage finds it (None: none found)."""
    groups = space_group_numbers(cells).tolist()
    return [{**figures, "space_group": g or None} for figures, g in zip(figures_of(cells), groups, strict=True)]


def figures_of(cells: Structures) -> list[dict[str, Any]]:
    """What a candidate's row says of its cell; 0 where the cell is no finite one."""
    atoms = cells.n_atoms
    with np.errstate(all="ignore"):
        volume = cells.volume
        columns = {
            "n_atoms": atoms.tolist(),
            "volume": np.nan_to_num(volume, posinf=0, neginf=0).tolist(),
            "volume_per_atom": np.nan_to_num(volume / np.maximum(atoms, 1), posinf=0, neginf=0).tolist(),
            "density": np.nan_to_num(densities(cells), posinf=0, neginf=0).tolist(),
        }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
