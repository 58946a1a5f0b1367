"""Looking at a project file's bytes beside SQLite.

POSIX takes every lock that a process holds on a file away as soon as the process closes any descriptor of it, those
of SQLite included. So a descriptor is kept as long as anybody in this process has the file open.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

_open: dict[tuple[int, int], list[int]] = {}  # (device, inode) -> [descriptor, users]
_guard = threading.Lock()


class Held:
    """A descriptor of one file, shared within the process, until ``close``; raises ``OSError``."""

    def __init__(self, path: Path) -> None:
        found = path.stat()
        self.key = (found.st_dev, found.st_ino)
        self._closed = False
        with _guard:
            if self.key not in _open:
                self.key, descriptor = _descriptor(path)
                _open[self.key] = [descriptor, 0]
            _open[self.key][1] += 1
            self.descriptor = _open[self.key][0]

    def size(self) -> int:
        """Bytes of the file now."""
        return os.fstat(self.descriptor).st_size

    def changed(self) -> tuple[int, int]:
        """What differs after the file was written: time in nanoseconds and size."""
        found = os.fstat(self.descriptor)
        return found.st_mtime_ns, found.st_size

    def read(self, start: int, count: int) -> bytes:
        """``count`` bytes from ``start``, fewer at the end of the file."""
        if sys.platform == "win32":
            with _guard:
                os.lseek(self.descriptor, start, os.SEEK_SET)
                return os.read(self.descriptor, count)
        return os.pread(self.descriptor, count, start)

    def end_at(self, size: int, trailer: bytes = b"") -> None:
        """Cut the file at ``size``, put ``trailer`` there, and wait until the disk has it; raises ``OSError``."""
        os.ftruncate(self.descriptor, size)
        if trailer:
            with _guard:
                os.lseek(self.descriptor, size, os.SEEK_SET)
                os.write(self.descriptor, trailer)
        os.fsync(self.descriptor)

    def close(self) -> None:
        """Give it up; harmless when done already."""
        with _guard:
            if self._closed:
                return
            self._closed = True
            entry = _open[self.key]
            entry[1] -= 1
            if not entry[1]:
                del _open[self.key]
                os.close(entry[0])


def _descriptor(path: Path) -> tuple[tuple[int, int], int]:
    """A new descriptor, one that can write where that is allowed, and whose it is."""
    flags = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, os.O_RDWR | flags)
    except OSError:
        descriptor = os.open(path, os.O_RDONLY | flags)
    found = os.fstat(descriptor)
    return (found.st_dev, found.st_ino), descriptor


@contextlib.contextmanager
def held(path: Path) -> Iterator[Held]:
    """A descriptor for the time of a look."""
    one = Held(path)
    try:
        yield one
    finally:
        one.close()
