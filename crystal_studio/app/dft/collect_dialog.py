"""Reading results of DFT bundles that came back: from which places, and what became of each folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app import theme
from crystal_studio.app.background import Background
from crystal_studio.app.dft.collecting import Line, collect
from crystal_studio.app.faults import sentence
from crystal_studio.app.icons import icon
from crystal_studio.app.inspector.parts import CopyTable
from crystal_studio.app.numbers_text import count, plural
from crystal_studio.app.state_line import StateLine
from crystal_studio.app.widgets import label
from crystal_studio.app.wrapping import WrappingDelegate

LIST_LINES = 4
_PADDING = 18  # of the style sheet and of the text, both sides


class CollectDialog(QDialog):
    """``collected`` carries the ids of the candidates whose results were taken."""

    collected = Signal(object)

    def __init__(
        self, project: Path, awaited: Sequence[Path], background: Background, parent: QWidget | None = None
    ) -> None:
        """``awaited``: places of bundles whose results are missing, offered from the start."""
        super().__init__(parent)
        self.setWindowTitle("Collect DFT results")
        self.setMinimumWidth(680)
        self._project, self._background = project, background
        self._busy = False
        self.places = QListWidget()
        self.places.setAccessibleName("Folders and .zip files")
        self.places.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.places.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.places.setFixedHeight(LIST_LINES * (self.fontMetrics().height() + 10))
        folder, file, self.remove = QPushButton("Add a folder…"), QPushButton("Add .zip files…"), QPushButton("Remove")
        folder.clicked.connect(self._add_folder)
        file.clicked.connect(self._add_files)
        self.remove.clicked.connect(self._remove)
        adding = QHBoxLayout()
        for button in (folder, file, self.remove):
            adding.addWidget(button)
        adding.addStretch(1)
        self.table = CopyTable(("Result", "Candidate", "Folder or crystal", "What was found"), "Results", stretch=3)
        self.table.setWordWrap(True)
        self.table.setItemDelegateForColumn(3, WrappingDelegate(self.table, _PADDING, 10))
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.setMinimumHeight(240)
        self.table.hide()
        self.message = StateLine()
        self.close_button, self.go = QPushButton("Close"), QPushButton("Collect")
        self.close_button.clicked.connect(self.reject)
        self.go.setProperty("role", "primary")
        self.go.setDefault(True)
        self.go.clicked.connect(self.start)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 14)
        column.setSpacing(10)
        about = "Folders or .zip files of bundles that have run, whole or in part. Reading one again changes nothing."
        column.addWidget(label(about, "small", wrap=True))
        column.addWidget(self.places)
        column.addLayout(adding)
        column.addWidget(self.message)
        column.addWidget(self.table, 1)
        column.addLayout(buttons)
        self.places.itemSelectionChanged.connect(self._check)
        self.add(awaited)
        if awaited:
            waits = "waits" if len(awaited) == 1 else "wait"
            self.message.say(f"{plural(len(awaited), 'bundle')} of this project still {waits} for results.", "muted")

    def add(self, places: Sequence[Path]) -> None:
        """Put places on the list, each once."""
        there = set(self.listed())
        self.places.addItems([str(place) for place in places if place not in there])
        self._check()

    def listed(self) -> list[Path]:
        """The places that will be read."""
        return [Path(self.places.item(i).text()) for i in range(self.places.count())]

    def start(self) -> None:
        """Read them."""
        places = self.listed()
        self._set_busy(True)
        self.table.setRowCount(0)
        self.message.say(f"Reading {plural(len(places), 'place')} …", "muted")
        self._background.run(
            lambda _: collect(self._project, places), self._done, self._failed, key="dft collect", long=True
        )

    def reject(self) -> None:
        """Close; what is being read is read to its end."""
        if not self._busy:
            super().reject()

    def _done(self, lines: Sequence[Line]) -> None:
        self._set_busy(False)
        taken = [line.candidate for line in lines if line.candidate]
        skipped = len(lines) - len(taken)
        text = f"{plural(len(taken), 'result')} taken"
        self.message.say(f"{text}, {plural(skipped, 'folder')} skipped." if skipped else f"{text}.", "")
        tokens = theme.tokens()
        for line in lines:
            word, name, colour = (
                ("Taken", "check", tokens.success) if line.candidate else ("Skipped", "warning", tokens.warning)
            )
            number = count(line.candidate) if line.candidate else ""
            items = self.table.add_row([(word, ""), (number, ""), (line.name, ""), (line.text, "")], right=(1,))
            items[0].setIcon(icon(name, colour))
            items[0].setForeground(QColor(colour))
            items[3].setToolTip(line.text)
        self.table.setVisible(bool(lines))
        self.collected.emit(taken)

    def _failed(self, error: BaseException) -> None:
        self._set_busy(False)
        self.message.say(sentence(error), "error")

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self.close_button.setEnabled(not busy)
        self._check()

    def _check(self) -> None:
        self.go.setEnabled(bool(self.places.count()) and not self._busy)
        self.remove.setEnabled(bool(self.places.selectedItems()))

    def _add_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder of a bundle", str(self._project.parent))
        if chosen:
            self.add([Path(chosen)])

    def _add_files(self) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(self, ".zip of a bundle", str(self._project.parent), "Bundles (*.zip)")
        self.add([Path(file) for file in chosen])

    def _remove(self) -> None:
        for item in self.places.selectedItems():
            self.places.takeItem(self.places.row(item))
        self._check()
