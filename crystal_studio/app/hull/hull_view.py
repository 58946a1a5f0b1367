"""The convex hull of the chemical system of the candidate that is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.background import Background
from crystal_studio.app.hull.ramp import RampLegend
from crystal_studio.app.hull.reading import HullFacts, read
from crystal_studio.app.inspector.parts import CopyTable, selectable
from crystal_studio.app.numbers_text import figure
from crystal_studio.app.taking import TakeButton
from crystal_studio.app.typeset import formula_html
from crystal_studio.app.widgets import Segments, label
from crystal_studio.project.rows import CandidateRow

if TYPE_CHECKING:
    from crystal_studio.analysis.protocol import Analysis
    from crystal_studio.project.queries import ProjectReader

EMPTY = "Select a candidate in the table to see the convex hull of its chemical system here."
DELAY_MS = 1500
"""Before the hull is read again while the project is being written."""
DRAWN = (2, 3, 4)
"""Numbers of elements that a drawing can show; others stand in the table alone."""
KEY = "hull"


class HullView(QWidget):
    """``picked`` carries the id of a candidate that was clicked, ``faulted`` an error, ``told`` a line for the user."""

    picked = Signal(int)
    faulted = Signal(object)
    told = Signal(str)

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._reader: ProjectReader | None = None
        self._row: CandidateRow | None = None
        self._stale = False
        self.facts: HullFacts | None = None
        self.plot: Any = None
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 8)
        row = QHBoxLayout()
        self.potential = QComboBox()
        self.potential.setAccessibleName("Potential")
        self.potential.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.potential.setToolTip("Whose energies are drawn, each on its own reference hull")
        self.potential.activated.connect(lambda _: self._read())
        self.ways = Segments(
            (("diagram", "Diagram", "Drag to move, wheel to zoom, double-click to see all; four elements turn"),
             ("table", "Table", "Every phase and candidate as a row")),
            "Hull",
        )  # fmt: skip
        self.ways.set("diagram")
        self.ways.chosen.connect(lambda _: self._change())
        self.take = TakeButton(self._analysis, lambda: self.plot if self._drawn() else None)
        self.take.failed.connect(self.faulted)
        self.take.told.connect(self.told)
        row.addWidget(self.potential)
        row.addWidget(self.ways)
        row.addStretch(1)
        row.addWidget(self.take)
        column.addLayout(row)
        self.message = label(EMPTY, "muted", wrap=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.table = CopyTable(["Formula", "Known as", "Ehull, eV/atom", "Eform, eV/atom"], "Phases", stretch=0)
        self.table.itemSelectionChanged.connect(self._row_chosen)
        holder = QWidget()
        self._place = QVBoxLayout(holder)
        self._place.setContentsMargins(0, 0, 0, 0)
        self._stack = QStackedWidget()
        for page in (self.message, holder, self.table):
            self._stack.addWidget(page)
        column.addWidget(self._stack, 1)
        below = QHBoxLayout()
        self.note = selectable("", "small", wrap=True)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.legend = RampLegend()
        below.addWidget(self.note, 1)
        below.addWidget(self.legend, 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(below)
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._read)
        theme.manager().changed.connect(self._recolour)
        self._show()

    def show_candidate(self, row: CandidateRow | None, reader: ProjectReader | None) -> None:
        """Look at the system of another candidate, or of none."""
        self._row, self._reader = row, reader
        facts = self.facts
        if row is not None and facts is not None and facts.system == row.chemsys and facts.row_of(row.id) >= 0:
            self._choose(facts.row_of(row.id))  # the same picture, another point
            return
        if row is None:
            self._background.cancel(KEY)
            self.facts = None
            self._show()
            return
        self._stale = True
        if self.isVisible():
            self._read()

    def refresh(self) -> None:
        """The project has more candidates: read again in a while, where somebody is looking."""
        self._stale = self._row is not None
        if self._stale and self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._read()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self.plot.frame()
            return True
        return super().eventFilter(watched, event)

    def _read(self) -> None:
        row, reader, potential = self._row, self._reader, self.potential.currentData() or ""
        if row is None or reader is None or not self.isVisible():
            return
        self._stale = False
        self._background.run(lambda _: read(reader, row, potential), self._take, self.faulted.emit, key=KEY)

    def _take(self, facts: HullFacts) -> None:
        self.facts = facts
        self.potential.clear()
        for name, title in facts.potentials:
            self.potential.addItem(title, name)
        self.potential.setCurrentIndex(self.potential.findData(facts.potential))
        self._fill_table()
        self._show()
        self._choose(facts.row_of(self._row.id if self._row else facts.candidate))

    def _drawn(self) -> bool:
        """Whether the drawing is what is on screen."""
        return self._stack.currentIndex() == 1 and self.plot is not None

    def _analysis(self) -> Analysis | None:
        if self.facts is None or self.facts.phases is None:
            return None
        from crystal_studio.analysis.phase_diagram import table

        return table(self.facts.phases)

    def _show(self) -> None:
        """The page that fits what there is."""
        facts = self.facts
        there = facts is not None and facts.phases is not None
        for widget in (self.potential, self.ways, self.take):
            widget.setEnabled(there)
        self.potential.setVisible(there and self.potential.count() > 1)
        self.legend.setVisible(there)
        if facts is None or facts.phases is None:
            self.message.setText(EMPTY if facts is None else facts.problem)
            self.note.setText("")
            self._stack.setCurrentIndex(0)
            return
        drawable = len(facts.phases.elements) in DRAWN
        self.ways.setVisible(drawable)
        as_table = self.ways.buttons["table"].isChecked() or not drawable
        self._stack.setCurrentIndex(2 if as_table else 1)
        self.legend.setVisible(not as_table)
        if not as_table and self.plot is None:
            from crystal_studio.app.hull.hull_plot import HullPlot

            self.plot = HullPlot()
            self.plot.picked.connect(self._picked)
            self.plot.viewport().installEventFilter(self)
            self._place.addWidget(self.plot)
        if not as_table:
            self.plot.show_facts(facts, facts.row_of(self._row.id) if self._row else -1)

    def _change(self) -> None:
        self._show()
        if self.facts is not None and self._row is not None:
            self._choose(self.facts.row_of(self._row.id))

    def _choose(self, row: int) -> None:
        """Ring and describe a point."""
        if self.facts is None or self.facts.phases is None:
            return
        if self._drawn():
            self.plot.show_facts(self.facts, row)
        elif row >= 0 and row not in {index.row() for index in self.table.selectedIndexes()}:
            self.table.blockSignals(True)
            self.table.selectRow(row)
            self.table.blockSignals(False)
        if row >= 0:
            self.note.setText(self.facts.described(row))
        elif self._row is not None:
            self.note.setText(f"Candidate {self._row.id} has no energy above the hull by {self.facts.title} yet.")
        error = self.facts.error
        if error is not None:
            self.note.setToolTip(
                f"{self.facts.title} errs by {figure(error.below, 3)} eV/atom on the average for known phases near its "
                f"hull, by {figure(error.above, 3)} eV/atom for less stable ones."
            )

    def _picked(self, row: int) -> None:
        """A point was clicked: go to the candidate, or name the known phase."""
        if self.facts is None:
            return
        self._choose(row)
        candidate = self.facts.candidate_at(row)
        if candidate:
            self.picked.emit(candidate)

    def _fill_table(self) -> None:
        facts, table = self.facts, self.table
        table.blockSignals(True)
        table.setRowCount(0)
        if facts is not None and facts.phases is not None:
            phases = facts.phases
            for row, formula in enumerate(phases.formulas):
                number = facts.candidate_at(row)
                table.add_row(
                    [
                        (formula, formula_html(formula)),
                        (f"candidate {number}" if number else phases.ids[row], ""),
                        (figure(float(phases.e_hull[row]), 3), ""),
                        (figure(float(phases.formation_energy[row]), 3), ""),
                    ],
                    right=(2, 3),
                )
        table.blockSignals(False)

    def _row_chosen(self) -> None:
        rows = {index.row() for index in self.table.selectedIndexes()}
        if len(rows) == 1:
            self._picked(rows.pop())

    def _recolour(self) -> None:
        if self.plot is not None:
            self.plot.redraw()
