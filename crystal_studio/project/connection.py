"""Opening SQLite files: pragmas, read-only ways in, what a header says, and errors in plain words."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sqlite3
import struct
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from crystal_studio.errors import FileError, RoomError
from crystal_studio.project.files import held
from crystal_studio.project.schema import APPLICATION_ID, SCHEMA_VERSION

PAGE_SIZE = 8192
BUSY_SECONDS = 30.0
_MAGIC = b"SQLite format 3\0"


def sqlite_version() -> str:
    """Version of the SQLite library in use, for the report of what a machine offers.

    Versions 3.7.0 to 3.51.2 can corrupt a file when two connections write or
    checkpoint at the same instant (the "WAL-reset" bug). A project cannot meet
    it: its only writer holds a lock, and readers are opened read-only, which
    never checkpoints.
    """
    return sqlite3.sqlite_version


@dataclass(frozen=True)
class Header:
    """What the first 100 bytes of a project file say."""

    version: int
    page_size: int
    pages: int


def read_header(path: Path) -> Header:
    """Check that a file is a whole project file; raises ``FileError`` with the reason where it is not."""
    try:
        if path.is_dir():
            raise FileError(f"{path} is a folder: choose a project file (.crystals).")
        with held(path) as file:
            head = file.read(0, 100)
            size = file.size()
    except FileNotFoundError:
        raise FileError(f"There is no file {path}: check the name, or create a new project.") from None
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror}): check its permissions.") from error
    if not head:
        raise FileError(f"{path} is empty, not a Crystal Studio project: choose another file.")
    if not head.startswith(_MAGIC[: len(head)]):
        raise FileError(f"{path} is not a Crystal Studio project: choose a .crystals file, or import this one.")
    if len(head) < 100:
        raise FileError(f"{path} is cut short: restore the project from a copy.")
    (application_id,) = struct.unpack(">I", head[68:72])
    if application_id != APPLICATION_ID:
        raise FileError(f"{path} is an SQLite database of another program, not a Crystal Studio project.")
    (page_size,) = struct.unpack(">H", head[16:18])
    page_size = 65536 if page_size == 1 else page_size
    (pages,) = struct.unpack(">I", head[28:32])
    # While a log of changes lies beside the file, the file itself may still be growing.
    if size < pages * page_size and not wal_has_content(path):
        raise FileError(f"{path} is cut short or damaged: restore the project from a copy.")
    (version,) = struct.unpack(">I", head[60:64])
    return Header(version, page_size, pages)


def wal_path(path: Path) -> Path:
    """The write-ahead log beside a project file, whichever symbolic link it is named by."""
    path = path.resolve()
    return path.with_name(path.name + "-wal")


def wal_has_content(path: Path) -> bool:
    """Whether a log lies beside a project file, with rows that are not in the file itself yet."""
    try:
        return wal_path(path).stat().st_size > 0
    except OSError:
        return False


def wal_changed(path: Path) -> tuple[int, int]:
    """What differs after the log was written: time in nanoseconds and size; zeros where there is none."""
    try:
        found = wal_path(path).stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def user_version(engine: Engine) -> int:
    """Schema version as SQLite sees it, the log included."""
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def damaged(path: Path) -> FileError:
    """The error for a file whose pages or rows cannot be read."""
    return FileError(
        f"{path} is damaged: see what can be saved with crystal-studio doctor {path}, or restore the project from a "
        "copy."
    )


def newer(path: Path, version: int) -> FileError:
    """The error for a file of a newer schema."""
    return FileError(
        f"{path} was made by a newer Crystal Studio (file version {version}, this program knows {SCHEMA_VERSION}): "
        "update the program to change it."
    )


def open_writer(path: Path) -> Engine:
    """An engine whose transactions begin IMMEDIATE and are on disk when they return.

    ``synchronous=FULL`` makes a committed row survive a power cut as well as a
    killed process; with one commit a stage and chunk its cost does not show.
    Foreign keys are not looked up for every row: whoever writes has read the
    candidates and the campaign that its rows name in the same transaction.
    """
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False),
        poolclass=QueuePool,
    )

    @event.listens_for(engine, "connect")
    def _pragmas(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own implicit transactions let DDL survive a rollback.
        connection.isolation_level = None
        for pragma in (
            f"page_size={PAGE_SIZE}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def open_reader(path: Path) -> Engine:
    """An engine that can only read, for files and folders that may be read-only themselves."""
    with translated(path):
        uri = readable_uri(path)

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri.text, uri=True, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)

    # "sqlite://" alone would mean a connection a thread, and the sixth thread closing another's.
    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_reset_on_return=None)
    if uri.folder is not None:
        weakref.finalize(engine, uri.folder.cleanup)
    return engine


@dataclass(frozen=True)
class Uri:
    """A way in for reading; ``folder`` holds the copy that it leads to, if it does."""

    text: str
    folder: tempfile.TemporaryDirectory[str] | None = None


def readable_uri(path: Path) -> Uri:
    """The first way in that works: shared, immutable (read-only folder), or a private copy (with a log that is in use).

    A reader of a write-ahead-logged file needs to make a small index beside it.
    Where that is impossible and no log is left, the file cannot change and is
    opened as immutable; where a log is left, its rows would be missed, so file
    and log are copied to a temporary folder.
    """
    plain = f"file:{quote(str(path.resolve()))}?mode=ro"
    try:
        _probe(plain)
        return Uri(plain)
    except sqlite3.OperationalError as error:
        if _name(error).split("_")[1:2] not in (["CANTOPEN"], ["READONLY"], ["IOERR"]):
            raise
    if not wal_has_content(path):
        immutable = plain + "&immutable=1"
        _probe(immutable)
        return Uri(immutable)
    folder = tempfile.TemporaryDirectory(prefix="crystal-studio-")
    try:
        copy = Path(folder.name) / path.name
        for source, target in ((path, copy), (wal_path(path), wal_path(copy))):
            shutil.copyfile(source, target)
        uri = f"file:{quote(str(copy))}?mode=ro"
        _probe(uri)
    except (OSError, sqlite3.Error):
        folder.cleanup()
        raise
    return Uri(uri, folder)


def _probe(uri: str) -> None:
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _name(error: BaseException) -> str:
    return getattr(error, "sqlite_errorname", "") or ""


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what can go wrong with a file on disk into a ``FileError``; anything else passes as it is."""
    try:
        yield
    except DBAPIError as error:
        known = _sentence(path, error.orig)
        if known is None:
            raise
        raise known from error
    except UnicodeDecodeError as error:  # a message of SQLite with damaged text in it
        raise damaged(path) from error
    except (sqlite3.Error, OSError) as error:
        known = _sentence(path, error)
        if known is None:
            raise
        raise known from error


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# What SQLite says where the system does not say that the disk is full, but that a quota or a file's size is reached.
_NOT_TAKEN = ("SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE")


def _no_room(path: Path) -> RoomError:
    return RoomError(
        f"There is no space left for {path}: free some space and resume; everything saved before is intact."
    )


def _sentence(path: Path, error: BaseException | None) -> FileError | None:
    if isinstance(error, OSError):
        if error.errno in _FULL:
            return _no_room(path)
        return FileError(f"{path} cannot be used ({error.strerror or error}): check the folder and its permissions.")
    name = _name(error) if error is not None else ""
    if name.startswith("SQLITE_FULL"):
        return _no_room(path)
    if name in _NOT_TAKEN:
        return RoomError(
            f"The disk did not take what was to be written to {path}: free some space (or have the quota raised) and "
            "resume; everything saved before is intact."
        )
    if name.startswith("SQLITE_READONLY"):
        return FileError(f"{path} is read-only: copy the project to a place where you may write.")
    if name.startswith("SQLITE_CANTOPEN"):
        return FileError(f"{path} cannot be opened: check that its folder exists and that you may use it.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return damaged(path)
    # A text that is no UTF-8 any more, and a schema that is not the one that was checked when the file was opened.
    if str(error).startswith(("Could not decode", "no such column", "no such table")):
        return damaged(path)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return FileError(f"{path} is busy in another program: close that program and try again.")
    if name.startswith("SQLITE_IOERR"):
        return FileError(
            f"The disk did not read or write {path} properly: check the disk, then resume; saved rows are intact."
        )
    return None
