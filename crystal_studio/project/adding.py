"""New candidates on their way into the file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.composition import chemical_systems, formulas
from crystal_studio.project import checksums, geometries, parts, reading, schema

_ADD = f"INSERT INTO candidates ({reading.CANDIDATE_COLUMNS}, checksum) VALUES ({', '.join('?' * 20)})"


@dataclass(frozen=True)
class New:
    """Candidates of one campaign as rows and blobs.

    rows : of each the columns of the table from campaign_id to created; ids are not known yet
    blobs : of each its parts (kind, blob)
    """

    campaign_id: int
    numbers: list[int]
    rows: list[tuple[Any, ...]]
    blobs: list[list[tuple[str, bytes]]]

    @staticmethod
    def of(
        campaign_id: int,
        numbers: list[int],
        candidates: Candidates,
        source: str | Sequence[str],
        status: str,
        created: str,
    ) -> New:
        """``source`` is one text for all or one each."""
        sources = [source] * len(numbers) if isinstance(source, str) else [str(s) for s in source]
        if len(sources) != len(numbers):
            raise ValueError("there must be one source for all candidates or one each")
        cells = candidates.structures
        rows = [
            (
                campaign_id,
                number,
                formula,
                system,
                asked or None,
                group or None,
                figure["n_atoms"],
                orbits or None,
                figure["volume"],
                figure["volume_per_atom"],
                figure["density"],
                schema.GENERATED,
                "",
                status,
                "",
                "",
                place,
                created,
            )
            for number, formula, system, asked, group, figure, orbits, place in zip(
                numbers,
                formulas(cells),
                chemical_systems(cells),
                candidates.asked_space_group.tolist(),
                candidates.space_group.tolist(),
                geometries.figures_of(cells),
                candidates.n_orbits.tolist(),
                sources,
                strict=True,
            )
        ]
        return New(campaign_id, numbers, rows, parts.encode(candidates))


def add(db: sqlite3.Connection, new: New) -> dict[int, int]:
    """Enter those whose number the campaign does not hold yet; returns the ids of all by number."""
    known = _ids_by_number(db, new)
    fresh = [i for i, number in enumerate(new.numbers) if number not in known]
    (last,) = db.execute("SELECT coalesce(max(id), 0) FROM candidates").fetchone()
    ids = dict(zip(fresh, range(last + 1, last + 1 + len(fresh)), strict=True))
    lines = [(ids[i], *new.rows[i]) for i in fresh]
    db.executemany(_ADD, [(*line, checksums.candidate(*line)) for line in lines])
    parts.put(db, [(ids[i], kind, schema.GENERATED, data) for i in fresh for kind, data in new.blobs[i]])
    return known | {new.numbers[i]: ids[i] for i in fresh}


def _ids_by_number(db: sqlite3.Connection, new: New) -> dict[int, int]:
    found = db.execute(
        f"SELECT number, id FROM candidates WHERE campaign_id = ? AND number {reading.AMONG}",
        (new.campaign_id, json.dumps(new.numbers)),
    )
    return {int(number): int(i) for number, i in found}
