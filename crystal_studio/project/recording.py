"""What a stage's verdicts change: verdicts, quantities, geometries and the candidates' own rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from crystal_studio.candidates.verdicts import PASSED, REJECTED, Verdicts
from crystal_studio.project import checksums, findings, geometries, names, reading
from crystal_studio.project.rows import Stored
from crystal_studio.project.values import finite, plain, to_json

_INSERT_VERDICT = f"INSERT INTO verdicts ({reading.VERDICT_COLUMNS}, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPSERT_VERDICT = (
    f"{_INSERT_VERDICT} ON CONFLICT (candidate_id, stage, campaign_id) DO UPDATE SET "
    "status=excluded.status, reason=excluded.reason, parameters=excluded.parameters, notes=excluded.notes, "
    "seconds=excluded.seconds, checksum=excluded.checksum"
)
_OUTCOME = "UPDATE candidates SET stage=?, reason=?, parameters=?, checksum=?"
_FIGURES = "UPDATE candidates SET n_atoms=?, volume=?, volume_per_atom=?, density=?, geometry=? WHERE id=?"


@dataclass(frozen=True)
class Recording:
    """One stage's answer to one batch, on its way into the file.

    told : for each candidate the reason and its parameters as JSON, ("", "") where there is none
    run_stages : of a judging the stages that it gives anew; what other runs said of them no longer counts once it has
        judged a candidate. Until then the candidate stays what it was.
    """

    campaign_id: int
    stage: str
    ids: list[int]
    verdicts: Verdicts
    seconds: list[float]
    last: bool
    run_stages: frozenset[str] = frozenset()

    @cached_property
    def told(self) -> list[tuple[str, str]]:
        reasons = self.verdicts.reasons
        return [("", "") if r is None else (r.code, to_json(r.parameters)) for r in reasons]


def record(connection: sqlite3.Connection, path: Path, recording: Recording) -> None:
    """Store it all; the caller's transaction makes it whole. Raises ``FileError`` for damage or a missing candidate."""
    ids, verdicts = recording.ids, recording.verdicts
    rows = reading.stored(connection, path, ids)
    earlier = _rejections(connection, path, ids, _STANDING, recording.campaign_id)
    again = {
        i
        for (i,) in connection.execute(
            "SELECT candidate_id FROM verdicts WHERE stage = ? AND candidate_id IN (SELECT value FROM json_each(?))",
            (recording.stage, json.dumps(ids)),
        )
    }
    known = names.read(connection, path)
    _put_verdicts(connection, recording, again)
    findings.put(connection, known, ids, verdicts.findings, again)
    fresh = [rows[i] for i in ids]
    if verdicts.geometry is not None:
        names.add_method(connection, known, verdicts.geometry.method)
        fresh = geometries.put(connection, path, known, fresh, verdicts.geometry)
    groups = next((f.values for f in verdicts.findings if f.quantity == "space_group"), None)
    if groups is not None:
        found = [finite(g) for g in groups]
        fresh = [row.changed(space_group=int(g) if g else None) for row, g in zip(fresh, found, strict=True)]
    fresh = _without_failures(connection, path, recording, fresh)
    settled = [_settle(row, k, recording, earlier.get(row.id, [])) for k, row in enumerate(fresh)]
    moved = [row for row in settled if row.figures != rows[row.id].figures]
    if moved:
        connection.executemany(_FIGURES, [(*row.figures, row.id) for row in moved])
    _put_outcomes(connection, rows, settled)


def _put_outcomes(connection: sqlite3.Connection, rows: Mapping[int, Stored], settled: Sequence[Stored]) -> None:
    """The candidates' rows; columns with an index only where they change, because SQLite enters them anew if named."""
    lines: dict[str, list[tuple[Any, ...]]] = {}
    for row in settled:
        before = rows[row.id]
        line: list[Any] = [row.stage, row.reason, row.parameters, checksums.candidate(*row.columns)]
        statement = _OUTCOME
        if row.status != before.status:
            statement += ", status=?"
            line.append(row.status)
        if row.space_group != before.space_group:
            statement += ", space_group=?"
            line.append(row.space_group)
        lines.setdefault(statement + " WHERE id=?", []).append((*line, row.id))
    for statement, changes in lines.items():
        connection.executemany(statement, changes)


_LATER = (
    "SELECT 1 FROM verdicts w WHERE w.candidate_id = verdicts.candidate_id AND w.stage = verdicts.stage "
    "AND w.campaign_id <> verdicts.campaign_id"
)
_STANDING = (
    f"AND status = 'rejected' AND (campaign_id = ? OR NOT EXISTS ({_LATER} AND (w.id > verdicts.id "
    "OR w.campaign_id = ?)))"
)
"""Of one stage the latest run's verdict stands, but that of the run that records goes before it."""
_BEFORE = (
    f"AND status = 'rejected' AND campaign_id <> ? AND NOT EXISTS ({_LATER} AND w.id > verdicts.id "
    "AND w.campaign_id <> ?)"
)
"""What stood before the run that records."""


def _rejections(
    connection: sqlite3.Connection, path: Path, ids: Sequence[int], which: str, run: int
) -> dict[int, list[tuple]]:
    """By candidate the rejections that stand: (verdict id, stage, reason, parameters, run), the first first."""
    found: dict[int, list[tuple]] = {}
    for verdict_id, row in reading.raw_verdicts(connection, path, ids, which, (run, run)):
        candidate_id, stage, campaign_id, _, reason, parameters = row[:6]
        found.setdefault(candidate_id, []).append((verdict_id, stage, reason, parameters, campaign_id))
    return found


def _settle(row: Stored, k: int, recording: Recording, earlier: Sequence[tuple]) -> Stored:
    """The candidate after this verdict: an error or a wait as such, else rejected as long as any verdict rejects."""
    status, (code, parameters) = recording.verdicts.status[k], recording.told[k]
    stage, judging = recording.stage, recording.run_stages
    if status in (PASSED, REJECTED):
        standing = [e for e in earlier if e[1] not in judging or e[4] == recording.campaign_id]
        before = [e for e in standing if e[1] != stage]
        mine = next((e[0] for e in standing if e[1] == stage), None)
        first = before[0] if before and (status == PASSED or mine is None or before[0][0] < mine) else None
        if first is not None:
            _, stage, code, parameters, _ = first
            status = REJECTED
        elif status == PASSED:
            code = parameters = ""
            if not recording.last and judging:
                return row
            status = PASSED if recording.last or row.status == PASSED else "pending"
    return row.changed(stage=stage, status=status, reason=code, parameters=parameters)


def _without_failures(
    connection: sqlite3.Connection, path: Path, recording: Recording, rows: Sequence[Stored]
) -> list[Stored]:
    """What a judging, which may yet be cancelled, finds a candidate to be: not what its own failed attempt has left."""
    failed = [r.id for r in rows if r.status in ("error", "waiting") and r.stage == recording.stage]
    if not failed or not recording.run_stages:
        return list(rows)
    before = _rejections(connection, path, failed, _BEFORE, recording.campaign_id)
    out = []
    for row in rows:
        if row.id in before:
            _, stage, code, parameters, _ = before[row.id][0]
            row = row.changed(stage=stage, status=REJECTED, reason=code, parameters=parameters)
        elif row.id in failed:
            row = row.changed(stage="", status="unjudged", reason="", parameters="")
        out.append(row)
    return out


def _put_verdicts(connection: sqlite3.Connection, recording: Recording, again: set[int]) -> None:
    verdicts = recording.verdicts
    notes = {name: [plain(v) for v in column] for name, column in verdicts.notes.items()}
    lines = []
    for k, i in enumerate(recording.ids):
        kept = {name: column[k] for name, column in notes.items() if column[k] is not None}
        line = (
            i,
            recording.stage,
            recording.campaign_id,
            verdicts.status[k],
            *recording.told[k],
            to_json(kept),
            recording.seconds[k],
        )
        lines.append((*line, checksums.verdict(*line)))
    connection.executemany(_UPSERT_VERDICT if again else _INSERT_VERDICT, lines)
