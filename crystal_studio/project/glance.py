"""What can be said of a project file at a glance, without examining it."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from crystal_studio.errors import FileError
from crystal_studio.project.connection import read_header, wal_path


def candidates_in(path: Path) -> int | None:
    """How many candidates a project holds; None where that cannot be told now."""
    try:
        read_header(path)
        # Without a log beside it nobody has it open, and read as what does not change it is left without one.
        still = "" if wal_path(path).exists() else "&immutable=1"
        uri = f"file:{quote(str(path.resolve()))}?mode=ro{still}"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=0.0)) as connection:
            return int(connection.execute("SELECT count(*) FROM candidates").fetchone()[0])
    except (FileError, sqlite3.Error, OSError):
        return None


def changed(path: Path) -> datetime | None:
    """When a project was last written to, in local time; None where it is not there any more."""
    try:
        times = [path.stat().st_mtime]
    except OSError:
        return None
    with contextlib.suppress(OSError):
        times.append(wal_path(path).stat().st_mtime)
    return datetime.fromtimestamp(max(times))
