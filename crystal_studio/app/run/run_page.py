"""The Run page: how far the campaign is, what the funnel does with it, what comes out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from crystal_studio.app import theme
from crystal_studio.app.background import Background
from crystal_studio.app.numbers_text import MISSING, count, rate, span
from crystal_studio.app.plots import PlotCard
from crystal_studio.app.run import statistics
from crystal_studio.app.run.funnel_chart import FunnelChart
from crystal_studio.app.run.newest_list import NewestList
from crystal_studio.app.run.records import STATES, funnel_counts, history, reason_filter
from crystal_studio.app.run.run_head import RunHead
from crystal_studio.app.run.run_log import RunLog
from crystal_studio.app.widgets import GAP, Card, EmptyState, label
from crystal_studio.campaign.events import Finished, Message, Progress
from crystal_studio.project.rows import CampaignRow

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

REFRESH_MS = 1000


class RunPage(QWidget):
    """Shows one campaign: live from events, or as the project file has it."""

    show_candidate = Signal(int)
    show_filter = Signal(str)

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._reader: ProjectReader | None = None
        self._campaign = 0
        self._requested = 0
        self._started = 0.0  # 0 where the campaign does not run in this window
        self._symbols: Sequence[str] = ()
        self._dirty = False
        self._stack = QStackedWidget()
        self.empty = EmptyState(
            "run",
            "No campaign yet",
            "Say what crystals you want on the Design page and press Generate. Progress, funnel and plots appear here.",
        )
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._build())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh_if_dirty)
        theme.manager().changed.connect(self.changed)

    def set_actions(self, *actions: QAction) -> None:
        """The buttons of the head, bound to the actions of the window."""
        self.head.add_actions(actions)

    def set_symbols(self, symbols: Sequence[str]) -> None:
        """Hermann-Mauguin symbols by space-group number - 1."""
        self._symbols = symbols
        if self._reader is not None and self._campaign:
            self.head.show_request(self._reader.campaign(self._campaign), symbols)
        self._dirty = True

    def set_reader(self, reader: ProjectReader | None) -> None:
        """Another project, or none."""
        self._reader = reader
        self._campaign = 0
        self.log.restart()
        self.newest.clear()
        self._stack.setCurrentIndex(0)
        self._timer.stop()
        if reader is not None:
            self._timer.start()
            campaigns = reader.campaigns()
            if campaigns:
                self.show_campaign(campaigns[-1])

    def show_campaign(self, row: CampaignRow) -> None:
        """Show a campaign as the project file has it."""
        self._begin(row.id, row.name, row.requested)
        self.head.phase.setText(STATES.get(row.state, row.state))
        self.head.show_request(row, self._symbols)
        self.head.seconds.setText(span(row.seconds) if row.seconds else MISSING)
        finished = row.state == "finished" and row.seconds
        self.head.rate.setText(rate(row.requested / row.seconds) if finished else MISSING)
        for line in history(row):
            self.log.write(line)
        self._dirty = True
        self._refresh_if_dirty()

    def start(self, name: str) -> None:
        """A campaign has been asked for and its first event is awaited."""
        self._begin(0, name, 0)
        self.head.phase.setText("Loading the model")
        self.head.set_fraction(None)
        self._started = time.monotonic()

    def progress(self, event: Progress) -> None:
        """Show a campaign's progress."""
        if event.campaign_id != self._campaign:
            self._campaign = event.campaign_id
            if self._reader is not None:
                self.head.show_request(self._reader.campaign(event.campaign_id), self._symbols)
        self._requested = event.requested
        self.head.set_fraction(event.fraction)
        self.head.phase.setText(event.phase[:1].upper() + event.phase[1:])
        self.head.done.setText(f"{count(event.finished)} of {count(event.requested)}")
        self.head.generated.setText(count(event.generated))
        self.head.rate.setText(rate(event.rate))
        self.head.left.setText(span(event.seconds_left))
        self.head.seconds.setText(span(time.monotonic() - self._started) if self._started else MISSING)
        self.funnel.show_stages(event.stages, event.requested)
        self._dirty = True

    def tell(self, message: Message) -> None:
        """A line of the log."""
        mark = {"warning": "Warning: ", "error": "Error: "}.get(message.level, "")
        self.log.write(f"{time.strftime('%H:%M:%S')}  {mark}{message.text}", message.level)

    def end(self, event: Finished) -> None:
        """The campaign has ended."""
        if event.state == "finished":
            self.head.set_fraction(1.0)
        elif self.head.bar.maximum() == 0:
            self.head.set_fraction(0.0)
        self.head.phase.setText(STATES.get(event.state, event.state))
        self.head.left.setText(MISSING)
        self.tell(Message("error" if event.state == "failed" else "info", event.text))
        self._dirty = True
        self._refresh_if_dirty()

    def changed(self) -> None:
        """The project file has new content, or the theme has changed."""
        self._dirty = True

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh_if_dirty()

    def _begin(self, campaign: int, name: str, requested: int) -> None:
        self._campaign, self._requested = campaign, requested
        self._started = 0.0
        self.head.restart(name)
        self.log.restart()
        self.funnel.show_stages((), 1)
        self.newest.clear()
        self._stack.setCurrentIndex(1)

    def _refresh_if_dirty(self) -> None:
        """Read the plots' numbers again where they have changed and somebody is looking."""
        busy = self._background.busy("run statistics")
        if not self._dirty or not self.isVisible() or self._reader is None or not self._campaign or busy:
            return
        self._dirty = False
        reader, campaign = self._reader, self._campaign
        self._background.run(
            lambda _: (
                campaign,
                statistics.read(reader, campaign),
                funnel_counts(reader, campaign),
                reader.count(f"campaign_id == {campaign}"),
                reader.count(f"campaign_id == {campaign} and status != 'pending'"),
            ),
            self._show_statistics,
            key="run statistics",
        )

    def _show_statistics(self, found: tuple) -> None:
        campaign, data, stages, generated, judged = found
        if campaign != self._campaign or self._reader is None:
            return
        self.e_hull.show_histogram(data.e_hull, 0.1, "Appears when the first candidates have been relaxed")
        self.energy.show_histogram(data.formation_energy, None, "Appears when the first candidates have been relaxed")
        trained = ", marks: training data" if len(data.groups.training) else ""
        self.groups.show_bars(data.groups, f"Share of candidates, %{trained}", "Appears with the first candidates")
        self.elements.show_bars(data.elements, "Candidates that hold it, %", "Appears with the first candidates")
        rows = self._reader.by_ids(data.newest) if data.newest else []
        self.newest.show_rows(sorted(rows, key=lambda r: -r.id), self._symbols)
        self.head.generated.setText(count(generated))
        if not self._started:
            self.head.done.setText(f"{count(judged)} of {count(self._requested)}")
            self.head.set_fraction(judged / max(self._requested, 1))
            self.funnel.show_stages(stages, self._requested)

    def _build(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(GAP + 4, GAP + 4, GAP + 4, GAP + 4)
        column.setSpacing(GAP)
        self.head = RunHead()
        column.addWidget(self.head)
        self.funnel = FunnelChart()
        self.funnel.reason_clicked.connect(
            lambda stage, reason: self.show_filter.emit(reason_filter(self._campaign, stage, reason))
        )
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self.funnel)
        funnel = _card("Funnel", area)
        funnel.head.addWidget(label("Click a reason to see its candidates", "small"))
        self.newest = NewestList()
        self.newest.chosen.connect(self.show_candidate)
        self.log = RunLog()
        self.splitter = _splitter(
            Qt.Orientation.Vertical,
            (560, 220),
            _splitter(Qt.Orientation.Horizontal, (560, 1000), funnel, self._build_plots()),
            _splitter(
                Qt.Orientation.Horizontal, (560, 1000), _card("Newest candidates", self.newest), _card("Log", self.log)
            ),
        )
        column.addWidget(self.splitter, 1)
        return page

    def _build_plots(self) -> Card:
        plots = Card("Outcome")
        grid = QGridLayout()
        grid.setSpacing(GAP * 2)
        self.e_hull = PlotCard("Energy above hull", "eV/atom")
        self.energy = PlotCard("Formation energy", "eV/atom")
        self.groups = PlotCard("Space groups", "number of the group")
        self.elements = PlotCard("Elements", "element")
        for i, plot in enumerate((self.e_hull, self.energy, self.groups, self.elements)):
            grid.addWidget(plot, i // 2, i % 2)
        plots.body.addLayout(grid, 1)
        return plots


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
