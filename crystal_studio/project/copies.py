"""Whole copies of a project, its log included, and closing it into one file."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from crystal_studio.errors import FileError
from crystal_studio.project import seal


def copy_to(engine: Engine, source: Path, target: Path, overwrite: bool = False) -> Path:
    """A consistent copy through SQLite's backup, whole or not there at all; returns its path.

    Copying the file by hand would miss what still lies in the log beside it.
    """
    if not target.parent.is_dir():
        raise FileError(f"The folder {target.parent} does not exist: make it first, or choose another.")
    if target.exists():
        if target.samefile(source):
            raise FileError(f"{target} is the project itself: choose another name for the copy.")
        if not overwrite:
            raise FileError(f"{target} exists already: choose another name.")
    draft = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with engine.connect() as connection, contextlib.closing(sqlite3.connect(draft)) as copy:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.backup(copy)
        seal.put(draft)
        draft.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise FileError(
            f"The copy {target} could not be written ({error}): check the space and permissions."
        ) from error
    finally:
        remove(draft)
    return target


def back_up(engine: Engine, path: Path, version: int) -> Path:
    """A copy beside the project before it is migrated: ``name.v1.bak``, numbered if that is taken."""
    target = path.with_name(f"{path.name}.v{version}.bak")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.v{version}.{number}.bak")
    return copy_to(engine, path, target)


def close(engine: Engine) -> None:
    """Fold the log into the file and close. A full disk keeps the log, which loses nothing."""
    try:
        with contextlib.suppress(DBAPIError), engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            with contextlib.suppress(sqlite3.Error):
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        engine.dispose()


def remove(path: Path) -> None:
    """Remove a file and the log files beside it, where they are."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).unlink()
