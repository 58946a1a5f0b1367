"""Taking back that candidates wait for an answer from elsewhere: they are again what they were before."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from crystal_studio.candidates.verdicts import WAITING, Reason
from crystal_studio.project import checksums, reading
from crystal_studio.project.rows import Stored
from crystal_studio.project.values import from_json, to_json

_KEPT = ("status", "stage", "reason")


def waiting(row: Stored, answer: str) -> Reason:
    """The reason of a verdict "waiting" for an ``answer`` in words, which keeps what the candidate is now."""
    kept = {f"was_{name}": getattr(row, name) for name in _KEPT}
    parameters = row.parameters if isinstance(row.parameters, str) else to_json(row.parameters)
    return Reason(WAITING, {**kept, "was_parameters": parameters, "answer": answer})


def withdraw(db: sqlite3.Connection, path: Path, campaign_id: int, stage: str, ids: Sequence[int]) -> None:
    """Forget the verdicts "waiting" of one run and stage; candidates that nobody has judged since are restored.

    The verdicts have reasons as ``waiting`` makes them; others, and those that are no longer waiting, stay.
    """
    rows = reading.stored(db, path, ids)
    mine = "AND stage = ? AND campaign_id = ? AND status = 'waiting'"
    for verdict_id, columns in list(reading.raw_verdicts(db, path, ids, mine, (stage, campaign_id))):
        was = from_json(columns[5])
        if "was_status" not in was:
            continue
        db.execute("DELETE FROM verdicts WHERE id = ?", (verdict_id,))
        row = rows[columns[0]]
        if (row.status, row.stage) != (WAITING, stage):
            continue
        row = row.changed(parameters=was["was_parameters"], **{name: was[f"was_{name}"] for name in _KEPT})
        db.execute(
            "UPDATE candidates SET status=?, stage=?, reason=?, parameters=?, checksum=? WHERE id=?",
            (row.status, row.stage, row.reason, row.parameters, checksums.candidate(*row.columns), row.id),
        )
