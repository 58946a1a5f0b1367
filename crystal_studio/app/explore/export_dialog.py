"""Writing candidates to files: which, in what format, where to; the writing runs in the background."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app import files
from crystal_studio.app.background import Background, TaskState
from crystal_studio.app.explore.exporting import Written, taken, write
from crystal_studio.app.faults import sentence
from crystal_studio.app.numbers_text import plural
from crystal_studio.app.settings import WindowState
from crystal_studio.app.widgets import GAP, label, restyle
from crystal_studio.exchange.exporters import exporters

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader


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
        self._question: QMessageBox | None = None
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
        self._begin(0)

        def look(_: TaskState) -> list[Path]:
            return taken(reader, ids, key, folder)

        def found(there: list[Path]) -> None:
            if there:
                self._ended()
                self._ask(there, folder, lambda keep: self._write(ids, key, folder, keep))
            else:
                self._write(ids, key, folder)

        self._task = self._background.run(look, found, self._failed, key="export", long=True)

    def _write(self, ids: Sequence[int], key: str, folder: Path, keep: bool = False) -> None:
        reader = self._reader
        self._begin(len(ids))
        self._task = self._background.run(
            lambda state: write(reader, ids, key, folder, state, keep),
            self._done,
            self._failed,
            self.bar.setValue,
            key="export",
            long=True,
        )

    def _ask(self, there: Sequence[Path], folder: Path, go_on: Callable[[bool], object]) -> None:
        """Files of these names are there already: what to do is the user's to say."""
        verb = "is" if len(there) == 1 else "are"
        # Kept: deleted while its own button is still being released, it takes the program with it.
        box = self._question = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Export")
        box.setText(f"{plural(len(there), 'file')} with the same name {verb} there already.")
        named = ", ".join(path.name for path in there[:3]) + (" …" if len(there) > 3 else "")
        box.setInformativeText(f"{named}\nin {folder}")
        both = box.addButton("Keep both", QMessageBox.ButtonRole.AcceptRole)
        over = box.addButton("Overwrite", QMessageBox.ButtonRole.DestructiveRole)
        stop = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(both)
        box.setEscapeButton(stop)
        answers: dict[QAbstractButton, bool] = {both: True, over: False}
        box.finished.connect(lambda _: box.clickedButton() in answers and go_on(answers[box.clickedButton()]))
        box.open()

    def _begin(self, steps: int) -> None:
        self.go.setEnabled(False)
        self.close_button.setText("Cancel")
        self.bar.setRange(0, steps)
        self.bar.setValue(0)
        self.bar.show()
        self._say("", "")

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
            files.show_folder(self._folder_written)


def _documents() -> Path:
    found = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(found) if found else Path.home()
