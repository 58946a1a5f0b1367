"""Making, opening and migrating project files: what comes before anything is read from one or written to it."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Engine, inspect

from crystal_studio.errors import FileError
from crystal_studio.project import check, connection, copies, files, migrations, schema, seal
from crystal_studio.project.lock import ProjectLock


def make(path: Path) -> tuple[Engine, ProjectLock]:
    """A new, empty project for its writer; raises ``FileError`` where the file exists or cannot be made.

    The file appears under its name only once it is whole.
    """
    if path.exists():
        raise FileError(f"{path} exists already: choose another name, or open it.")
    if not path.parent.is_dir():
        raise FileError(f"The folder {path.parent} does not exist: make it first, or choose another.")
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
        return connection.open_writer(path), lock
    except BaseException:
        copies.remove(draft)
        lock.release()
        raise


def for_writing(path: Path) -> tuple[Engine, ProjectLock]:
    """An existing project for its writer; an older file is backed up beside itself, then migrated in one transaction.

    Raises ``FileError`` for a file that is no project, is newer than this program, is open for writing elsewhere, or
    cannot be written.
    """
    connection.read_header(path)
    if not os.access(path, os.W_OK):
        raise FileError(f"{path} is read-only: copy it to a place where you may write, or open it read-only.")
    lock = ProjectLock(path)
    lock.acquire()
    try:
        check.require_sound(path, mine=True)
        with connection.translated(path):
            seal.open_up(path)
        engine = connection.open_writer(path)
        try:
            with connection.translated(path):
                version = connection.user_version(engine)
                if version > schema.SCHEMA_VERSION:
                    raise connection.newer(path, version)
                if version < schema.SCHEMA_VERSION:
                    copies.back_up(engine, path, version)
                    migrations.upgrade(engine, version)
                    migrations.compact(engine)
        except BaseException:
            engine.dispose()
            raise
    except BaseException:
        lock.release()
        raise
    return engine, lock


def for_reading(path: Path) -> tuple[Engine, int, files.Held]:
    """A sound project for a reader, its schema version, and the file held open; raises ``FileError``.

    A newer file opens as long as it still has the tables and columns that this program knows.
    """
    connection.read_header(path)
    check.require_sound(path)
    # Kept so that nobody in this process closes a descriptor of the file while SQLite has locks on it.
    held = files.Held(path)
    engine = connection.open_reader(path)
    try:
        with connection.translated(path):
            version = connection.user_version(engine)
            _check_schema(engine, path, version)
    except BaseException:
        engine.dispose()
        held.close()
        raise
    return engine, version, held


def _check_schema(engine: Engine, path: Path, version: int) -> None:
    if version < schema.SCHEMA_VERSION:
        raise FileError(
            f"{path} was made by an older Crystal Studio: open it in the window, or run 'crystal-studio resume"
            f" {path}', which brings it up to date and keeps a backup beside it."
        )
    if version == schema.SCHEMA_VERSION:
        return
    found = inspect(engine)
    tables = set(found.get_table_names())
    for table in schema.metadata.sorted_tables:
        present = {c["name"] for c in found.get_columns(table.name)} if table.name in tables else set()
        if not {c.name for c in table.c} <= present:
            raise connection.newer(path, version)
