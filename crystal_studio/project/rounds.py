"""Rounds of improvements in the project file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from crystal_studio.errors import FileError
from crystal_studio.project import checksums
from crystal_studio.project.rows import RoundRow
from crystal_studio.project.schema import ROUND_STATES
from crystal_studio.project.values import from_json, to_json

COLUMNS = "id, improvement, number, created, plan, state, parent, model, campaign_id, check_id, kept, figures, seconds"


def read(db: sqlite3.Connection, path: Path, improvement: int | None = None) -> list[RoundRow]:
    """All rounds, or those of one improvement, in their order; raises ``FileError`` for one that is damaged."""
    where, values = ("WHERE improvement = ?", [improvement]) if improvement is not None else ("", [])
    out = []
    for row in db.execute(f"SELECT {COLUMNS}, checksum FROM rounds {where} ORDER BY improvement, number", values):
        if not checksums.holds(checksums.round_, row[:-1], row[-1]):
            raise FileError(
                f"Round {row[2]} of improvement {row[1]} of {path} is damaged: see what can be saved with "
                f"crystal-studio doctor {path}, or restore the project from a copy."
            )
        kept = None if row[10] is None else bool(row[10])
        columns: list[Any] = [*row[:4], from_json(row[4]), *row[5:10], kept, from_json(row[11]), row[12]]
        out.append(RoundRow(*columns))
    return out


def begin(db: sqlite3.Connection, created: str, plan: dict[str, Any], model: str) -> RoundRow:
    """The first round of a new improvement."""
    (improvement,) = db.execute("SELECT coalesce(max(improvement), 0) + 1 FROM rounds").fetchone()
    return add(db, RoundRow(0, improvement, 0, created, plan, "generating", "", model))


def add(db: sqlite3.Connection, row: RoundRow) -> RoundRow:
    """A further round, with an id of its own."""
    (new,) = db.execute("SELECT coalesce(max(id), 0) + 1 FROM rounds").fetchone()
    row = RoundRow(**{**row.__dict__, "id": new})
    put(db, row)
    return row


def put(db: sqlite3.Connection, row: RoundRow) -> None:
    """A round as it is now, in the place of what was known of it."""
    if row.state not in ROUND_STATES:
        raise ValueError(f"unknown state of a round {row.state!r}")
    kept = None if row.kept is None else int(row.kept)
    columns = (
        *(row.id, row.improvement, row.number, row.created, to_json(row.plan), row.state, row.parent, row.model),
        *(row.campaign_id, row.check_id, kept, to_json(row.figures), float(row.seconds)),
    )
    marks = ", ".join("?" * (len(columns) + 1))
    db.execute(
        f"INSERT OR REPLACE INTO rounds ({COLUMNS}, checksum) VALUES ({marks})",
        (*columns, checksums.round_(*columns)),
    )
