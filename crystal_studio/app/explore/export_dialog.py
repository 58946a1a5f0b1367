"""Writing candidates to files: which, in what format, where to; the writing runs in the background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.background import Background, TaskState
from crystal_studio.app.faults import sentence
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.settings import WindowState
from crystal_studio.app.widgets import GAP, label, restyle
from crystal_studio.exchange.exporters import exporters
from crystal_studio.project.rows import CandidateRow

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

CHUNK = 10


@dataclass(frozen=True)
class Written:
    """The files, and what could not be written as asked."""

    paths: tuple[Path, ...]
    problems: tuple[str, ...]


class ExportDialog(QDialog):
    """``written`` carries the paths of the files."""

    written = Signal(object)

    def __init__(
        self,
        reader: ProjectReader,
        selected: Sequence[int],
        listed: Sequence[int],
        background: Background,
        state: WindowState,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export candidates")
        self.setMinimumWidth(540)
        self._reader, self._background, self._state = reader, background, state
        self._scopes = {"selected": [int(i) for i in selected], "listed": [int(i) for i in listed]}
        self._task: TaskState | None = None
        self._folder_written: Path | None = None
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(GAP)
        self.scope = QComboBox()
        if selected:
            self.scope.addItem(plural(len(selected), "selected candidate"), "selected")
        self.scope.addItem(f"All {plural(len(listed), 'listed candidate')}", "listed")
        self.format = QComboBox()
        for name, item in exporters.all().items():
            self.format.addItem(item.title, name)
        self.format_note = label("", "small", wrap=True)
        self.folder = QLineEdit(state.text("export/folder") or str(_documents() / "Crystal Studio"))
        self.folder.setAccessibleName("Folder")
        browse = QPushButton("Browse…")
        browse.clicked.connect(self._browse)
        where = QHBoxLayout()
        where.addWidget(self.folder, 1)
        where.addWidget(browse)
        for row, (title, widget) in enumerate((("Candidates", self.scope), ("Format", self.format))):
            grid.addWidget(label(title, "muted"), row * 2, 0)
            grid.addWidget(widget, row * 2, 1)
            widget.setAccessibleName(title)
        grid.addWidget(self.format_note, 3, 1)
        grid.addWidget(label("Folder", "muted"), 4, 0)
        grid.addLayout(where, 4, 1)
        grid.setColumnStretch(1, 1)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.message = label("", "", wrap=True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.hide()
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        self.show_folder = QPushButton("Open the folder")
        self.show_folder.hide()
        self.show_folder.clicked.connect(self._open_folder)
        self.close_button = QPushButton("Close")
        self.close_button.clicked.connect(self.reject)
        self.go = QPushButton("Export")
        self.go.setProperty("role", "primary")
        self.go.setDefault(True)
        self.go.clicked.connect(self.start)
        for button in (self.show_folder, self.close_button, self.go):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 14)
        column.setSpacing(14)
        column.addLayout(grid)
        column.addWidget(self.bar)
        column.addWidget(self.message)
        column.addLayout(buttons)
        self.format.currentIndexChanged.connect(self._describe)
        self._describe()
        remembered = self.format.findData(state.text("export/format", "cif"))
        self.format.setCurrentIndex(max(remembered, 0))

    def start(self) -> None:
        """Write the files in the background."""
        ids = self._scopes[self.scope.currentData()]
        folder, key = Path(self.folder.text()).expanduser(), self.format.currentData()
        self._state.set("export/folder", str(folder))
        self._state.set("export/format", key)
        reader = self._reader
        self.go.setEnabled(False)
        self.close_button.setText("Cancel")
        self.bar.setRange(0, max(len(ids), 1))
        self.bar.setValue(0)
        self.bar.show()
        self._say("", "")
        self._task = self._background.run(
            lambda state: write(reader, ids, key, folder, state),
            self._done,
            self._failed,
            self.bar.setValue,
            key="export",
        )

    def reject(self) -> None:
        if self._task is not None:
            self._background.cancel("export")
            self._ended()
            self._say("Stopped. Files written so far are kept.", "muted")
            return
        super().reject()

    def _done(self, found: Written) -> None:
        self._ended()
        self._folder_written = Path(self.folder.text()).expanduser()
        text = f"Wrote {plural(len(found.paths), 'file')} to {self._folder_written}."
        if found.problems:
            shown = "\n".join(found.problems[:3])
            text += f"\n{plural(len(found.problems), 'note')}:\n{shown}"
        self._say(text, "")
        self.show_folder.show()
        self.written.emit(list(found.paths))

    def _failed(self, error: BaseException) -> None:
        self._ended()
        self._say(sentence(error), "error")

    def _ended(self) -> None:
        self._task = None
        self.go.setEnabled(True)
        self.close_button.setText("Close")
        self.bar.hide()

    def _say(self, text: str, role: str) -> None:
        self.message.setProperty("role", role)
        restyle(self.message)
        self.message.setText(text)
        self.message.setVisible(bool(text))

    def _describe(self) -> None:
        self.format_note.setText(exporters.get(self.format.currentData()).help)

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder to export to", self.folder.text())
        if chosen:
            self.folder.setText(chosen)

    def _open_folder(self) -> None:
        if self._folder_written is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder_written)))


def _documents() -> Path:
    found = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(found) if found else Path.home()


def write(reader: ProjectReader, ids: Sequence[int], key: str, folder: Path, state: TaskState) -> Written:
    """Write candidates, relaxed where they were, to files; tells ``state`` how many are done, stops when it says so."""
    from crystal_studio.exchange.export import export, file_names
    from crystal_studio.exchange.problems import Problem

    rows = reader.by_ids(ids)
    names = file_names([r.id for r in rows], [r.formula for r in rows], [r.space_group for r in rows])
    problems: list[str] = []
    paths: list[Path] = []

    def report(problem: Problem) -> None:
        problems.append(f"{problem.name}: {problem.text}")

    size = len(rows) if exporters.get(key).single else CHUNK
    for start in range(0, len(rows), max(size, 1)):
        if state.cancelled:
            break
        part, titles = rows[start : start + size], names[start : start + size]
        columns = {f.name: [getattr(r, f.name) for r in part] for f in fields(CandidateRow)}
        cells = reader.structures([r.id for r in part], kind="best")
        paths += export(cells, titles, key, folder, columns=columns, report=report)
        state.progress(min(start + size, len(rows)))
    return Written(tuple(paths), tuple(problems))
