"""What triage would keep and lose of what is listed: a limit on energies known before, judged afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.background import Background
from crystal_studio.app.cutoff import Cutoff
from crystal_studio.app.flow import FlowRow
from crystal_studio.app.inspector.parts import selectable
from crystal_studio.app.plots import PlotPlace, recolour
from crystal_studio.app.taking import TakeButton
from crystal_studio.app.widgets import GAP, label
from crystal_studio.errors import RequestError

if TYPE_CHECKING:
    from crystal_studio.analysis.protocol import Analysis
    from crystal_studio.analysis.triage import Evidence, Outcome
    from crystal_studio.project.queries import ProjectReader

EMPTY = (
    "Nothing to compare yet: triage is judged on candidates with a predicted energy above hull that have been relaxed. "
    "Take some through the quick funnel with Judge… (Ctrl+J)."
)
HIGHEST, POINTS = 2.0, 81
"""eV/atom: where the plot ends; limits that are tried."""
LEVELS = (("as they are", 0.0), ("with benefit of the doubt", -2.0), ("only when sure", 1.0))
"""How uncertainties enter, and the number of them that is added to an energy."""
DELAY_MS = 1500
KEY = "triage"


@dataclass(frozen=True)
class Known:
    """What could decide (name, title), what does, and the evidence; None where there is none."""

    sources: tuple[tuple[str, str], ...]
    source: str
    evidence: Evidence | None


def read(reader: ProjectReader, where: str, source: str) -> Known:
    """What was known before and what came of it, of the candidates that are listed; off the GUI thread."""
    from crystal_studio.campaign.triage import LEARNED, evidence, sources

    titles = {m.name: (m.title or m.name).split(" (")[0] for m in reader.methods()} | {LEARNED: "Predicted energies"}
    names = tuple((name, titles[name]) for name in sources(reader, where))
    if not names:
        return Known((), "", None)
    chosen = source if source in dict(names) else names[0][0]
    try:
        found = evidence(reader, chosen, where=where)
    except RequestError:  # one potential alone among those that are listed
        return Known(names, chosen, None)
    return Known(names, chosen, found if len(found) else None)


class TriageView(QWidget):
    """``told`` carries a line for the user, ``faulted`` an error."""

    told = Signal(str)
    faulted = Signal(object)

    def __init__(self, background: Background, cutoff: Cutoff, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background, self._cutoff = background, cutoff
        self._reader: ProjectReader | None = None
        self._where = ""
        self._stale = False
        self.known: Known | None = None
        self.outcomes: list[Outcome] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 8)
        row = QHBoxLayout()
        self.source = QComboBox()
        self.source.setAccessibleName("What decides")
        self.source.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.source.setToolTip(
            "Whose energies above hull decide what is worth the next step.\n"
            "Predictions for crystals that are unlike the training data count as unknown: these are kept."
        )
        self.source.activated.connect(lambda _: self._read())
        self.level = QComboBox()
        self.level.setAccessibleName("Uncertainty")
        self.level.setToolTip(
            "How the uncertainty of an energy counts: not at all, two standard deviations for the crystal,\n"
            "or one against it"
        )
        for title, sigmas in LEVELS:
            self.level.addItem(title, sigmas)
        self.level.setCurrentIndex(1)
        self.level.currentIndexChanged.connect(lambda _: self._compute())
        self.limit = QDoubleSpinBox()
        self.limit.setRange(0.0, HIGHEST)
        self.limit.setSingleStep(0.05)
        self.limit.setValue(0.7)
        self.limit.setPrefix("≤ ")
        self.limit.setSuffix(" eV/atom")
        self.limit.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.limit.setAccessibleName("Limit")
        self.limit.setToolTip("Candidates up to this energy above hull are kept, eV/atom; drag the line in the plot")
        self.limit.valueChanged.connect(lambda _: self._compute())
        self.take = TakeButton(self._analysis, lambda: self.place.plot if self.outcomes else None)
        self.take.failed.connect(self.faulted)
        self.take.told.connect(self.told)
        choices = FlowRow(spacing=GAP, least=340)
        choices.add(self.source, self.level, self.limit)
        row.addWidget(choices, 1)
        row.addWidget(self.take, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(row)
        self.message = label(EMPTY, "muted", wrap=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        shown = QWidget()
        shown.setProperty("role", "plain")
        inner = QVBoxLayout(shown)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(2)
        self.note = selectable("", "small", wrap=True)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.place = PlotPlace(self._prepare)
        inner.addWidget(self.note)
        inner.addWidget(self.place, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.message)
        self._stack.addWidget(shown)
        column.addWidget(self._stack, 1)
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._read)
        cutoff.changed.connect(self._compute)
        theme.manager().changed.connect(self._draw)

    def watch(self, reader: ProjectReader | None, where: str) -> None:
        """Look at what another filter lists."""
        self._background.cancel(KEY)
        self._reader, self._where, self._stale = reader, where, True
        self.known = None
        self._compute()
        self._read()

    def refresh(self) -> None:
        """There may be more: read again in a while, where somebody is looking."""
        self._stale = True
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._read()

    def _read(self) -> None:
        reader, where, source = self._reader, self._where, self.source.currentData() or ""
        if reader is None or not self.isVisible():
            return
        self._stale = False
        self._background.run(lambda _: read(reader, where, source), self._take, self.faulted.emit, key=KEY)

    def _take(self, known: Known) -> None:
        self.known = known
        self.source.clear()
        for name, title in known.sources:
            self.source.addItem(title, name)
        self.source.setCurrentIndex(self.source.findData(known.source))
        self._compute()

    def _compute(self) -> None:
        """Apply the rule to what is known; some hundred thousand comparisons at most."""
        known = self.known
        self.outcomes = []
        if known is None or known.evidence is None:
            self._stack.setCurrentIndex(0)
            return
        from crystal_studio.analysis.triage import Rule, curve, outcome

        rule = Rule(self.limit.value(), None, float(self.level.currentData()))
        limits = np.linspace(0.0, HIGHEST, POINTS).tolist()
        self.outcomes = curve(rule, known.evidence, self._cutoff.value, limits)
        here = outcome(rule, known.evidence, self._cutoff.value)
        self.note.setText(
            f"Of {here.saved.total:,} with a last word, {here.before.count} stable at most {self._cutoff.mev} meV/atom "
            f"above the hull: keeps {here.kept.text} of the stable ones, loses {here.lost.count}, "
            f"saves {here.saved.text}; stable among kept {here.among_kept.text}, without triage {here.before.text}"
        )
        self._stack.setCurrentIndex(1)
        self._draw()

    def _analysis(self) -> Analysis | None:
        from crystal_studio.analysis.triage import table

        return table(self.outcomes) if self.outcomes else None

    def _prepare(self, plot: Any) -> None:
        plot.setAccessibleName("Triage")
        plot.setMouseEnabled(x=False, y=False)
        plot.setLabel("bottom", "Limit, eV/atom above the hull")
        plot.setLabel("left", "%")
        plot.addLegend(offset=(-8, -8), labelTextSize="9pt", colCount=2)
        self._draw()

    def _draw(self) -> None:
        if not self.place.made:
            return
        import pyqtgraph

        plot, t = self.place.plot, theme.tokens()
        recolour(plot)
        plot.clear()
        plot.getPlotItem().legend.setLabelTextColor(QColor(t.text))
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setLabel(axis.labelText, color=t.muted)
        if not self.outcomes:
            return
        x = [one.rule.limit for one in self.outcomes]
        for name, colour, shares in (
            ("stable ones kept", t.series[0], [one.kept for one in self.outcomes]),
            ("relaxations saved", t.series[1], [one.saved for one in self.outcomes]),
        ):
            low, high = (pyqtgraph.PlotCurveItem(x, [100 * share.interval[k] for share in shares]) for k in (0, 1))
            fill = QColor(colour)
            fill.setAlpha(40)
            plot.addItem(pyqtgraph.FillBetweenItem(low, high, brush=fill))
            pen = pyqtgraph.mkPen(QColor(colour), width=2)
            plot.plot(x, [100 * share.value for share in shares], pen=pen, name=name)
        line = pyqtgraph.InfiniteLine(
            self.limit.value(), movable=True, bounds=(0, HIGHEST), pen=pyqtgraph.mkPen(QColor(t.text), width=1.5)
        )
        line.sigPositionChangeFinished.connect(lambda moved: self.limit.setValue(moved.value()))
        plot.addItem(line)
        plot.setXRange(0, HIGHEST, padding=0.01)
        plot.setYRange(0, 100, padding=0.03)
