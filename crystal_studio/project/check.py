"""What is damaged in a project file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crystal_studio.errors import FileError
from crystal_studio.project import blob, checksums, connection, lock, reading, rounds, schema, seal
from crystal_studio.project.files import held

_CHUNK = 5000
BROKEN = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What the driver raises where a page cannot be read; the second where its own message holds damaged text."""
_MOST_LINES = 20


@dataclass
class Report:
    """What was found in one file.

    pages : what SQLite says of its pages and indexes, empty where they are sound
    tables : damage to what candidates share: campaigns, names of quantities and methods, and to rounds of improvements
    damaged : by candidate what of it is damaged or missing, such as "a verdict"
    lost : those of them whose own row or generated structure is damaged: they cannot be saved
    """

    path: Path
    version: int
    campaigns: int = 0
    candidates: int = 0
    pages: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    damaged: dict[int, list[str]] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)

    @property
    def sound(self) -> bool:
        """Whether nothing at all was found."""
        return not (self.pages or self.tables or self.damaged)

    @property
    def first(self) -> str:
        """The first damage, as part of a sentence."""
        if self.damaged:
            i, what = next(iter(sorted(self.damaged.items())))
            more = f" and of {len(self.damaged) - 1} more" if len(self.damaged) > 1 else ""
            return f"{', '.join(what)} of candidate {i}{more}"
        return (self.tables or [f"its pages: {self.pages[0]}" if self.pages else ""])[0]

    def lines(self) -> list[str]:
        """The report for people, a line each."""
        out = [f"{self.path}: version {self.version}, {self.campaigns} campaigns, {self.candidates} candidates"]
        if self.sound:
            return [*out, "Pages, rows and structures are as they were written."]
        out += [f"Page check: {line}" for line in self.pages[:_MOST_LINES]]
        out += [f"Damaged: {line}" for line in self.tables[:_MOST_LINES]]
        for i, what in sorted(self.damaged.items())[:_MOST_LINES]:
            out.append(f"Candidate {i}: {', '.join(what)}{' (cannot be saved)' if i in self.lost else ''}")
        more = len(self.damaged) - _MOST_LINES
        if more > 0:
            out.append(f"... and {more} more candidates")
        whole = self.candidates - len(self.damaged)
        partly = len(self.damaged) - len(self.lost)
        out.append(f"Can be saved: {whole} candidates whole, {partly} in part; {len(self.lost)} cannot.")
        return out


_found_sound: dict[tuple[int, int], tuple[object, ...]] = {}
"""By file (device, inode) what it and its log looked like as this process found all of it right: once is enough."""


def require_sound(path: Path, mine: bool = False) -> None:
    """Raise ``FileError`` where the bytes of a project have changed since it was written, and they matter.

    Of a closed project its seal tells. One without a seal that nobody is writing (its writer was killed, or another
    program has changed it) is examined as a whole. While somebody writes, every row that is read tells for itself.

    mine : the caller holds the writer's lock
    """
    with connection.translated(path), held(path) as file:
        version = connection.read_header(path).version
        right = None if version > schema.SCHEMA_VERSION else seal.holds(path, file)
        if right or version > schema.SCHEMA_VERSION:
            return
        if right is None and (version < schema.SCHEMA_VERSION or (not mine and lock.is_held(path))):
            return
        before = (*file.changed(), *connection.wal_changed(path))
        if _found_sound.get(file.key) == before:
            return
        report = examine(path)
        # A writer may have come in the meantime, whose rows a slow look found half written.
        if not report.sound and right is None and not mine and lock.is_held(path):
            return
        if report.sound:
            _found_sound[file.key] = before
            return
    raise FileError(
        f"{path} is damaged ({report.first}): see what can be saved with crystal-studio doctor {path}, or restore "
        "the project from a copy."
    )


def examine(path: str | Path) -> Report:
    """Read everything in a project and compare it with its checksums (20 s for 300,000 candidates).

    Raises ``FileError`` where the file is no project, is of another version, or cannot be read at all.
    """
    path = Path(path)
    header = connection.read_header(path)
    report = Report(path, header.version)
    with opened(path) as db:
        db.execute("BEGIN")  # one moment of the file, whoever writes meanwhile
        (report.version,) = db.execute("PRAGMA user_version").fetchone()
        if report.version > schema.SCHEMA_VERSION:
            raise connection.newer(path, report.version)
        try:
            answers = [str(row[0]) for row in db.execute(f"PRAGMA integrity_check({_MOST_LINES})")]
            lines = [line for answer in answers for line in answer.splitlines()]
            report.pages = [line for line in lines if line != "ok" and not line.startswith("***")]
        except BROKEN as error:
            report.pages = [str(error)]
        if report.version == schema.SCHEMA_VERSION:
            _Examination(db, report).run()
    return report


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads, and reads what it can of damaged text."""
    with connection.translated(path):
        uri = connection.readable_uri(path)
        db = sqlite3.connect(uri.text, uri=True, isolation_level=None)
        # What is no UTF-8 any more has a wrong checksum; it must not end the reading.
        db.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        with contextlib.closing(db):
            yield db


class _Examination:
    """One pass over all tables."""

    def __init__(self, db: sqlite3.Connection, report: Report) -> None:
        self.db, self.report = db, report

    def run(self) -> None:
        report = self.report
        for table, columns, check in (
            ("campaigns", reading.CAMPAIGN_COLUMNS, checksums.campaign),
            ("quantity_names", "id, name, unit, kind", checksums.name),
            ("methods", "id, name, kind, title", checksums.name),
            ("rounds", rounds.COLUMNS, checksums.round_),
        ):
            for row in _rows(self.db, table, columns, self._unreadable):
                report.campaigns += table == "campaigns"
                if not checksums.holds(check, row[:-1], row[-1]):
                    report.tables.append(f"row {row[0]} of {table}")
        parts = self._parts()
        for row in _rows(self.db, "candidates", reading.CANDIDATE_COLUMNS, self._unreadable):
            report.candidates += 1
            i, geometry, orbits = row[0], row[12], row[8]
            if not checksums.holds(checksums.candidate, row[:-1], row[-1]):
                self._note(i, "its row in the list", lost=True)
                continue
            has = parts.get(i, set())
            if ("structure", schema.GENERATED) not in has:
                self._note(i, "its structure", lost=True)
            elif ("structure", geometry) not in has:
                self._note(i, f"its geometry by {geometry}")
            if orbits is not None and ("unit", schema.GENERATED) not in has:
                self._note(i, "its asymmetric unit")
        for row in _rows(self.db, "verdicts", reading.VERDICT_COLUMNS, self._unreadable):
            if not checksums.holds(checksums.verdict, row[:-1], row[-1]):
                self._note(row[0], "a verdict")
        for row in _rows(self.db, "quantities", reading.QUANTITY_COLUMNS, self._unreadable):
            if not checksums.holds(checksums.quantity, row[:-1], row[-1]):
                self._note(row[0], "one of its values")

    def _parts(self) -> dict[int, set[tuple[str, str]]]:
        """By candidate its sound parts; damaged ones are noted."""
        found: dict[int, set[tuple[str, str]]] = {}
        for row in _rows(self.db, "parts", "candidate_id, kind, method, data", self._unreadable):
            i, kind, method, data, checksum = row
            if checksums.holds(checksums.part, row[:-1], checksum) and blob.is_sound(data):
                found.setdefault(i, set()).add((kind, method))
            elif kind not in ("structure", "unit"):
                self._note(i, f"its {kind}")
        return found

    def _unreadable(self, table: str, error: Exception) -> None:
        self.report.pages.append(f"{table}: {error}")

    def _note(self, candidate: Any, what: str, lost: bool = False) -> None:
        if isinstance(candidate, int):
            told = self.report.damaged.setdefault(candidate, [])
            if what not in told:
                told.append(what)
            if lost:
                self.report.lost.add(candidate)


def _rows(
    db: sqlite3.Connection, table: str, columns: str, unreadable: Callable[[str, Exception], None]
) -> Iterator[tuple[Any, ...]]:
    """Rows with their checksum behind them; where a page cannot be read, what lies before it."""
    try:
        yield from db.execute(f"SELECT {columns}, checksum FROM {table}")
    except BROKEN as error:
        unreadable(table, error)


def readable(
    db: sqlite3.Connection, table: str, columns: str, key: str, check: Callable[..., int]
) -> Iterator[tuple[Any, ...]]:
    """Sound rows of a table, page by page of ``key``, so that one that cannot be read does not hide the others."""
    try:
        (top,) = db.execute(f"SELECT max({key}) FROM {table}").fetchone()
    except BROKEN:
        top = None
    if top is None:
        (top,) = db.execute("SELECT max(id) FROM candidates").fetchone()
    start = 0
    while top is not None and start <= top:
        yield from _sound(db, table, columns, key, check, start, start + _CHUNK)
        start += _CHUNK


def _sound(
    db: sqlite3.Connection, table: str, columns: str, key: str, check: Callable[..., int], start: int, end: int
) -> Sequence[tuple[Any, ...]]:
    statement = f"SELECT {columns}, checksum FROM {table} WHERE {key} >= ? AND {key} < ? ORDER BY {key}"
    try:
        rows = db.execute(statement, (start, end)).fetchall()
    except BROKEN:
        if end - start == 1:
            return []
        middle = (start + end) // 2
        halves = ((start, middle), (middle, end))
        return [row for half in halves for row in _sound(db, table, columns, key, check, *half)]
    return [row for row in rows if checksums.holds(check, row[:-1], row[-1])]
