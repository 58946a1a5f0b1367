"""Reading a project: pages of candidates, whole columns, structures; safe beside a writer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Engine, Select, bindparam, func, inspect, select, text
from sqlalchemy.sql.sqltypes import Boolean, Float, Text

from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.errors import FileError
from crystal_studio.project import blob, connection, copies, filters, schema
from crystal_studio.project.rows import CampaignRow, CandidateRow, VerdictRow
from crystal_studio.project.schema import campaigns, candidates, structures, verdicts

_ROW = tuple(candidates.c[f.name] for f in fields(CandidateRow))
_CHUNK = 20_000
Where = str | ColumnElement[bool]


class ProjectReader:
    """Any number may be open, in any thread or process, while one writer works.

    ``version`` is the file's schema version; a newer file opens as long as it
    still has the columns that this program knows.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        connection.read_header(self.path)
        self._engine: Engine = connection.open_reader(self.path)
        with connection.translated(self.path):
            self.version = connection.user_version(self._engine)
            self._check_schema()
            # PRAGMA data_version compares a connection with itself: one is kept for it.
            self._watch = self._engine.connect()
        self._watching = threading.Lock()

    def _check_schema(self) -> None:
        if self.version < schema.SCHEMA_VERSION:
            raise FileError(
                f"{self.path} was made by an older Crystal Studio: open it once for writing to bring it up to date."
            )
        if self.version == schema.SCHEMA_VERSION:
            return
        found = inspect(self._engine)
        tables = set(found.get_table_names())
        for table in schema.metadata.sorted_tables:
            present = {c["name"] for c in found.get_columns(table.name)} if table.name in tables else set()
            if not {c.name for c in table.c} <= present:
                raise connection.newer(self.path, self.version)

    def close(self) -> None:
        """Close every connection."""
        self._watch.close()
        self._engine.dispose()

    def __enter__(self) -> ProjectReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _all(self, statement: Any, parameters: dict[str, Any] | None = None) -> Sequence[Any]:
        with connection.translated(self.path), self._engine.connect() as open_connection:
            return open_connection.execute(statement, parameters or {}).all()

    def select(self, statement: Select) -> Sequence[Any]:
        """The rows of a query that another module of this room has put together."""
        return self._all(statement)

    def data_version(self) -> int:
        """A number that changes when another connection has written."""
        with self._watching, connection.translated(self.path):
            return int(self._watch.exec_driver_sql("PRAGMA data_version").scalar_one())

    def copy_to(self, path: str | Path, overwrite: bool = False) -> Path:
        """Save a copy of the whole project; see ``copies.copy_to``."""
        with connection.translated(self.path):
            return copies.copy_to(self._engine, self.path, Path(path), overwrite)

    def campaigns(self) -> list[CampaignRow]:
        """All campaigns, oldest first."""
        return [_campaign(row) for row in self._all(select(campaigns).order_by(campaigns.c.id))]

    def campaign(self, campaign_id: int) -> CampaignRow:
        """One campaign; raises ``FileError`` where there is none such."""
        rows = self._all(select(campaigns).where(campaigns.c.id == int(campaign_id)))
        if not rows:
            raise FileError(f"{self.path} has no campaign {campaign_id}.")
        return _campaign(rows[0])

    def candidates(
        self,
        where: Where = "",
        sort: str = "id",
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[CandidateRow]:
        """Candidates that match a filter; those without the sorted value come last."""
        statement = _sorted(select(*_ROW).where(_condition(where)), sort, descending)
        return [CandidateRow(*row) for row in self._all(statement.limit(limit).offset(offset or None))]

    def ids(self, where: Where = "", sort: str = "id", descending: bool = False) -> NDArray[np.int64]:
        """Ids of all candidates that match, in the order asked for."""
        rows = self._all(_sorted(select(candidates.c.id).where(_condition(where)), sort, descending))
        return np.fromiter((row[0] for row in rows), np.int64, len(rows))

    def by_ids(self, ids: Iterable[int]) -> list[CandidateRow]:
        """The candidates named, in that order; ids that do not exist are left out."""
        wanted = [int(i) for i in ids]
        rows = self._all(select(*_ROW).where(_among(candidates.c.id)), {"ids": json.dumps(wanted)})
        found = {row[0]: CandidateRow(*row) for row in rows}
        return [found[i] for i in wanted if i in found]

    def count(self, where: Where = "") -> int:
        """How many candidates match."""
        return int(self._all(select(func.count()).select_from(candidates).where(_condition(where)))[0][0])

    def candidate(self, candidate_id: int) -> CandidateRow:
        """One candidate; raises ``FileError`` where there is none such."""
        rows = self.by_ids([candidate_id])
        if not rows:
            raise self._missing(candidate_id)
        return rows[0]

    def verdicts(self, candidate_id: int) -> list[VerdictRow]:
        """What every stage said of one candidate, in the order in which they spoke first."""
        c = verdicts.c
        rows = self._all(
            select(c.candidate_id, c.stage, c.passed, c.reason, c["values"], c.seconds)
            .where(c.candidate_id == int(candidate_id))
            .order_by(c.id)
        )
        return [VerdictRow(i, stage, ok, why, json.loads(found), spent) for i, stage, ok, why, found, spent in rows]

    def units(self, ids: Iterable[int]) -> AsymmetricUnits:
        """The asymmetric units of the candidates named, in that order."""
        return blob.decode_units(self._blobs(ids, ("unit",)))

    def structures(self, ids: Iterable[int], kind: str = "generated") -> Structures:
        """The cells of the candidates named, in that order.

        ``kind``: generated, relaxed, or best (relaxed where there is one). Raises
        ``FileError`` for a candidate that has none of the kind.
        """
        kinds = {"generated": ("generated",), "relaxed": ("relaxed",), "best": ("relaxed", "generated")}[kind]
        return blob.decode_structures(self._blobs(ids, kinds))

    def _blobs(self, ids: Iterable[int], kinds: tuple[str, ...]) -> list[bytes]:
        """For each id the blob of the first kind that it has."""
        wanted = [int(i) for i in ids]
        found: dict[int, bytes] = {}
        c = structures.c
        for kind in kinds:
            missing = sorted({i for i in wanted if i not in found})
            for start in range(0, len(missing), _CHUNK):
                rows = self._all(
                    select(c.candidate_id, c.data).where(_among(c.candidate_id), c.kind == kind),
                    {"ids": json.dumps(missing[start : start + _CHUNK])},
                )
                found.update((row[0], row[1]) for row in rows)
        for i in wanted:
            if i not in found:
                if kinds == ("relaxed",) and self.by_ids([i]):
                    raise FileError(f"Candidate {i} has not been relaxed: relax it first, or take its generated cell.")
                raise self._missing(i)
        return [found[i] for i in wanted]

    def _missing(self, candidate_id: int) -> FileError:
        return FileError(f"{self.path} has no candidate {candidate_id}.")

    def columns(self, names: Sequence[str], where: Where = "") -> dict[str, NDArray]:
        """Whole columns by name, rows ordered by id.

        Columns that may lack a value, and all that hold fractions, come as
        float64 with NaN for none (``novel`` as 1 and 0); counts and ids as
        int64; text as objects.
        """
        wanted = [filters.column(name) for name in names]
        rows = self._all(select(*wanted).where(_condition(where)).order_by(candidates.c.id))
        parts = list(zip(*rows, strict=True)) if rows else [()] * len(wanted)
        return {name: _array(candidates.c[name], part) for name, part in zip(names, parts, strict=True)}

    def funnel(self, campaign_id: int | None = None) -> list[tuple[str, int, int, int, dict[str, int]]]:
        """Per stage, in the order of work: (stage, entered, passed, failed, rejections by reason).

        Reasons are counted by what stands before their first ":".
        """
        source = verdicts
        short = func.substr(verdicts.c.reason, 1, func.instr(verdicts.c.reason + ":", ":") - 1)
        statement = select(verdicts.c.stage, verdicts.c.passed, short, func.count(), func.min(verdicts.c.id)).group_by(
            verdicts.c.stage, verdicts.c.passed, short
        )
        if campaign_id is not None:
            joined = source.join(candidates, candidates.c.id == verdicts.c.candidate_id)
            statement = statement.select_from(joined).where(candidates.c.campaign_id == int(campaign_id))
        first: dict[str, int] = {}
        passed: dict[str, int] = {}
        reasons: dict[str, dict[str, int]] = {}
        for stage, ok, reason, number, earliest in self._all(statement):
            first[stage] = min(earliest, first.get(stage, earliest))
            kinds = reasons.setdefault(stage, {})
            if ok:
                passed[stage] = passed.get(stage, 0) + number
            else:
                kinds[reason] = number
        result = []
        for stage in sorted(first, key=first.__getitem__):
            ordered = dict(sorted(reasons[stage].items(), key=lambda item: -item[1]))
            failed = sum(ordered.values())
            good = passed.get(stage, 0)
            result.append((stage, good + failed, good, failed, ordered))
        return result

    def pending(self, campaign_id: int) -> tuple[NDArray[np.int64], NDArray]:
        """Candidates still on their way: ids (P,) in order, and the last stage each has passed ("" if none)."""
        c = candidates.c
        rows = self._all(
            select(c.id, c.stage).where(c.campaign_id == int(campaign_id), c.status == "pending").order_by(c.id)
        )
        return (
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], object),
        )

    def numbers(self, campaign_id: int) -> set[int]:
        """Numbers of the candidates that a campaign has stored."""
        rows = self._all(select(candidates.c.number).where(candidates.c.campaign_id == int(campaign_id)))
        return {row[0] for row in rows}

    def check(self) -> None:
        """Read the whole file for damage (2 s a million candidates); raises ``FileError`` if there is any."""
        answer = self._all(text("PRAGMA quick_check(1)"))[0][0]
        if answer != "ok":
            raise FileError(f"{self.path} is damaged: restore the project from a copy.")


def _condition(where: Where) -> ColumnElement[bool]:
    return filters.parse(where) if isinstance(where, str) else where


def _sorted(statement: Select, sort: str, descending: bool) -> Select:
    key = filters.column(sort or "id")
    if key.key == "id":
        return statement.order_by(key.desc() if descending else key)
    ordered = (key.desc() if descending else key.asc()).nulls_last()
    return statement.order_by(ordered, candidates.c.id)


def _among(column: ColumnElement[int]) -> ColumnElement[bool]:
    """``column`` is one of the JSON list bound as ``ids``: any number of them in one parameter."""
    listed = func.json_each(bindparam("ids")).table_valued("value")
    return column.in_(select(listed.c.value))


def _array(column: ColumnElement[Any], values: Sequence[Any]) -> NDArray:
    if isinstance(column.type, Text):
        out = np.empty(len(values), object)
        out[:] = values
        return out
    if isinstance(column.type, Float | Boolean) or candidates.c[str(column.key)].nullable:
        return np.array(values, np.float64)
    return np.array(values, np.int64)


def _campaign(row: Any) -> CampaignRow:
    return CampaignRow(
        row.id,
        row.created,
        row.name,
        json.loads(row.request),
        json.loads(row.provenance),
        row.state,
        row.requested,
        row.seconds,
    )
