"""Candidates as the blobs that they are stored in, and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from crystal_studio.candidates.batch import Candidates, no_units
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.errors import FileError
from crystal_studio.project import blob, blob_extras, checksums
from crystal_studio.project.faults import damaged, missing_candidate
from crystal_studio.project.schema import CURRENT, GENERATED

T = TypeVar("T")
_CHUNK = 20_000


def encode(candidates: Candidates) -> list[list[tuple[str, bytes]]]:
    """For each candidate its parts: (kind, blob)."""
    columns: list[tuple[str, Sequence[bytes | None]]] = [("structure", blob.encode_structures(candidates.structures))]
    if candidates.units is not None:
        units = blob.encode_units(candidates.units)
        columns.append(("unit", [u if has else None for u, has in zip(units, candidates.has_unit, strict=True)]))
    if candidates.bonds is not None:
        columns.append(("bonds", blob_extras.encode_bonds(candidates.bonds)))
    if candidates.blocks is not None:
        columns.append(("blocks", blob_extras.encode_blocks(candidates.blocks)))
    return [
        [(kind, data) for kind, column in columns if (data := column[i]) is not None] for i in range(len(candidates))
    ]


def put(connection: sqlite3.Connection, rows: Iterable[tuple[int, str, str, bytes]]) -> None:
    """Store parts (candidate, kind, method, blob) in place of earlier ones."""
    connection.executemany(
        "INSERT INTO parts (candidate_id, kind, method, data, checksum) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (candidate_id, kind, method) DO UPDATE SET data=excluded.data, checksum=excluded.checksum",
        [(*row, checksums.part(*row)) for row in rows],
    )


def structures(
    connection: sqlite3.Connection, path: Path, ids: Sequence[int], geometry: str = CURRENT
) -> tuple[Structures, list[str]]:
    """The cells of candidates in one geometry, and which geometry that is for each.

    Raises ``FileError`` for a candidate that has no such geometry, does not exist, or is damaged.
    """
    found = _blobs(connection, path, ids, "structure", geometry)
    missing = next((i for i in ids if i not in found), None)
    if missing is not None:
        raise _absent(connection, path, missing, geometry)
    return (
        _decoded(path, ids, [found[i][1] for i in ids], blob.decode_structures),
        [found[i][0] for i in ids],
    )


def units(connection: sqlite3.Connection, path: Path, ids: Sequence[int]) -> AsymmetricUnits:
    """Asymmetric units of the generated geometry; no orbit and group 0 where they are not known."""
    cells, _ = structures(connection, path, ids, GENERATED)
    return _units(connection, path, ids, cells)


def batch(
    connection: sqlite3.Connection, path: Path, ids: Sequence[int], asked: Sequence[int | None], geometry: str
) -> Candidates:
    """Candidates in one geometry; asymmetric units only for those that are as generated."""
    cells, names = structures(connection, path, ids, geometry)
    generated = np.array([name == GENERATED for name in names], bool)
    own = _units(connection, path, ids, cells, generated) if generated.any() else None
    if own is not None and not (own.space_group > 0).any():
        own = None
    bonds = _blobs(connection, path, ids, "bonds", GENERATED)
    blocks = _blobs(connection, path, ids, "blocks", GENERATED)
    sizes = cells.n_atoms.tolist()
    stated = _decoded(path, ids, _column(bonds, ids), blob_extras.decode_bonds) if bonds else None
    if stated is not None and not generated.all():
        stated = stated.following(structures(connection, path, ids, GENERATED)[0], cells)
    return Candidates(
        cells,
        np.array([group or 0 for group in asked], np.int16),
        own,
        stated,
        _decoded(path, ids, _column(blocks, ids), lambda b: blob_extras.decode_blocks(b, sizes)) if blocks else None,
    )


def _column(found: dict[int, tuple[str, bytes]], ids: Sequence[int]) -> list[bytes | None]:
    return [found[i][1] if i in found else None for i in ids]


def _units(
    connection: sqlite3.Connection,
    path: Path,
    ids: Sequence[int],
    cells: Structures,
    wanted: np.ndarray | None = None,
) -> AsymmetricUnits:
    empty = no_units(cells)
    found = _blobs(connection, path, ids, "unit", GENERATED)
    known = np.array([i in found for i in ids], bool)
    if wanted is not None:
        known &= wanted
    rows = np.flatnonzero(known)
    if not len(rows):
        return empty
    chosen = [ids[row] for row in rows.tolist()]
    made = _decoded(path, chosen, [found[i][1] for i in chosen], blob.decode_units)
    order = np.argsort(np.concatenate([rows, np.flatnonzero(~known)]))
    return AsymmetricUnits.concatenate([made, empty.take(np.flatnonzero(~known))]).take(order)


def _blobs(
    connection: sqlite3.Connection, path: Path, ids: Sequence[int], kind: str, geometry: str
) -> dict[int, tuple[str, bytes]]:
    """By candidate the method and the blob of one part, for those that have it."""
    found: dict[int, tuple[str, bytes]] = {}
    wanted = sorted(set(ids))
    method = "(SELECT geometry FROM candidates WHERE id = p.candidate_id)" if geometry == CURRENT else "?"
    for start in range(0, len(wanted), _CHUNK):
        values: list[str] = [json.dumps(wanted[start : start + _CHUNK]), kind]
        for i, name, data, checksum in connection.execute(
            "SELECT p.candidate_id, p.method, p.data, p.checksum FROM parts p "
            f"WHERE p.candidate_id IN (SELECT value FROM json_each(?)) AND p.kind = ? AND p.method = {method}",
            values if geometry == CURRENT else [*values, geometry],
        ):
            if not checksums.holds(checksums.part, (i, kind, name, data), checksum):
                raise damaged(path, i, f"its {kind}")
            found[i] = (name, data)
    return found


def _decoded(path: Path, ids: Sequence[int], blobs: Sequence[bytes | None], decode: Callable[[Sequence[Any]], T]) -> T:
    """All blobs at once; where one is damaged, the error names its candidate."""
    try:
        return decode(blobs)
    except FileError as error:
        for i, one in zip(ids, blobs, strict=True):
            if one is not None and not blob.is_sound(one):
                raise damaged(path, i, "its structure") from error
        raise


def _absent(connection: sqlite3.Connection, path: Path, candidate_id: int, geometry: str) -> FileError:
    known = connection.execute("SELECT geometry FROM candidates WHERE id = ?", (candidate_id,)).fetchone()
    if known is None:
        return missing_candidate(path, candidate_id)
    methods = [m for (m,) in connection.execute(
        "SELECT method FROM parts WHERE candidate_id = ? AND kind = 'structure' ORDER BY id", (candidate_id,)
    )]  # fmt: skip
    if geometry in (CURRENT, GENERATED) or not methods:
        return damaged(path, candidate_id, "its structure is missing")
    return FileError(
        f"Candidate {candidate_id} has no geometry {geometry!r}: relax it first, or take one of {', '.join(methods)}."
    )
