"""One writer to a project: an operating-system lock on a file beside it, gone with its process."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path

from crystal_studio.errors import FileError

# Record locks do not exclude a second handle of the same process, so those are kept here.
_held: set[Path] = set()
_guard = threading.Lock()


class ProjectLock:
    """Held from ``acquire`` to ``release``; raises ``FileError`` where another writer has it.

    A record lock (``fcntl.lockf``) is chosen over ``flock`` because forked worker
    processes do not inherit it: when the writer is killed, the project is free at
    once even if a worker of it still winds down.
    """

    def __init__(self, project: Path) -> None:
        self._project = project.resolve()
        self.path = _lock_path(project)
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the lock or raise ``FileError``; never waits."""
        self._require_one_name()
        key = self.path
        with _guard:
            if key in _held:
                raise FileError(self._message())
            handle = self._open_and_lock()
            self._handle = handle
            _held.add(key)
        with contextlib.suppress(OSError):  # the number is for people to read: a full disk may lack it
            os.ftruncate(handle, 0)
            os.write(handle, str(os.getpid()).encode())

    def release(self) -> None:
        """Give the lock up; harmless when it is not held."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        with _guard:
            _held.discard(self.path)
            if sys.platform == "win32":
                os.close(handle)
            # Removed while still locked, so that nobody removes the lock file of a successor.
            # On Windows a successor may have it open already.
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
            if sys.platform != "win32":
                os.close(handle)

    def _require_one_name(self) -> None:
        """Hard links are names without an order: lock file and log of changes would lie beside each of them."""
        with contextlib.suppress(OSError):
            if self._project.stat().st_nlink > 1:
                raise FileError(
                    f"{self._project} has another name on this disk (a hard link), under which a second program could "
                    "change it at the same time: copy it, and open the copy."
                )

    def _open_and_lock(self) -> int:
        while True:
            try:
                handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError as error:
                raise FileError(
                    f"{self.path.parent} cannot be written to ({error.strerror}): "
                    "copy the project to a folder of yours, or open it read-only."
                ) from error
            try:
                _lock(handle)
            except OSError as error:
                os.close(handle)
                raise FileError(self._message()) from error
            try:
                current = self.path.stat()
            except FileNotFoundError:
                current = None
            mine = os.fstat(handle)
            if current is not None and (current.st_ino, current.st_dev) == (mine.st_ino, mine.st_dev):
                return handle
            os.close(handle)  # its holder removed it between our open and our lock

    def _message(self) -> str:
        name = self.path.name.removesuffix(".lock")
        return (
            f"{name} is already open for writing in another Crystal Studio window or command: "
            "close it there first, or open the project read-only here."
        )


def is_held(project: Path, by_others: bool = False) -> bool:
    """Whether somebody is writing to a project now, in this process or another; ``by_others``: in another."""
    path = _lock_path(project)
    with _guard:  # closing a descriptor of a lock file that this process has locked would take the lock away
        if path in _held:
            return not by_others
        try:
            handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        try:
            _lock(handle, shared=True)
            return False
        except OSError:
            return True
        finally:
            os.close(handle)


def _lock_path(project: Path) -> Path:
    """Beside the file itself, whichever symbolic link it was named by."""
    project = project.resolve()
    return project.with_name(project.name + ".lock")


def _lock(handle: int, shared: bool = False) -> None:
    if sys.platform == "win32":
        import msvcrt

        # Far behind the text, so that the process number stays readable.
        os.lseek(handle, 1 << 20, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.lockf(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
