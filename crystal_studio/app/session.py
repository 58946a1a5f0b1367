"""The project that is open: its file, a reader on it, and word of every change."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from crystal_studio.app.background import Background, TaskState
from crystal_studio.errors import FileError
from crystal_studio.project.lock import is_held

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

POLL_MS = 400
SUFFIX = ".crystals"


class ProjectSession(QObject):
    """At most one open project. Opening happens in the background; ``opened`` or ``failed`` follows."""

    opened = Signal()
    closed = Signal()
    changed = Signal()  # candidates or campaigns were written, by whatever process, or its writer came or went
    failed = Signal(object)

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self.path: Path | None = None
        self.reader: ProjectReader | None = None
        self._version: Any = None
        self.held = False  # whether another process had it open for writing at the last look
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self.poll)

    @property
    def name(self) -> str:
        """The project's name as shown: its file without the suffix."""
        return self.path.stem if self.path else ""

    @property
    def writable(self) -> bool:
        """Whether the file and its folder may be written (SQLite needs both)."""
        return self.path is not None and os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)

    def open(self, path: Path, then: Callable[[], None] | None = None) -> None:
        """Open an existing project."""
        path = Path(path).resolve()
        self._background.run(
            lambda _: _open(path), lambda reader: self._take(path, reader, then), self.failed.emit, key="open project"
        )

    def create(self, path: Path, then: Callable[[], None] | None = None) -> None:
        """Create a project file and open it."""
        path = Path(path)
        path = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
        path = path.resolve()

        def work(_: TaskState) -> ProjectReader:
            from crystal_studio.project.store import ProjectWriter

            with ProjectWriter.create(path):
                pass
            return _open(path)

        self._background.run(work, lambda reader: self._take(path, reader, then), self.failed.emit, key="open project")

    def close(self) -> None:
        """Let go of the project."""
        if self.reader is None:
            return
        self._timer.stop()
        self.reader.close()
        self.reader, self.path, self._version, self.held = None, None, None, False
        self.closed.emit()

    def poll(self) -> None:
        """Look whether anybody has written to the file since the last look, or has gone."""
        if self.reader is None or self.path is None:
            return
        version = self.reader.data_version()
        # Asked only where it may have changed: to ask takes the lock for a moment where it is free.
        held = is_held(self.path, by_others=True) if self.held or version != self._version else False
        if version != self._version or held != self.held:
            self._version, self.held = version, held
            self.changed.emit()

    def _take(self, path: Path, reader: ProjectReader, then: Callable[[], None] | None) -> None:
        self.close()
        self.path, self.reader = path, reader
        self._version, self.held = reader.data_version(), is_held(path, by_others=True)
        self._timer.start()
        self.opened.emit()
        if then:
            then()


def _open(path: Path) -> ProjectReader:
    """Read a project; one of an older version is backed up beside itself and brought up to date first."""
    from crystal_studio.project.queries import ProjectReader
    from crystal_studio.project.store import bring_up_to_date

    if not path.exists():
        raise FileError(f"There is no project {path}: it may have been moved or deleted.")
    bring_up_to_date(path)
    return ProjectReader(path)
