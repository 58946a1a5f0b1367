"""Keeps what the Explore page shows unasked in step with what the project holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from crystal_studio.app.background import Background
from crystal_studio.app.explore.arrangement import CRYSTALS, Arrangement, arrangement

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader


class Arranged(Protocol):
    """A part of the page; of a project just ``opened`` it may drop what the user has chosen for another."""

    def arrange(self, arrangement: Arrangement, opened: bool = False) -> None: ...


class Arranging(QObject):
    """``began`` once a project that was opened is arranged; ``faulted`` carries why it cannot be."""

    began = Signal()
    faulted = Signal(object)

    def __init__(self, background: Background, parts: list[Arranged], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background, self._parts, self._arrangement = background, parts, CRYSTALS
        for part in parts:
            part.arrange(CRYSTALS, opened=True)

    def add(self, part: Arranged) -> None:
        """Another part, made later."""
        self._parts.append(part)
        part.arrange(self._arrangement, opened=True)

    def open(self, reader: ProjectReader | None) -> None:
        """Another project, or none."""
        self._background.cancel("holdings")
        if reader is not None:
            self._look(reader, opened=True)

    def refresh(self, reader: ProjectReader) -> None:
        """The project has new content."""
        if not self._background.busy("holdings"):
            self._look(reader, opened=False)

    def _look(self, reader: ProjectReader, opened: bool) -> None:
        def take(held: frozenset[str]) -> None:
            found = arrangement(held)
            if opened or found != self._arrangement:
                self._arrangement = found
                for part in self._parts:
                    part.arrange(found, opened)
            if opened:
                self.began.emit()

        def held(_: object) -> frozenset[str]:
            from crystal_studio.project.holdings import holdings  # with SQLAlchemy, which no window needs at first

            return holdings(reader)

        self._background.run(held, take, self.faulted.emit, key="holdings")
