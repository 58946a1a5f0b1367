"""The one writer of a project file: every call is one transaction, on disk when it returns."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, bindparam, insert, text, update

from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.composition import chemical_systems, formulas
from crystal_studio.crystal.lattice import densities
from crystal_studio.errors import FileError
from crystal_studio.project import blob, connection, copies, migrations, schema
from crystal_studio.project.lock import ProjectLock
from crystal_studio.project.schema import campaigns, candidates, structures
from crystal_studio.project.values import plain, to_column


class ProjectWriter:
    """Holds the writer's lock of one project from ``create`` or ``open`` to ``close`` (or the end of ``with``)."""

    def __init__(self, path: Path, engine: Engine, lock: ProjectLock) -> None:
        self.path = path
        self._engine = engine
        self._lock = lock
        self._busy = threading.RLock()

    @staticmethod
    def create(path: str | Path) -> ProjectWriter:
        """A new, empty project; raises ``FileError`` where the file exists or cannot be made.

        The file appears under its name only once it is whole.
        """
        path = Path(path)
        if path.exists():
            raise FileError(f"{path} exists already: choose another name, or open it.")
        _require_folder(path)
        lock = ProjectLock(path)
        lock.acquire()
        draft = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            with connection.translated(path):
                engine = connection.open_writer(draft)
                try:
                    migrations.upgrade(engine, 0)
                finally:
                    copies.close(engine)
                if path.exists():
                    raise FileError(f"{path} exists already: choose another name, or open it.")
                draft.replace(path)
            return ProjectWriter(path, connection.open_writer(path), lock)
        except BaseException:
            copies.remove(draft)
            lock.release()
            raise

    @staticmethod
    def open(path: str | Path) -> ProjectWriter:
        """An existing project, for changing it.

        An older file is backed up beside itself, then migrated in one
        transaction. Raises ``FileError`` for a file that is no project, is newer
        than this program, is open for writing elsewhere, or cannot be written.
        """
        path = Path(path)
        connection.read_header(path)
        _require_writable(path)
        lock = ProjectLock(path)
        lock.acquire()
        try:
            engine = connection.open_writer(path)
            try:
                with connection.translated(path):
                    version = connection.user_version(engine)
                    if version > schema.SCHEMA_VERSION:
                        raise connection.newer(path, version)
                    if version < schema.SCHEMA_VERSION:
                        copies.back_up(engine, path, version)
                        migrations.upgrade(engine, version)
            except BaseException:
                engine.dispose()
                raise
        except BaseException:
            lock.release()
            raise
        return ProjectWriter(path, engine, lock)

    def close(self) -> None:
        """Fold the log into the file, so that the one file is the whole project, and give the lock up."""
        with self._busy:
            copies.close(self._engine)
            self._lock.release()

    def __enter__(self) -> ProjectWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._busy, connection.translated(self.path), self._engine.begin() as open_connection:
            yield open_connection

    def copy_to(self, path: str | Path, overwrite: bool = False) -> Path:
        """Save a copy of the whole project; see ``copies.copy_to``."""
        with connection.translated(self.path):
            return copies.copy_to(self._engine, self.path, Path(path), overwrite)

    def add_campaign(self, name: str, request: Mapping[str, Any], provenance: Mapping[str, Any], requested: int) -> int:
        """A new campaign in state "running"; returns its id."""
        with self._transaction() as open_connection:
            result = open_connection.execute(
                insert(campaigns).values(
                    created=_now(),
                    name=name,
                    request=json.dumps(plain(request)),
                    provenance=json.dumps(plain(provenance)),
                    state="running",
                    requested=int(requested),
                    seconds=0.0,
                )
            )
            key = result.inserted_primary_key
            assert key is not None
            return int(key[0])

    def set_campaign(self, campaign_id: int, state: str, seconds: float | None = None) -> None:
        """Change the state of a campaign and, where given, the seconds it has worked so far."""
        if state not in schema.CAMPAIGN_STATES:
            raise ValueError(f"unknown campaign state {state!r}")
        changes: dict[str, Any] = {"state": state}
        if seconds is not None:
            changes["seconds"] = float(seconds)
        with self._transaction() as open_connection:
            result = open_connection.execute(update(campaigns).where(campaigns.c.id == int(campaign_id)), changes)
            if not result.rowcount:
                raise FileError(f"{self.path} has no campaign {campaign_id}.")

    def add_candidates(
        self,
        campaign_id: int,
        numbers: Sequence[int] | NDArray,
        units: AsymmetricUnits,
        crystals: Structures,
        source: str | Sequence[str] = "",
    ) -> NDArray[np.int64]:
        """Store candidates; returns their ids (B,), in order.

        numbers : (B,) place of each within its campaign. A number that the
            campaign holds already is left untouched and its id returned, so a
            chunk may be added twice.
        crystals : the conventional cells
        source : where they come from, one text for all or one each
        """
        wanted = [int(n) for n in numbers]
        if len(set(wanted)) != len(wanted):
            raise ValueError("a candidate number occurs twice")
        if not len(wanted) == len(units) == len(crystals):
            raise ValueError("numbers, units and structures differ in length")
        rows = _candidate_rows(int(campaign_id), wanted, units, crystals, source)
        unit_blobs, cell_blobs = blob.encode_units(units), blob.encode_structures(crystals)
        with self._transaction() as open_connection:
            known = _ids_by_number(open_connection, int(campaign_id), wanted)
            fresh = [i for i, n in enumerate(wanted) if n not in known]
            if fresh:
                last = open_connection.execute(text("SELECT coalesce(max(id), 0) FROM candidates")).scalar_one()
                for offset, i in enumerate(fresh, 1):
                    rows[i]["id"] = known[wanted[i]] = last + offset
                open_connection.execute(insert(candidates), [rows[i] for i in fresh])
                open_connection.execute(
                    insert(structures),
                    [
                        {"candidate_id": rows[i]["id"], "kind": kind, "data": blobs[i]}
                        for i in fresh
                        for kind, blobs in (("unit", unit_blobs), ("generated", cell_blobs))
                    ],
                )
        return np.array([known[n] for n in wanted], np.int64)

    def record(
        self,
        stage: str,
        ids: Sequence[int] | NDArray,
        passed: Sequence[bool] | NDArray,
        reasons: Sequence[str],
        values: Mapping[str, NDArray],
        *,
        relaxed: Structures | None = None,
        seconds: float | Sequence[float] | NDArray = 0.0,
        last: bool = False,
    ) -> None:
        """One stage's verdicts on a batch, with what they change in the candidates, in one transaction.

        values : columns (B,); those named in ``schema.VALUE_COLUMNS`` also fill
            the candidates' columns; NaN and None mean "none found"
        relaxed : B geometries that replace earlier relaxed ones
        seconds : the time of the batch, shared evenly, or one figure a candidate
        last : candidates that failed no stage are done ("passed")

        Recording a stage again replaces its verdict.
        """
        index = [int(i) for i in ids]
        if not len(index) == len(passed) == len(reasons) or any(len(v) != len(index) for v in values.values()):
            raise ValueError("ids, passed, reasons and values differ in length")
        if relaxed is not None and len(relaxed) != len(index):
            raise ValueError("relaxed structures and ids differ in length")
        if not index:
            return
        each = np.broadcast_to(np.asarray(seconds, float) / (len(index) if np.ndim(seconds) == 0 else 1), len(index))
        columns = {name: [plain(v) for v in column] for name, column in values.items()}
        flags = [bool(p) for p in passed]
        verdict_rows = [
            {
                "candidate_id": i,
                "stage": stage,
                "passed": flags[k],
                "reason": "" if flags[k] else str(reasons[k]),
                "values": json.dumps({n: c[k] for n, c in columns.items() if c[k] is not None}),
                "seconds": float(each[k]),
            }
            for k, i in enumerate(index)
        ]
        known = [name for name in columns if name in schema.VALUE_COLUMNS]
        changes = [
            {"row": i, "stage": stage} | {name: to_column(name, columns[name][k]) for name in known}
            for k, i in enumerate(index)
        ]
        blobs = blob.encode_structures(relaxed) if relaxed is not None else []
        with self._transaction() as open_connection:
            open_connection.execute(_PUT_VERDICT, verdict_rows)
            statement = update(candidates).where(candidates.c.id == bindparam("row"))
            open_connection.execute(statement.values({name: bindparam(name) for name in ("stage", *known)}), changes)
            open_connection.execute(_SETTLE, [{"row": i, "last": last} for i in index])
            if blobs:
                open_connection.execute(
                    _PUT_STRUCTURE,
                    [
                        {"candidate_id": i, "kind": "relaxed", "data": data}
                        for i, data in zip(index, blobs, strict=True)
                    ],
                )


_PUT_VERDICT = text(
    'INSERT INTO verdicts (candidate_id, stage, passed, reason, "values", seconds) '
    "VALUES (:candidate_id, :stage, :passed, :reason, :values, :seconds) "
    "ON CONFLICT (candidate_id, stage) DO UPDATE SET "
    'passed=excluded.passed, reason=excluded.reason, "values"=excluded."values", seconds=excluded.seconds'
)
_PUT_STRUCTURE = text(
    "INSERT INTO structures (candidate_id, kind, data) VALUES (:candidate_id, :kind, :data) "
    "ON CONFLICT (candidate_id, kind) DO UPDATE SET data=excluded.data"
)
# A candidate is rejected as long as any of its verdicts is; otherwise passed once its last stage was.
_SETTLE = text(
    "UPDATE candidates SET "
    "status = CASE WHEN EXISTS (SELECT 1 FROM verdicts v WHERE v.candidate_id = candidates.id AND NOT v.passed) "
    "  THEN 'rejected' WHEN :last OR status = 'passed' THEN 'passed' ELSE 'pending' END, "
    "reason = coalesce((SELECT v.reason FROM verdicts v WHERE v.candidate_id = candidates.id AND NOT v.passed "
    "  ORDER BY v.id LIMIT 1), '') WHERE id = :row"
)


def _candidate_rows(
    campaign_id: int, numbers: list[int], units: AsymmetricUnits, crystals: Structures, source: str | Sequence[str]
) -> list[dict[str, Any]]:
    sources = [source] * len(numbers) if isinstance(source, str) else [str(s) for s in source]
    if len(sources) != len(numbers):
        raise ValueError("there must be one source for all candidates or one each")
    created = _now()
    atoms, volume = crystals.n_atoms, crystals.volume
    columns: dict[str, list] = {
        "number": numbers,
        "formula": formulas(crystals),
        "chemsys": chemical_systems(crystals),
        "space_group": units.space_group.tolist(),
        "n_atoms": atoms.tolist(),
        "n_orbits": units.n_orbits.tolist(),
        "volume": volume.tolist(),
        "volume_per_atom": (volume / np.maximum(atoms, 1)).tolist(),
        "density": densities(crystals).tolist(),
        "source": sources,
    }
    fixed = {"campaign_id": campaign_id, "stage": "", "status": "pending", "reason": "", "created": created}
    names = tuple(columns)
    return [fixed | dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _ids_by_number(open_connection: Connection, campaign_id: int, numbers: list[int]) -> dict[int, int]:
    found = open_connection.execute(
        text(
            "SELECT number, id FROM candidates WHERE campaign_id = :campaign "
            "AND number IN (SELECT value FROM json_each(:numbers))"
        ),
        {"campaign": campaign_id, "numbers": json.dumps(numbers)},
    )
    return {int(number): int(i) for number, i in found}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _require_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise FileError(f"The folder {path.parent} does not exist: make it first, or choose another.")


def _require_writable(path: Path) -> None:
    if not os.access(path, os.W_OK):
        raise FileError(f"{path} is read-only: copy it to a place where you may write, or open it read-only.")
