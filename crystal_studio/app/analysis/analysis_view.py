"""What can be found out of the candidate in view: powder pattern, distances, coordination, elasticity, phonons."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app import theme
from crystal_studio.app.analysis import reading
from crystal_studio.app.analysis.long_page import LongPage
from crystal_studio.app.analysis.pages import DistancesPage, PowderPage, TablePage, VibrationsPage
from crystal_studio.app.analysis.wavelength import WavelengthField
from crystal_studio.app.background import Background, TaskState
from crystal_studio.app.flow import FlowRow
from crystal_studio.app.icons import icon
from crystal_studio.app.taking import TakeButton
from crystal_studio.app.widgets import GAP, label
from crystal_studio.errors import KnownError
from crystal_studio.project.rows import CandidateRow

if TYPE_CHECKING:
    from crystal_studio.analysis.powder import Measured
    from crystal_studio.analysis.protocol import Analysis
    from crystal_studio.project.queries import ProjectReader

EMPTY = "Select a candidate in the table to see its powder pattern, distances and coordination here."
KINDS = {
    "powder": ("Powder", "X-ray powder pattern, kinematical, without thermal motion"),
    "distances": ("Distances", "Radial distribution function"),
    "coordination": ("Coordination", "Neighbours, oxidation states and bond valences of every orbit"),
    "elastic": ("Elasticity", "Elastic tensor and moduli by a potential; takes some time"),
    "phonons": ("Phonons", "Vibrations by a potential; takes some time"),
}
LONG = {
    "elastic": "Stresses of twelve strained cells give the elastic tensor. The crystal is relaxed first.",
    "phonons": "Forces of displaced atoms in a supercell give the vibrations. The crystal is relaxed first.",
}
MEASURED_FILTER = "Patterns (*.xy *.xye *.dat *.csv *.txt);;All files (*)"


class AnalysisView(QWidget):
    """``faulted`` carries an error to show, ``told`` a line for the user."""

    faulted = Signal(object)
    told = Signal(str)

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._reader: ProjectReader | None = None
        self._row: CandidateRow | None = None
        self._measured: Measured | None = None
        self._answers: dict[tuple[int, str, str, str], Analysis] = {}  # by candidate, geometry, kind, potential
        self._running: tuple[tuple[int, str, str, str], TaskState, float, str] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 8)
        row = QHBoxLayout()
        self.kind = QComboBox()
        self.kind.setAccessibleName("Analysis")
        for key, (title, tip) in KINDS.items():
            self.kind.addItem(title, key)
            self.kind.setItemData(self.kind.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.kind.currentIndexChanged.connect(lambda _: self.reload())
        self.wavelength = WavelengthField()
        self.wavelength.changed.connect(self.reload)
        self.load = QPushButton("Compare…")
        self.load.setToolTip("Lay a measured pattern over it: a text file with two columns, 2θ in degrees and counts")
        self.load.clicked.connect(lambda _=False: self._ask_measured())
        self.unload = QToolButton()
        self.unload.setProperty("role", "quiet")
        self.unload.setAccessibleName("Take the measured pattern away")
        self.unload.setToolTip("Take the measured pattern away")
        self.unload.clicked.connect(lambda _=False: self.set_measured(None))
        self.potential = QComboBox()
        self.potential.setAccessibleName("Potential of the analysis")
        self.potential.setToolTip("Whose energies, forces and stresses are used")
        self.potential.currentIndexChanged.connect(lambda _: self.reload())
        self.take = TakeButton(self.found, self._plot)
        self.take.failed.connect(self.faulted)
        self.take.told.connect(self.told)
        choices = FlowRow(spacing=GAP, least=280)
        choices.add(self.kind, self.wavelength, self.load, self.unload, self.potential)
        row.addWidget(choices, 1)
        row.addWidget(self.take, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(row)
        self.message = label(EMPTY, "muted", wrap=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages: dict[str, Any] = {
            "powder": PowderPage(),
            "distances": DistancesPage(),
            "coordination": TablePage("Coordination"),
            "elastic": LongPage(TablePage("Elastic tensor"), LONG["elastic"]),
            "phonons": LongPage(VibrationsPage(), LONG["phonons"]),
        }
        self._stack = QStackedWidget()
        self._stack.addWidget(self.message)
        for key, page in self.pages.items():
            self._stack.addWidget(page)
            if key in LONG:
                page.asked.connect(partial(self.compute, key))
                page.cancelled.connect(self.cancel)
        column.addWidget(self._stack, 1)
        theme.manager().changed.connect(self._recolour)
        self._recolour()
        self._controls()

    @property
    def what(self) -> str:
        """The analysis that is chosen: a key of ``KINDS``."""
        return str(self.kind.currentData())

    def found(self) -> Analysis | None:
        """What is on screen."""
        return self.pages[self.what].found if self._stack.currentWidget() is self.pages[self.what] else None

    def show_candidate(self, row: CandidateRow | None, reader: ProjectReader | None) -> None:
        """Look at another candidate, or at none; what is being computed for another one goes on."""
        if reader is not self._reader:
            self.cancel()
            self._answers.clear()
        self._row, self._reader = row, reader
        self.reload()

    def set_measured(self, measured: Measured | None) -> None:
        """Lay a measured pattern over the calculated one, or none."""
        self._measured = measured
        self.reload()

    def reload(self) -> None:
        """Find out what is to be shown, where somebody is looking."""
        self._controls()
        row, reader, what = self._row, self._reader, self.what
        if row is None or reader is None:
            self._background.cancel("analysis")
            self.message.setText(EMPTY)
            self._stack.setCurrentWidget(self.message)
            return
        if not self.isVisible():
            return
        if what in LONG:
            self._show_long(what)
            return
        wavelength, measured = self.wavelength.value, self._measured

        def work(_: TaskState) -> Any:
            if what == "powder":
                return reading.powder(reader, row, wavelength, measured)
            return reading.distances(reader, row) if what == "distances" else reading.coordination(reader, row)

        self._background.run(work, partial(self._show, what), self._failed, key="analysis")

    def compute(self, what: str) -> None:
        """Begin a long analysis of the candidate; another one that is under way is ended."""
        row, reader, potential = self._row, self._reader, str(self.potential.currentData() or "")
        if row is None or reader is None or not potential:
            return
        self.cancel()
        key = (row.id, row.geometry, what, potential)

        def work(state: TaskState) -> Analysis | None:
            from crystal_studio.analysis.apart import analyse

            crystal = reader.structures([row.id])
            return analyse(what, potential, crystal, tell=state.progress, stop=state.is_set)

        began = time.monotonic()
        state = self._background.run(
            work, partial(self._computed, key), partial(self._gave_up, key), self._heard, key="long analysis", long=True
        )
        self._running = (key, state, began, "Waiting for its turn")
        self._show_long(what)

    def cancel(self) -> None:
        """End the long analysis that is under way."""
        if self._running is not None:
            self._background.cancel("long analysis")
            key, self._running = self._running[0], None
            if key[2] == self.what:
                self.reload()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.potential.count():
            for name, title in reading.voices():
                self.potential.addItem(title, name)
        self.reload()

    def _recolour(self) -> None:
        self.unload.setIcon(icon("close"))

    def _controls(self) -> None:
        """The fields that the chosen analysis has."""
        what, there = self.what, self._row is not None
        for widget in (self.wavelength, self.load):
            widget.setVisible(what == "powder")
        self.unload.setVisible(what == "powder" and self._measured is not None)
        self.potential.setVisible(what in LONG)
        for field in (self.load, self.take):
            field.setEnabled(there)
        self.wavelength.setEnabled(there)

    def _plot(self) -> Any:
        page = self.pages[self.what]
        page = page.page if isinstance(page, LongPage) and page.found is not None else page
        return page.plot if hasattr(page, "plot") and self.found() is not None else None

    def _show(self, what: str, found: Any) -> None:
        self.pages[what].show_found(found)
        if what == self.what and self._row is not None:
            self._stack.setCurrentWidget(self.pages[what])

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, KnownError):
            self.faulted.emit(error)
        self.message.setText(str(error) if isinstance(error, KnownError) else "This could not be found out.")
        self._stack.setCurrentWidget(self.message)

    def _show_long(self, what: str) -> None:
        """An answer that is there, work that is under way, or the offer to begin."""
        self._background.cancel("analysis")
        page, row = self.pages[what], self._row
        assert row is not None
        self._stack.setCurrentWidget(page)
        key = (row.id, row.geometry, what, str(self.potential.currentData() or ""))
        if key in self._answers:
            page.show_found(self._answers[key])
        elif self._running is not None and self._running[0] == key:
            page.show_work(self._running[3], self._running[2])
        else:
            page.show_ask()

    def _heard(self, words: str) -> None:
        if self._running is not None:
            key, state, began, _ = self._running
            self._running = (key, state, began, words)
            if key[2] == self.what and self._stack.currentWidget() is self.pages[self.what]:
                self.reload()

    def _computed(self, key: tuple[int, str, str, str], found: Analysis | None) -> None:
        self._running = None
        if found is not None:
            self._answers[key] = found
            self.told.emit(f"{found.title} of candidate {key[0]} is there")
        self.reload()

    def _gave_up(self, key: tuple[int, str, str, str], error: BaseException) -> None:
        self._running = None
        if not isinstance(error, KnownError):
            self.faulted.emit(error)
        self.reload()
        if self._row is not None and key[0] == self._row.id and key[2] == self.what:
            self.pages[key[2]].show_ask(str(error))

    def _ask_measured(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Measured pattern", "", MEASURED_FILTER)
        if path:
            self.compare(Path(path))

    def compare(self, path: Path) -> None:
        """Read a measured pattern and lay it over the calculated one."""
        self._background.run(
            lambda _: reading.measured(path), self.set_measured, self.faulted.emit, key="measured pattern"
        )
