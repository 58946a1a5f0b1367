"""Rows of the project file, checked against their checksums as they are read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crystal_studio.candidates.quantities import NUMBER
from crystal_studio.errors import FileError
from crystal_studio.project import checksums, faults, names
from crystal_studio.project.names import Names
from crystal_studio.project.rows import CampaignRow, CandidateRow, QuantityRow, Stored, VerdictRow
from crystal_studio.project.schema import HEADLINE
from crystal_studio.project.values import from_json, typed

CANDIDATE_COLUMNS = (
    "id, campaign_id, number, formula, chemsys, asked_space_group, space_group, n_atoms, n_orbits, volume, "
    "volume_per_atom, density, geometry, stage, status, reason, parameters, source, created"
)
VERDICT_COLUMNS = "candidate_id, stage, campaign_id, status, reason, parameters, notes, seconds"
QUANTITY_COLUMNS = "candidate, quantity, method, value, label, uncertainty, headline"
CAMPAIGN_COLUMNS = "id, created, name, kind, request, provenance, state, requested, chunk_size, seconds"
AMONG = "IN (SELECT value FROM json_each(?))"
"""One of a JSON list bound as one parameter: any number of ids."""


def raw_candidates(
    connection: sqlite3.Connection, path: Path, rest: str = "", parameters: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """Rows of ``candidates`` (columns as in ``Stored``) chosen by the SQL that follows FROM candidates."""
    rows = connection.execute(f"SELECT {CANDIDATE_COLUMNS}, checksum FROM candidates {rest}", parameters).fetchall()
    out = [row[:-1] for row in rows]
    for row, columns in zip(rows, out, strict=True):
        if not checksums.holds(checksums.candidate, columns, row[-1]):
            raise faults.damaged(path, row[0], "its row in the list")
    return out


def stored(connection: sqlite3.Connection, path: Path, ids: Sequence[int]) -> dict[int, Stored]:
    """Rows by id; raises ``FileError`` for an id that does not exist."""
    found = {row[0]: Stored.of(row) for row in raw_candidates(connection, path, f"WHERE id {AMONG}", [json.dumps(ids)])}
    for i in ids:
        if i not in found:
            raise faults.missing_candidate(path, i)
    return found


def candidate_rows(connection: sqlite3.Connection, path: Path, ids: Sequence[int]) -> list[CandidateRow]:
    """Candidates with their values, in the order of ``ids``; ids that do not exist are left out."""
    wanted = json.dumps(list(ids))
    found = raw_candidates(connection, path, f"WHERE id {AMONG}", [wanted])
    known = names.read(connection, path)
    values: dict[int, dict[str, Any]] = {}
    spreads: dict[int, dict[str, float]] = {}
    predicted: dict[int, dict[str, tuple[Any, float | None]]] = {}
    titles = {i: q.name for i, q in known.quantities.items()}
    special = {i: q.kind for i, q in known.quantities.items() if q.kind != NUMBER}
    last = None
    for i, quantity, _, value, label, spread, headline, _ in raw_quantities(
        connection, path, known, f"WHERE candidate {AMONG} AND headline IS NOT NULL", [wanted]
    ):
        if i != last:  # the values of one candidate lie beside each other
            last, own, learned = i, values.setdefault(i, {}), predicted.setdefault(i, {})
        if quantity in special:
            value = typed(special[quantity], value, label)
        if headline == HEADLINE:
            own[titles[quantity]] = value
            if spread is not None:
                spreads.setdefault(i, {})[titles[quantity]] = spread
        else:
            learned[titles[quantity]] = (value, spread)
    nothing: dict[str, Any] = {}
    rows = {
        row[0]: CandidateRow.of(
            (*row[:16], from_json(row[16]), *row[17:], values.get(row[0], nothing), spreads.get(row[0], nothing),
             predicted.get(row[0], nothing))
        )
        for row in found
    }  # fmt: skip
    return [rows[i] for i in ids if i in rows]


def raw_quantities(
    connection: sqlite3.Connection, path: Path, known: Names, rest: str, parameters: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """Rows of ``quantities`` (candidate to headline, the checksum behind) chosen by the SQL that follows FROM."""
    rows = connection.execute(f"SELECT {QUANTITY_COLUMNS}, checksum FROM quantities {rest}", parameters).fetchall()
    wrong = checksums.all_quantities_hold(rows)
    if wrong is None and not {row[1] for row in rows} <= known.quantities.keys():
        wrong = next(row[0] for row in rows if row[1] not in known.quantities)
    if wrong is None and not {row[2] for row in rows} <= known.methods.keys():
        wrong = next(row[0] for row in rows if row[2] not in known.methods)
    if wrong is not None:
        raise faults.damaged(path, wrong, "one of its values")
    return rows


def quantity_rows(connection: sqlite3.Connection, path: Path, candidate_id: int) -> list[QuantityRow]:
    """Every value of one candidate, by whatever method, quantities in the order in which the file met them."""
    known = names.read(connection, path)
    found = raw_quantities(connection, path, known, "WHERE candidate = ? ORDER BY quantity, method", [candidate_id])
    return [
        QuantityRow(
            i,
            known.quantities[quantity].name,
            known.methods[method],
            value,
            label,
            known.quantities[quantity].unit,
            spread,
            headline == HEADLINE,
        )
        for i, quantity, method, value, label, spread, headline, _ in found
    ]


def raw_verdicts(
    connection: sqlite3.Connection, path: Path, ids: Sequence[int], rest: str = "", values: Sequence[Any] = ()
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """(verdict id, columns from candidate_id to seconds) of candidates, in the order in which stages spoke first."""
    statement = f"SELECT {VERDICT_COLUMNS}, checksum, id FROM verdicts WHERE candidate_id {AMONG} {rest} ORDER BY id"
    for row in connection.execute(statement, [json.dumps(list(ids)), *values]):
        columns = row[:-2]
        if not checksums.holds(checksums.verdict, columns, row[-2]):
            raise faults.damaged(path, row[0], "a verdict")
        yield row[-1], columns


def verdict_rows(connection: sqlite3.Connection, path: Path, ids: Sequence[int]) -> list[VerdictRow]:
    """What every stage says of candidates: the latest verdict of each, in the order in which they spoke first."""
    latest = {(row[0], row[1]): row for _, row in raw_verdicts(connection, path, ids)}
    out = []
    for row in latest.values():
        columns: list[Any] = [*row[:5], from_json(row[5]), from_json(row[6]), row[7]]
        out.append(VerdictRow(*columns))
    return out


def campaign_rows(
    connection: sqlite3.Connection, path: Path, rest: str = "", values: Sequence[Any] = ()
) -> list[CampaignRow]:
    """Campaigns chosen by the SQL that follows FROM campaigns."""
    out = []
    for row in connection.execute(f"SELECT {CAMPAIGN_COLUMNS}, checksum FROM campaigns {rest}", values):
        if not checksums.holds(checksums.campaign, row[:-1], row[-1]):
            raise FileError(
                f"Campaign {row[0]} of {path} is damaged: see what can be saved with crystal-studio doctor {path}, "
                "or restore the project from a copy."
            )
        columns: list[Any] = [*row[:4], from_json(row[4]), from_json(row[5]), *row[6:-1]]
        out.append(CampaignRow(*columns))
    return out


def campaign_row(connection: sqlite3.Connection, path: Path, campaign_id: int) -> CampaignRow:
    """One campaign; raises ``FileError`` where there is none such."""
    rows = campaign_rows(connection, path, "WHERE id = ?", [campaign_id])
    if not rows:
        raise FileError(f"{path} has no campaign {campaign_id}.")
    return rows[0]
