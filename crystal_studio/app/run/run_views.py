"""What the Run page is made of: head, funnel, plots, shares, newest candidates and log."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from crystal_studio.app.background import Background
from crystal_studio.app.cutoff import Cutoff, CutoffField
from crystal_studio.app.plots import PlotCard
from crystal_studio.app.run.funnel_chart import FunnelChart
from crystal_studio.app.run.newest_list import NewestList
from crystal_studio.app.run.run_head import RunHead
from crystal_studio.app.run.run_log import RunLog
from crystal_studio.app.run.statistics import ENERGIES, Statistics
from crystal_studio.app.shares.shares_view import SharesView
from crystal_studio.app.widgets import GAP, Card, EmptyState, label
from crystal_studio.candidates.registry import quantities

RELAXED = "Appears when the first candidates have been relaxed"
MEASURED = "Appears when the first pores have been measured"
GENERATED = "Appears with the first candidates"


class RunViews(QWidget):
    """Filled by the page; ``stack`` shows ``empty`` while there is no campaign, ``plots`` say what they wait for."""

    def __init__(self, background: Background, cutoff: Cutoff, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background, self._cutoff = background, cutoff
        self.stack = QStackedWidget()
        self.empty = EmptyState(
            "run",
            "No campaign yet",
            "Say what crystals you want on the Design page and press Generate. Progress, funnel and plots appear here.",
        )
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._build())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.stack)

    def _build(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(GAP + 4, GAP + 4, GAP + 4, GAP + 4)
        column.setSpacing(GAP)
        self.head = RunHead()
        column.addWidget(self.head)
        self.funnel = FunnelChart()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self.funnel)
        funnel = _card("Funnel", area)
        funnel.head.addWidget(label("Click a reason to see its candidates", "small"))
        self.newest = NewestList()
        self.log = RunLog()
        self.shares = SharesView(self._background, self._cutoff, "run shares")
        shares = _card("Stable, unique, novel", self.shares)
        shares.head.insertWidget(1, self.shares.note)
        shares.head.addWidget(CutoffField(self._cutoff))
        self.splitter = _splitter(
            Qt.Orientation.Vertical,
            (540, 240),
            _splitter(Qt.Orientation.Horizontal, (560, 1000), funnel, self._build_plots()),
            _splitter(
                Qt.Orientation.Horizontal,
                (640, 460, 460),
                shares,
                _card("Newest candidates", self.newest),
                _card("Log", self.log),
            ),
        )
        column.addWidget(self.splitter, 1)
        return page

    def _build_plots(self) -> Card:
        plots = Card("Outcome")
        grid = QGridLayout()
        grid.setSpacing(GAP * 2)
        self.first, self.second = PlotCard("", ""), PlotCard("", "")  # of quantities that the campaign says
        self.groups = PlotCard("Space groups", "number of the group")
        self.elements = PlotCard("Elements", "element")
        self.plots = {self.first: RELAXED, self.second: RELAXED, self.groups: GENERATED, self.elements: GENERATED}
        for i, plot in enumerate(self.plots):
            grid.addWidget(plot, i // 2, i % 2)
        plots.body.addLayout(grid, 1)
        self.name_plots(ENERGIES)
        return plots

    def name_plots(self, names: Sequence[str]) -> None:
        """Say which two quantities are plotted, and what they wait for."""
        for plot, name in zip((self.first, self.second), names, strict=True):
            quantity = quantities()[name]
            plot.set_axis(quantity.title, quantity.unit)
            self.plots[plot] = RELAXED if name in ENERGIES else MEASURED

    def show_plots(self, data: Statistics) -> None:
        """What the candidates of a campaign came to."""
        self.name_plots(tuple(data.values))
        for plot, (name, values) in zip((self.first, self.second), data.values.items(), strict=True):
            plot.show_histogram(values, self._cutoff.value if name == "e_hull" else None, self.plots[plot])
        trained = ", marks: training data" if len(data.groups.training) else ""
        self.groups.show_bars(data.groups, f"Share of candidates, %{trained}", GENERATED)
        self.elements.show_bars(data.elements, "Candidates that hold it, %", GENERATED)


def _card(title: str, content: QWidget) -> Card:
    card = Card(title)
    card.body.addWidget(content, 1)
    return card


def _splitter(way: Qt.Orientation, sizes: Sequence[int], *widgets: QWidget) -> QSplitter:
    splitter = QSplitter(way)
    splitter.setHandleWidth(GAP)
    splitter.setChildrenCollapsible(False)
    for widget in widgets:
        splitter.addWidget(widget)
    splitter.setSizes(list(sizes))
    return splitter
