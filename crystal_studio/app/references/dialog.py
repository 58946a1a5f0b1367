"""Reference sets: what novelty and the hull go by beside what is shipped; from files, or from a database when asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app.background import Background, TaskState
from crystal_studio.app.numbers_text import count, plural
from crystal_studio.app.state_line import StateLine
from crystal_studio.data import gathering, reference_sets
from crystal_studio.data.optimade import MODES, PROVIDERS
from crystal_studio.data.reference_sets import Card
from crystal_studio.errors import KnownError
from crystal_studio.exchange.problems import Problem

COLUMNS = (("Set", 150), ("Structures", 90), ("For the hull", 150), ("From", 320))
FILES = "Structures (*.cif *.vasp *.poscar POSCAR* CONTCAR* *.extxyz *.xyz *.db *.parquet *.csv);;All files (*)"
KEY = "reference sets"


class ReferenceDialog(QDialog):
    """Stays open beside the window; one action at a time, in the background."""

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Reference sets")
        self.setModal(False)
        self.resize(780, 520)
        self._background = background
        self._at_work: TaskState | None = None
        self.table = QTreeWidget()
        self.table.setAccessibleName("Reference sets")
        self.table.setHeaderLabels([title for title, _ in COLUMNS])
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        for index, (_, width) in enumerate(COLUMNS):
            self.table.header().resizeSection(index, width)
        self.table.itemSelectionChanged.connect(self._show_state)
        self.name = QLineEdit()
        self.name.setPlaceholderText("my-oxides")
        self.provider = QComboBox()
        self.provider.setEditable(True)
        self.provider.addItems(list(PROVIDERS))
        self.provider.setToolTip("A database that speaks OPTIMADE, by its name or its base address")
        self.elements = QLineEdit()
        self.elements.setPlaceholderText("Li-Mn-O")
        self.mode = QComboBox()
        self.mode.addItems(list(MODES))
        self.mode.setToolTip("subset: of these elements some; exact: all and no other; contains: all and any other")
        self.add = self._button("Add files…", self.choose_files)
        self.fetch = self._button("Fetch", self.start_fetch)
        self.fetch.setToolTip("Ask the database over the network; nothing else here uses it")
        self.remove = self._button("Remove", self.start_remove)
        self.cancel = self._button("Cancel", self.stop)
        self.message = StateLine()
        self._lay_out()
        for field in (self.name, self.elements):
            field.textChanged.connect(self._show_state)
        self.refresh()

    def refresh(self) -> None:
        """Read which sets there are."""
        self._run(lambda state: ("", reference_sets.cards()))

    def choose_files(self) -> None:
        """Ask for files and make a set of them."""
        files, _ = QFileDialog.getOpenFileNames(self, "Add structures", "", FILES)
        if files:
            self.start_add(files)

    def start_add(self, files: Sequence[str | Path]) -> None:
        """Make a set of files."""
        name = self._named()

        def work(state: TaskState) -> tuple[str, list[Card]]:
            card, problems = gathering.add_files(name, files, cancel=state, progress=_telling(state))
            return _sentence(card, problems), reference_sets.cards()

        self._run(work)

    def start_fetch(self) -> None:
        """Make a set of what a database knows."""
        name, provider, mode = self._named(), self.provider.currentText().strip(), self.mode.currentText()
        elements = [e for e in self.elements.text().replace(",", "-").replace(" ", "-").split("-") if e]

        def work(state: TaskState) -> tuple[str, list[Card]]:
            card, problems = gathering.fetch(name, provider, elements, mode, cancel=state, progress=_telling(state))
            return _sentence(card, problems), reference_sets.cards()

        self._run(work)

    def start_remove(self) -> None:
        """Delete the selected set."""
        names = [item.text(0) for item in self.table.selectedItems()]

        def work(state: TaskState) -> tuple[str, list[Card]]:
            for name in names:
                reference_sets.remove(name)
            return f"Removed {', '.join(names)}", reference_sets.cards()

        self._run(work)

    def stop(self) -> None:
        """Drop what is under way; a set that is not complete is not kept."""
        if self._at_work is not None:
            self._at_work.cancel()
            self._at_work = None
            self._background.cancel(KEY)
            self.message.say("Cancelled: nothing was kept.")
            self._show_state()

    def reject(self) -> None:
        """Closing, by whatever way, ends what is running."""
        self.stop()
        super().reject()

    def _named(self) -> str:
        return self.name.text().strip()

    def _run(self, work: Callable[[TaskState], tuple[str, list[Card]]]) -> None:
        self._at_work = self._background.run(work, self._done, self._failed, self.message.say, key=KEY, long=True)
        self._show_state()

    def _done(self, found: tuple[str, list[Card]]) -> None:
        self._at_work = None
        text, cards = found
        self.table.clear()
        for card in cards:
            hull = ", ".join(f"{count(n)} by {key}" for key, n in card.energies.items()) or "–"
            row = QTreeWidgetItem([card.name, count(card.structures), hull, ", ".join(card.sources)])
            row.setToolTip(3, "\n".join(card.sources))
            self.table.addTopLevelItem(row)
        self.message.say(text or ("" if cards else "There are no sets yet: novelty goes by the shipped index alone."))
        self._show_state()

    def _failed(self, error: BaseException) -> None:
        self._at_work = None
        if not isinstance(error, KnownError):
            self._background.failed.emit(error)
        self.message.say(str(error), "error")
        self._show_state()

    def _show_state(self) -> None:
        idle, named = self._at_work is None, bool(self._named())
        self.add.setEnabled(idle and named)
        self.fetch.setEnabled(idle and named and bool(self.elements.text().strip()))
        self.remove.setEnabled(idle and bool(self.table.selectedItems()))
        self.cancel.setEnabled(not idle)

    def _button(self, text: str, handler: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: handler())
        return button

    def _lay_out(self) -> None:
        asked = QHBoxLayout()
        for widget in (self.provider, self.elements, self.mode, self.fetch):
            asked.addWidget(widget, 2 if widget is self.elements else 1)
        named = QHBoxLayout()
        named.addWidget(self.name, 1)
        named.addWidget(self.add)
        form = QFormLayout()
        form.addRow("New set", named)
        form.addRow("From a database", asked)
        buttons = QHBoxLayout()
        buttons.addWidget(self.remove)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self._button("Close", lambda: self._close()))
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 14)
        column.setSpacing(12)
        column.addWidget(self.table, 1)
        column.addLayout(form)
        column.addWidget(self.message)
        column.addLayout(buttons)

    def _close(self) -> None:
        self.close()


def _telling(state: TaskState) -> Callable[[str, int, int], None]:
    def tell(title: str, done: int, total: int) -> None:
        state.progress(f"{title}: {count(done)}" + (f" of {count(total)}" if total else ""))

    return tell


def _sentence(card: Card, problems: Sequence[Problem]) -> str:
    text = f"{card.name}: {plural(card.structures, 'structure')}"
    if problems:
        text += f"; skipped {len(problems)}, the first {problems[0].name}: {problems[0].text}"
    return text
