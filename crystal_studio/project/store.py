"""The one writer of a project file: every call is one transaction, on disk when it returns."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.verdicts import Finding, Verdicts
from crystal_studio.project import (
    adding,
    checksums,
    connection,
    copies,
    findings,
    names,
    opening,
    reading,
    recording,
    rounds,
    schema,
    seal,
    withdrawing,
)
from crystal_studio.project.lock import ProjectLock
from crystal_studio.project.recording import Recording
from crystal_studio.project.rows import RoundRow
from crystal_studio.project.values import to_json


class ProjectWriter:
    """Holds the writer's lock of one project from ``create`` or ``open`` to ``close`` (or the end of ``with``)."""

    def __init__(self, path: Path, engine: Engine, lock: ProjectLock) -> None:
        self.path = path
        self._engine = engine
        self._lock = lock
        self._busy = threading.RLock()
        self._closed = False

    @staticmethod
    def create(path: str | Path) -> ProjectWriter:
        """A new, empty project; raises ``FileError`` where the file exists or cannot be made."""
        path = Path(path)
        return ProjectWriter(path, *opening.make(path))

    @staticmethod
    def open(path: str | Path) -> ProjectWriter:
        """An existing project, for changing it.

        An older file is backed up beside itself, then migrated in one
        transaction. Raises ``FileError`` for a file that is no project, is newer
        than this program, is open for writing elsewhere, or cannot be written.
        """
        path = Path(path)
        return ProjectWriter(path, *opening.for_writing(path))

    def close(self) -> None:
        """Fold the log into the file, so that the one file is the whole project, seal it, and give the lock up."""
        with self._busy:
            copies.close(self._engine)
            if not self._closed:
                seal.put(self.path)
            self._closed = True
            self._lock.release()

    def __enter__(self) -> ProjectWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """The driver's connection within one transaction."""
        with self._busy, connection.translated(self.path), self._engine.begin() as open_connection:
            driver = open_connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            yield driver

    def copy_to(self, path: str | Path, overwrite: bool = False) -> Path:
        """Save a copy of the whole project; see ``copies.copy_to``."""
        with connection.translated(self.path):
            return copies.copy_to(self._engine, self.path, Path(path), overwrite)

    def add_campaign(
        self,
        name: str,
        request: Mapping[str, Any],
        provenance: Mapping[str, Any],
        requested: int,
        *,
        kind: str = "generate",
        chunk_size: int | None = None,
    ) -> int:
        """A new campaign in state "running"; returns its id.

        kind : generate, import or judge. The request of a judge holds the ``ids`` of the candidates that it judges
            and the names of its ``stages`` in their order.
        chunk_size : candidates that the generator makes at a time; resuming makes the same
        """
        if kind not in schema.CAMPAIGN_KINDS:
            raise ValueError(f"unknown kind of campaign {kind!r}")
        with self._transaction() as db:
            (new,) = db.execute("SELECT coalesce(max(id), 0) + 1 FROM campaigns").fetchone()
            row = (
                new,
                _now(),
                name,
                kind,
                to_json(request),
                to_json(provenance),
                "running",
                int(requested),
                None if chunk_size is None else int(chunk_size),
                0.0,
            )
            _put_campaign(db, row)
            return int(new)

    def set_campaign(self, campaign_id: int, state: str, seconds: float | None = None) -> None:
        """Change the state of a campaign and, where given, the seconds it has worked so far."""
        if state not in schema.CAMPAIGN_STATES:
            raise ValueError(f"unknown campaign state {state!r}")
        with self._transaction() as db:
            row = reading.campaign_row(db, self.path, int(campaign_id))
            spent = row.seconds if seconds is None else float(seconds)
            head = (row.id, row.created, row.name, row.kind, to_json(row.request), to_json(row.provenance))
            _put_campaign(db, (*head, state, row.requested, row.chunk_size, spent))

    def add_candidates(
        self,
        campaign_id: int,
        numbers: Sequence[int] | NDArray,
        candidates: Candidates,
        source: str | Sequence[str] = "",
        *,
        unjudged: bool = False,
    ) -> NDArray[np.int64]:
        """Store candidates; returns their ids (B,), in order.

        numbers : (B,) place of each within its campaign. A number that the campaign holds already is left untouched
            and its id returned, so a chunk may be added twice.
        source : where they come from, one text for all or one each
        unjudged : nobody is to judge them now; else they are on their way ("pending")
        """
        wanted = [int(n) for n in numbers]
        if len(set(wanted)) != len(wanted):
            raise ValueError("a candidate number occurs twice")
        if len(wanted) != len(candidates):
            raise ValueError("numbers and candidates differ in length")
        status = "unjudged" if unjudged else "pending"
        new = adding.New.of(int(campaign_id), wanted, candidates, source, status, _now())
        with self._transaction() as db:
            reading.campaign_row(db, self.path, new.campaign_id)
            known = adding.add(db, new)
        return np.array([known[n] for n in wanted], np.int64)

    def record(
        self,
        campaign_id: int,
        stage: str,
        ids: Sequence[int] | NDArray,
        verdicts: Verdicts,
        *,
        seconds: float | Sequence[float] | NDArray = 0.0,
        last: bool = False,
    ) -> None:
        """One stage's verdicts on a batch, with all that they change in the candidates, in one transaction.

        campaign_id : the run that judged, which need not be the one that made the candidates
        seconds : the time of the batch, shared evenly, or one figure a candidate
        last : candidates that failed no stage are done ("passed")

        Recording a stage again replaces its verdict and what it found by the same method. A candidate whose
        geometry did not move keeps the one that it had; where this method moved it before, that one is forgotten.
        """
        index = [int(i) for i in ids]
        columns = [verdicts.reasons, *(f.values for f in verdicts.findings), *verdicts.notes.values()]
        if any(len(column) != len(index) for column in (verdicts.status, *columns)):
            raise ValueError("ids and verdicts differ in length")
        if len(set(index)) != len(index):
            raise ValueError("a candidate occurs twice")
        if not index:
            return
        each = np.broadcast_to(np.asarray(seconds, float) / (len(index) if np.ndim(seconds) == 0 else 1), len(index))
        with self._transaction() as db:
            run = reading.campaign_row(db, self.path, int(campaign_id))
            anew = frozenset(run.request.get("stages", ())) if run.kind == "judge" else frozenset()
            recording.record(db, self.path, Recording(run.id, stage, index, verdicts, each.tolist(), last, anew))

    def add_findings(self, ids: Sequence[int] | NDArray, found: Sequence[Finding]) -> None:
        """Values of candidates that come with no verdict, in the place of those by the same method (NaN: forgotten)."""
        index = [int(i) for i in ids]
        with self._transaction() as db:
            reading.stored(db, self.path, index)
            findings.put(db, names.read(db, self.path), index, found, set(index))

    def begin_improvement(self, plan: Mapping[str, Any], model: str) -> RoundRow:
        """A new improvement: its round 0, which measures the model that it begins with."""
        with self._transaction() as db:
            return rounds.begin(db, _now(), dict(plan), model)

    def add_round(self, before: RoundRow, parent: str, model: str) -> RoundRow:
        """The round behind ``before``: ``model`` is to be trained from ``parent``."""
        with self._transaction() as db:
            new = RoundRow(0, before.improvement, before.number + 1, _now(), before.plan, "training", parent, model)
            return rounds.add(db, new)

    def set_round(self, row: RoundRow) -> None:
        """A round as it is now."""
        with self._transaction() as db:
            rounds.put(db, row)

    def withdraw(self, campaign_id: int, stage: str, ids: Sequence[int] | NDArray) -> None:
        """Candidates no longer wait for an answer from elsewhere; see ``withdrawing.withdraw``."""
        with self._transaction() as db:
            withdrawing.withdraw(db, self.path, int(campaign_id), stage, [int(i) for i in ids])


def _put_campaign(db: sqlite3.Connection, row: tuple[Any, ...]) -> None:
    db.execute(
        f"INSERT INTO campaigns ({reading.CAMPAIGN_COLUMNS}, checksum) VALUES ({', '.join('?' * 11)}) "
        "ON CONFLICT (id) DO UPDATE SET state=excluded.state, seconds=excluded.seconds, checksum=excluded.checksum",
        (*row, checksums.campaign(*row)),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def bring_up_to_date(path: str | Path) -> bool:
    """Back a project of an older version up beside itself and migrate it; whether there was anything to do.

    Raises ``FileError`` as ``ProjectWriter.open`` does.
    """
    if connection.read_header(Path(path)).version >= schema.SCHEMA_VERSION:
        return False
    ProjectWriter.open(path).close()
    return True
