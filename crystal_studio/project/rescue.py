"""What is sound in a damaged project, written into a new one."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from crystal_studio.errors import FileError
from crystal_studio.project import blob, checksums, reading, rounds, schema
from crystal_studio.project.check import Report, examine, opened, readable
from crystal_studio.project.geometries import described
from crystal_studio.project.rows import Stored
from crystal_studio.project.schema import GENERATED
from crystal_studio.project.store import ProjectWriter


def rescue(path: str | Path, to: str | Path) -> Report:
    """Write all that is sound into a new project, ids as they were; returns what ``examine`` said of the old one.

    A candidate whose row or generated structure is damaged is left out. Verdicts, values and geometries that are
    damaged are left out too; a candidate whose current geometry is lost is again what was generated.
    """
    report = examine(path)
    if report.version != schema.SCHEMA_VERSION:
        raise FileError(
            f"{path} is of an older version: open it in the window, or run 'crystal-studio resume {path}', which brings"
            " it up to date and keeps a backup beside it, then try again."
        )
    with opened(Path(path)) as db:
        _save(db, Path(to))
    return report


def _save(db: sqlite3.Connection, to: Path) -> None:
    """Copy every row whose checksum holds, and whose candidate and names do too, into the new project ``to``."""
    with ProjectWriter.create(to) as writer, writer._transaction() as new:
        campaigns = _copy(db, new, "campaigns", reading.CAMPAIGN_COLUMNS, "id", checksums.campaign)
        quantities = _copy(db, new, "quantity_names", "id, name, unit, kind", "id", checksums.name)
        methods = _copy(db, new, "methods", "id, name, kind, title", "id", checksums.name)
        cells = {
            (i, kind, method): data
            for i, kind, method, data, _ in readable(
                db, "parts", "candidate_id, kind, method, data", "candidate_id", checksums.part
            )
            if blob.is_sound(data)
        }
        kept = set()
        for row in readable(db, "candidates", reading.CANDIDATE_COLUMNS, "id", checksums.candidate):
            stored = Stored.of(row[:-1])
            if (stored.id, "structure", GENERATED) not in cells:
                continue
            if stored.campaign_id not in campaigns:
                campaigns.add(_stand_in(new, stored))
            kept.add(stored.id)
            stored = _with_geometry(stored, cells)
            new.execute(
                f"INSERT INTO candidates ({reading.CANDIDATE_COLUMNS}, checksum) VALUES ({', '.join('?' * 20)})",
                (*stored.columns, checksums.candidate(*stored.columns)),
            )
        new.executemany(
            "INSERT INTO parts (candidate_id, kind, method, data, checksum) VALUES (?, ?, ?, ?, ?)",
            [(*key, data, checksums.part(*key, data)) for key, data in cells.items() if key[0] in kept],
        )
        new.executemany(
            f"INSERT OR IGNORE INTO verdicts ({reading.VERDICT_COLUMNS}, checksum) VALUES ({', '.join('?' * 9)})",
            [
                row
                for row in readable(db, "verdicts", reading.VERDICT_COLUMNS, "id", checksums.verdict)
                if row[0] in kept and row[2] in campaigns
            ],
        )
        new.executemany(
            f"INSERT OR IGNORE INTO quantities ({reading.QUANTITY_COLUMNS}, checksum) VALUES ({', '.join('?' * 8)})",
            [
                row
                for row in readable(db, "quantities", reading.QUANTITY_COLUMNS, "candidate", checksums.quantity)
                if row[0] in kept and row[1] in quantities and row[2] in methods
            ],
        )
        for row in readable(db, "rounds", rounds.COLUMNS, "id", checksums.round_):
            if {row[8], row[9]} <= campaigns | {None}:
                new.execute(
                    f"INSERT OR IGNORE INTO rounds ({rounds.COLUMNS}, checksum) VALUES ({', '.join('?' * 14)})", row
                )
    if not kept:
        raise FileError(f"No candidate could be saved; {to} holds no more than the campaigns.")


def _copy(db: sqlite3.Connection, new: sqlite3.Connection, table: str, columns: str, key: str, check: Any) -> set[int]:
    rows = list(readable(db, table, columns, key, check))
    marks = ", ".join("?" * (columns.count(",") + 2))
    new.executemany(f"INSERT OR IGNORE INTO {table} ({columns}, checksum) VALUES ({marks})", rows)
    return {row[0] for row in rows}


def _stand_in(new: sqlite3.Connection, one: Stored) -> int:
    """A campaign in place of one that is lost, so that its candidates have a home."""
    row = (one.campaign_id, one.created, "Saved", "import", "", "", "finished", 0, None, 0.0)
    new.execute(
        f"INSERT INTO campaigns ({reading.CAMPAIGN_COLUMNS}, checksum) VALUES ({', '.join('?' * 11)})",
        (*row, checksums.campaign(*row)),
    )
    return one.campaign_id


def _with_geometry(stored: Stored, cells: dict[tuple[int, str, str], bytes]) -> Stored:
    """As it is, or as generated where its current geometry is lost; without orbits where its unit is."""
    if (stored.id, "structure", stored.geometry) not in cells:
        cell = blob.decode_structures([cells[stored.id, "structure", GENERATED]])
        stored = stored.changed(**described(cell)[0], geometry=GENERATED)
    if stored.n_orbits is not None and (stored.id, "unit", GENERATED) not in cells:
        stored = stored.changed(n_orbits=None)
    return stored
