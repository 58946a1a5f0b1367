"""What a stage's verdicts change: verdicts, quantities, geometries and the candidates' own rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from crystal_studio.candidates.quantities import LABEL, METHOD_KINDS
from crystal_studio.candidates.registry import quantities
from crystal_studio.candidates.verdicts import PASSED, REJECTED, Finding, Geometry, Verdicts
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.lattice import densities
from crystal_studio.crystal.standardise import space_group_numbers
from crystal_studio.project import blob, checksums, names, parts, reading
from crystal_studio.project.names import LEARNED, Names
from crystal_studio.project.reading import Stored
from crystal_studio.project.schema import GENERATED, HEADLINE, PREDICTED
from crystal_studio.project.values import finite, plain, to_json

_UPSERT_VERDICT = (
    "INSERT INTO verdicts (candidate_id, stage, campaign_id, status, reason, parameters, notes, seconds, checksum) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (candidate_id, stage) DO UPDATE SET "
    "campaign_id=excluded.campaign_id, status=excluded.status, reason=excluded.reason, "
    "parameters=excluded.parameters, notes=excluded.notes, seconds=excluded.seconds, checksum=excluded.checksum"
)
_UPSERT_QUANTITY = "INSERT OR REPLACE INTO quantities VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_OUTCOME = "UPDATE candidates SET space_group=?, stage=?, status=?, reason=?, parameters=?, checksum=? WHERE id=?"
_FIGURES = "UPDATE candidates SET n_atoms=?, volume=?, volume_per_atom=?, density=?, geometry=? WHERE id=?"


@dataclass(frozen=True)
class Recording:
    """One stage's answer to one batch, on its way into the file.

    run_stages : the stages that the run gives anew; what an earlier run's verdicts of them said no longer counts
    """

    campaign_id: int
    stage: str
    ids: list[int]
    verdicts: Verdicts
    seconds: list[float]
    last: bool
    run_stages: frozenset[str] = frozenset()


def record(connection: sqlite3.Connection, path: Path, recording: Recording) -> None:
    """Store it all; the caller's transaction makes it whole. Raises ``FileError`` for damage or a missing candidate."""
    ids, verdicts = recording.ids, recording.verdicts
    rows = reading.stored(connection, path, ids)
    earlier = _earlier(connection, path, recording)
    again = {
        i
        for (i,) in connection.execute(
            "SELECT candidate_id FROM verdicts WHERE stage = ? AND candidate_id IN (SELECT value FROM json_each(?))",
            (recording.stage, json.dumps(ids)),
        )
    }
    known = names.read(connection, path)
    _put_verdicts(connection, recording)
    _put_quantities(connection, known, ids, verdicts.findings, again)
    fresh = [rows[i] for i in ids]
    if verdicts.geometry is not None:
        names.add_method(connection, known, verdicts.geometry.method)
        fresh = _put_geometry(connection, path, known, fresh, verdicts.geometry)
    groups = next((f.values for f in verdicts.findings if f.quantity == "space_group"), None)
    if groups is not None:
        found = [finite(g) for g in groups]
        fresh = [replace(row, space_group=int(g) if g else None) for row, g in zip(fresh, found, strict=True)]
    settled = [_settle(row, k, recording, earlier.get(row.id, [])) for k, row in enumerate(fresh)]
    moved = [row for row in settled if row.figures != rows[row.id].figures]
    if moved:
        connection.executemany(_FIGURES, [(*row.figures, row.id) for row in moved])
    connection.executemany(
        _OUTCOME,
        [
            (r.space_group, r.stage, r.status, r.reason, r.parameters, checksums.candidate(*r.columns), r.id)
            for r in settled
        ],
    )


def _earlier(connection: sqlite3.Connection, path: Path, recording: Recording) -> dict[int, list[tuple]]:
    """By candidate the rejections that other stages gave: (verdict id, stage, reason, parameters), the first first."""
    found: dict[int, list[tuple]] = {}
    for verdict_id, row in reading.raw_verdicts(connection, path, recording.ids, "AND status = 'rejected'"):
        candidate_id, stage, campaign_id, _, reason, parameters = row[:6]
        stale = stage in recording.run_stages and campaign_id != recording.campaign_id
        if not stale:
            found.setdefault(candidate_id, []).append((verdict_id, stage, reason, parameters))
    return found


def _settle(row: Stored, k: int, recording: Recording, earlier: Sequence[tuple]) -> Stored:
    """The candidate after this verdict: an error or a wait as such, else rejected as long as any verdict rejects."""
    status, reason = recording.verdicts.status[k], recording.verdicts.reasons[k]
    code, parameters = (reason.code, to_json(reason.parameters)) if reason is not None else ("", "")
    stage = recording.stage
    if status in (PASSED, REJECTED):
        before = [e for e in earlier if e[1] != stage]
        mine = next((e[0] for e in earlier if e[1] == stage), None)
        first = before[0] if before and (status == PASSED or mine is None or before[0][0] < mine) else None
        if first is not None:
            _, stage, code, parameters = first
            status = REJECTED
        elif status == PASSED:
            code = parameters = ""
            status = PASSED if recording.last or row.status == PASSED else "pending"
    return replace(row, stage=stage, status=status, reason=code, parameters=parameters)


def _put_verdicts(connection: sqlite3.Connection, recording: Recording) -> None:
    verdicts = recording.verdicts
    notes = {name: [plain(v) for v in column] for name, column in verdicts.notes.items()}
    lines = []
    for k, i in enumerate(recording.ids):
        reason = verdicts.reasons[k]
        told = ("", "") if reason is None else (reason.code, to_json(reason.parameters))
        kept = {name: column[k] for name, column in notes.items() if column[k] is not None}
        line = (
            i,
            recording.stage,
            recording.campaign_id,
            verdicts.status[k],
            *told,
            to_json(kept),
            recording.seconds[k],
        )
        lines.append((*line, checksums.verdict(*line)))
    connection.executemany(_UPSERT_VERDICT, lines)


# -- quantities ----------------------------------------------------------------------------------


def _put_quantities(
    connection: sqlite3.Connection, known: Names, ids: Sequence[int], findings: Sequence[Finding], again: set[int]
) -> None:
    stored = [f for f in findings if not _is_column(f.quantity)]
    if not stored:
        return
    numbers = {f.quantity: names.add_quantity(connection, known, f.quantity, *names.kind_of(f)) for f in stored}
    ways = {f.method.name: names.add_method(connection, known, f.method) for f in stored}
    present = _present(connection, ids, sorted(set(numbers.values())))
    changed: dict[tuple[int, int, int], tuple[float | None, str | None, float | None]] = {}
    gone: set[tuple[int, int, int]] = set()
    for finding in stored:
        quantity, method = numbers[finding.quantity], ways[finding.method.name]
        label = known.quantities[quantity].kind == LABEL
        spread = [None] * len(ids) if finding.uncertainty is None else [finite(u) for u in finding.uncertainty]
        for i, value, uncertainty in zip(ids, finding.values, spread, strict=True):
            number, text = (None, None if value is None else str(value)) if label else (finite(value), None)
            if number is not None or text is not None:
                changed[i, quantity, method] = (number, text, uncertainty)
            elif i in again and (i, quantity, method) in present:
                gone.add((i, quantity, method))
    _write_quantities(connection, known, present, changed, gone)


def _is_column(quantity: str) -> bool:
    """Whether a quantity is part of the candidate's own row, which follows its geometry."""
    known = quantities().get(quantity)
    return known is not None and known.stored == "column"


def _present(connection: sqlite3.Connection, ids: Sequence[int], numbers: Sequence[int]) -> dict[tuple, tuple]:
    """What is stored already of these quantities: by (candidate, quantity, method) the columns of the row."""
    found = connection.execute(
        "SELECT candidate, quantity, method, value, label, uncertainty, headline FROM quantities "
        "WHERE candidate IN (SELECT value FROM json_each(?)) AND quantity IN (SELECT value FROM json_each(?))",
        (json.dumps(ids), json.dumps(numbers)),
    )
    return {row[:3]: row[3:] for row in found}


def _write_quantities(
    connection: sqlite3.Connection,
    known: Names,
    present: Mapping[tuple, tuple],
    changed: Mapping[tuple[int, int, int], tuple[float | None, str | None, float | None]],
    gone: set[tuple[int, int, int]],
) -> None:
    """Write values and move the headline of each quantity to where it now belongs."""
    # The headline and the learned value beside it are chosen each for itself.
    marked = {mark(known, method) for _, _, method in (*changed, *gone)}
    present = {key: row for key, row in present.items() if mark(known, key[2]) in marked}
    if not present and len({(q, mark(known, m)) for _, q, m in changed}) == len({(q, m) for _, q, m in changed}):
        marks = {m: mark(known, m) for m in known.methods}
        fresh = [(*key, *value, marks[key[2]]) for key, value in changed.items()]
        connection.executemany(_UPSERT_QUANTITY, [(*line, checksums.quantity(*line)) for line in fresh])
        return
    slots: dict[tuple[int, int, int], list[tuple[int, int, int]]] = {}
    for key in (*(k for k in present if k not in gone), *(k for k in changed if k not in present)):
        slots.setdefault((key[0], key[1], mark(known, key[2])), []).append(key)
    lines = []
    for (_, _, slot), keys in slots.items():
        best = min(known.rank(key[2]) for key in keys)
        holders = [k for k in keys if known.rank(k[2]) == best]
        # Of equals the one that holds it already, else the first: keys stand in the order of their recording.
        holder = next((k for k in holders if k in present and present[k][3]), holders[0])
        for key in keys:
            headline = slot if key == holder else None
            value = changed.get(key) or (present[key][:3] if key in present else None)
            if value is not None and (key in changed or present[key][3] != headline):
                line = (*key, *value, headline)
                lines.append((*line, checksums.quantity(*line)))
    if gone:
        connection.executemany("DELETE FROM quantities WHERE candidate=? AND quantity=? AND method=?", sorted(gone))
    connection.executemany(_UPSERT_QUANTITY, lines)


def mark(known: Names, method: int) -> int:
    """Which of the two marks the best value of a method's kind gets: a learned one never is the headline."""
    return PREDICTED if known.methods[method].kind == LEARNED else HEADLINE


# -- geometries ----------------------------------------------------------------------------------


def _put_geometry(
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
            out[k] = replace(row, **here, geometry=method)
    lost = [k for k in still if rows[k].geometry == method]
    for k in lost:
        best = _best_geometry(connection, known, rows[k].id)
        cell, _ = parts.structures(connection, path, [rows[k].id], best)
        out[k] = replace(rows[k], **described(cell)[0], geometry=best)
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
