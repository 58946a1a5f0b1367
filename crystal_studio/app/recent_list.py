"""The projects that were open before, to be opened again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.numbers_text import MISSING, count, day
from crystal_studio.app.widgets import label

MOST_SHOWN, LEAST_SHOWN = 6, 2
WIDEST = 640
TITLES = ("Project", "Candidates", "Changed", "Folder")
PATH_ROLE = int(Qt.ItemDataRole.UserRole)


@dataclass(frozen=True)
class Recent:
    """A project that was open before; ``candidates`` None where that cannot be told, ``changed`` in local time."""

    path: Path
    candidates: int | None
    changed: datetime


def read(paths: Sequence[Path]) -> list[Recent]:
    """What is known of these projects, without those that are gone; reads files, so not on the GUI thread."""
    from crystal_studio.project import glance  # here, since the window begins without a database

    found = [(path, glance.changed(path)) for path in paths]
    there = [(path, when) for path, when in found if when is not None]
    return [Recent(path, glance.candidates_in(path), when) for path, when in there[:MOST_SHOWN]]


class RecentList(QWidget):
    """Hidden while there are none; ``chosen`` carries the path of one that was clicked, or taken with Enter."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMaximumWidth(WIDEST)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(4)
        column.addWidget(label("Open again", "section"))
        self.list = QTreeWidget()
        self.list.setHeaderLabels(TITLES)
        self.list.setAccessibleName("Projects that were open before")
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAllColumnsShowFocus(True)
        self.list.setTabKeyNavigation(False)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        header = self.list.header()
        header.setSectionsMovable(False)
        header.setProperty("role", "tight")
        header.setStretchLastSection(True)
        for at in range(len(TITLES) - 1):
            header.setSectionResizeMode(at, QHeaderView.ResizeMode.ResizeToContents)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        self.list.headerItem().setTextAlignment(1, right)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        column.addWidget(self.list)
        self.hide()

    def show_projects(self, projects: Sequence[Recent], now: datetime | None = None) -> None:
        """List these, the first one ready to be opened with Enter; ``now``: by what days are named."""
        now = now or datetime.now()
        self.list.clear()
        for project in projects:
            candidates = MISSING if project.candidates is None else count(project.candidates)
            texts = [project.path.stem, candidates, day(project.changed, now), folder_text(project.path.parent)]
            item = QTreeWidgetItem(texts)
            item.setData(0, PATH_ROLE, str(project.path))
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for at in range(len(TITLES)):
                item.setToolTip(at, f"Open {project.path}")
            self.list.addTopLevelItem(item)
        if projects:
            self.list.setCurrentIndex(self.list.model().index(0, 0))
            row = self.list.sizeHintForRow(0)
            frame = self.list.header().sizeHint().height() + 2 * self.list.frameWidth() + 2
            self.list.setMinimumHeight(frame + min(len(projects), LEAST_SHOWN) * row)
            self.list.setMaximumHeight(frame + len(projects) * row)
        self.setVisible(bool(projects))
        if self.list.isVisible() and not isinstance(self.window().focusWidget(), QLineEdit):
            self.list.setFocus()  # who comes back goes on with the return key

    def _choose(self, item: QTreeWidgetItem) -> None:
        self.chosen.emit(Path(item.data(0, PATH_ROLE)))


def folder_text(folder: Path) -> str:
    """A folder as it is written short: "~/Documents/Crystal Studio"."""
    home = Path.home()
    return str(Path("~") / folder.relative_to(home)) if folder.is_relative_to(home) else str(folder)
