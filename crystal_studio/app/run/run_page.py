"""The Run page: how far the campaign is, what the funnel does with it, what comes out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QColor, QShowEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.app import theme
from crystal_studio.app.background import Background
from crystal_studio.app.numbers_text import count, figure, plural, rate, span
from crystal_studio.app.plots import PlotCard
from crystal_studio.app.rich_text import HTML_ROLE, RichTextDelegate
from crystal_studio.app.run import statistics
from crystal_studio.app.run.funnel_chart import FunnelChart
from crystal_studio.app.typeset import formula_html, formula_text, hm_html
from crystal_studio.app.widgets import GAP, Card, EmptyState, bind, label
from crystal_studio.campaign.events import Finished, Message, Progress, StageCount
from crystal_studio.campaign.reasons import by_kind
from crystal_studio.project.rows import CampaignRow, CandidateRow

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

REFRESH_MS = 1000
STATES = {
    "running": "Running",
    "paused": "Paused",
    "finished": "Finished",
    "cancelled": "Stopped",
    "failed": "Failed",
}
ID_ROLE = int(Qt.ItemDataRole.UserRole) + 1


class RunPage(QWidget):
    """Shows one campaign: live from events, or as the project file has it."""

    show_candidate = Signal(int)
    show_filter = Signal(str)

    def __init__(self, background: Background, symbols: Sequence[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._reader: ProjectReader | None = None
        self._campaign = 0
        self._requested = 0
        self._started = 0.0
        self._symbols: Sequence[str] = symbols
        self._dirty = False
        self._lines: list[tuple[str, str]] = []
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
        theme.manager().changed.connect(self._recolour)

    def set_actions(self, *actions: QAction) -> None:
        """The buttons of the head, bound to the actions of the window."""
        for action in actions:
            button = QPushButton()
            bind(button, action)
            self._buttons.addWidget(button)

    def set_symbols(self, symbols: Sequence[str]) -> None:
        """Hermann-Mauguin symbols by space-group number - 1."""
        self._symbols = symbols

    def set_reader(self, reader: ProjectReader | None) -> None:
        """Another project, or none."""
        self._reader = reader
        self._campaign = 0
        self._clear_log()
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
        self.phase.setText(STATES.get(row.state, row.state))
        self._show_request(row)
        self.seconds.setText(span(row.seconds) if row.seconds else "–")
        self.left.setText("–")
        self.rate.setText(rate(row.requested / row.seconds) if row.state == "finished" and row.seconds else "–")
        self._clear_log()
        for line in history(row):
            self._write(line, "info")
        self._dirty = True
        self._refresh_if_dirty()

    def start(self, name: str) -> None:
        """A campaign has been asked for and its first event is awaited."""
        self._begin(0, name, 0)
        self._clear_log()
        self.phase.setText("Loading the model")
        self.bar.setRange(0, 0)
        self._started = time.monotonic()

    def progress(self, event: Progress) -> None:
        """Show a campaign's progress."""
        if event.campaign_id != self._campaign:
            self._campaign = event.campaign_id
            if self._reader is not None:
                self._show_request(self._reader.campaign(event.campaign_id))
        self._requested = event.requested
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * event.fraction))
        self.phase.setText(event.phase[:1].upper() + event.phase[1:])
        self.done.setText(f"{count(event.finished)} of {count(event.requested)}")
        self.generated.setText(count(event.generated))
        self.rate.setText(rate(event.rate))
        self.left.setText(span(event.seconds_left))
        self.seconds.setText(span(time.monotonic() - self._started) if self._started else "–")
        self.funnel.show_stages(event.stages, event.requested)
        self._dirty = True

    def tell(self, message: Message) -> None:
        """A line of the log."""
        mark = {"warning": "Warning: ", "error": "Error: "}.get(message.level, "")
        self._write(f"{time.strftime('%H:%M:%S')}  {mark}{message.text}", message.level)

    def _write(self, text: str, level: str) -> None:
        self._lines.append((text, level))
        self._append(text, level)

    def _append(self, text: str, level: str) -> None:
        colours = {"warning": theme.tokens().warning, "error": theme.tokens().danger}
        style = QTextCharFormat()
        style.setForeground(QColor(colours.get(level, theme.tokens().text)))
        cursor = QTextCursor(self.log.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text if self.log.document().isEmpty() else f"\n{text}", style)
        self.log.ensureCursorVisible()

    def _clear_log(self) -> None:
        self._lines.clear()
        self.log.clear()

    def end(self, event: Finished) -> None:
        """The campaign has ended."""
        self.bar.setRange(0, 1000)
        if event.state == "finished":
            self.bar.setValue(1000)
        self.phase.setText(STATES.get(event.state, event.state))
        self.left.setText("–")
        self.tell(Message("error" if event.state == "failed" else "info", event.text))
        self._dirty = True
        self._refresh_if_dirty()

    def changed(self) -> None:
        """The project file has new content."""
        self._dirty = True

    def _begin(self, campaign: int, name: str, requested: int) -> None:
        self._campaign, self._requested = campaign, requested
        self._started = 0.0
        self.name.setText(name)
        self.request.setText("")
        self.bar.setRange(0, 1000)
        self.bar.setValue(0)
        for place in (self.done, self.generated, self.rate, self.left, self.seconds):
            place.setText("–")
        self.funnel.show_stages((), 1)
        self.newest.clear()
        self._stack.setCurrentIndex(1)

    def _show_request(self, row: CampaignRow) -> None:
        request, system = row.request, row.request.get("chemical_system", {})
        self.name.setText(f"{row.name}  #{row.id}")
        groups = request.get("space_groups") or []
        words = [
            request.get("composition") or "-".join(system.get("elements", ())) or "any elements",
            ", ".join(hm_html(self._symbols[g - 1]) if self._symbols else str(g) for g in groups[:6])
            or "groups as in nature",
            plural(row.requested, "candidate"),
            f"seed {request.get('seed', 0)}",
            str(request.get("model") or "default model"),
        ]
        self.request.setText("  ·  ".join(words))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh_if_dirty()

    def _refresh_if_dirty(self) -> None:
        """Read the plots' numbers again where they have changed and somebody is looking."""
        if (
            not self._dirty
            or not self.isVisible()
            or self._reader is None
            or not self._campaign
            or self._background.busy("run statistics")
        ):
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
        self._show_newest(sorted(rows, key=lambda r: -r.id))
        self.generated.setText(count(generated))
        if not self._started:
            self.done.setText(f"{count(judged)} of {count(self._requested)}")
            self.bar.setValue(round(1000 * judged / max(self._requested, 1)))
            self.funnel.show_stages(stages, self._requested)

    def _show_newest(self, rows: Sequence[CandidateRow]) -> None:
        if [r.id for r in rows] == [self.newest.item(i).data(ID_ROLE) for i in range(self.newest.count())]:
            for i, row in enumerate(rows):
                self._fill_item(self.newest.item(i), row)
            return
        self.newest.clear()
        for row in rows:
            item = QListWidgetItem()
            item.setData(ID_ROLE, row.id)
            self._fill_item(item, row)
            self.newest.addItem(item)

    def _fill_item(self, item: QListWidgetItem, row: CandidateRow) -> None:
        symbol = hm_html(self._symbols[row.space_group - 1]) if self._symbols else str(row.space_group)
        if row.e_hull is not None:
            note = f"{figure(row.e_hull, 3)} eV/atom above hull"
        elif row.status == "rejected":
            note = row.reason
        else:
            note = "in the funnel"
        muted = theme.tokens().muted
        parts = (f"<b>{formula_html(row.formula)}</b>", symbol, f"<span style='color:{muted}'>{note}</span>")
        item.setData(HTML_ROLE, "&nbsp;&nbsp;".join(parts))
        item.setText(f"{formula_text(row.formula)}, space group {row.space_group}, {note}")
        item.setToolTip(f"Candidate {row.id}: {note}\nDouble-click to look at it")

    def _build(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(GAP + 4, GAP + 4, GAP + 4, GAP + 4)
        column.setSpacing(GAP)
        column.addWidget(self._build_head())
        upper = QSplitter(Qt.Orientation.Horizontal)
        upper.setHandleWidth(GAP)
        upper.setChildrenCollapsible(False)
        funnel = Card("Funnel")
        funnel.head.addWidget(label("Click a reason to see its candidates", "small"))
        self.funnel = FunnelChart()
        self.funnel.reason_clicked.connect(self._reason)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self.funnel)
        funnel.body.addWidget(area, 1)
        upper.addWidget(funnel)
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
        upper.addWidget(plots)
        upper.setSizes([560, 1000])
        lower = QSplitter(Qt.Orientation.Horizontal)
        lower.setHandleWidth(GAP)
        lower.setChildrenCollapsible(False)
        newest = Card("Newest candidates")
        self.newest = QListWidget()
        self.newest.setAccessibleName("Newest candidates")
        self.newest.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.newest.setItemDelegate(RichTextDelegate(self.newest))
        self.newest.itemActivated.connect(lambda item: self.show_candidate.emit(item.data(ID_ROLE)))
        newest.body.addWidget(self.newest, 1)
        lower.addWidget(newest)
        log = Card("Log")
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setAccessibleName("Log of the campaign")
        self.log.setPlaceholderText("What happens in a running campaign is told here.")
        log.body.addWidget(self.log, 1)
        lower.addWidget(log)
        lower.setSizes([560, 1000])
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setHandleWidth(GAP)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(upper)
        self.splitter.addWidget(lower)
        self.splitter.setSizes([560, 220])
        column.addWidget(self.splitter, 1)
        return page

    def _build_head(self) -> Card:
        head = Card()
        row = QHBoxLayout()
        row.setSpacing(GAP * 3)
        names = QVBoxLayout()
        names.setSpacing(2)
        self.name = label("", "title")
        self.request = label("", "muted")
        self.request.setTextFormat(Qt.TextFormat.RichText)
        names.addWidget(self.name)
        names.addWidget(self.request)
        row.addLayout(names, 1)
        self.done = _figure(row, "Judged")
        self.generated = _figure(row, "Generated")
        self.rate = _figure(row, "Rate")
        self.left = _figure(row, "Time left")
        self.seconds = _figure(row, "Time taken")
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(GAP)
        row.addLayout(self._buttons)
        head.body.addLayout(row)
        line = QHBoxLayout()
        line.setSpacing(GAP * 2)
        self.phase = label("", "section")
        self.phase.setMinimumWidth(170)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the campaign")
        line.addWidget(self.phase)
        line.addWidget(self.bar, 1)
        head.body.addLayout(line)
        return head

    def _reason(self, stage: str, reason: str) -> None:
        self.show_filter.emit(reason_filter(self._campaign, stage, reason))

    def _recolour(self) -> None:
        """The colours of the log and of the newest candidates are written into them."""
        self._dirty = True
        self.log.clear()
        for text, level in self._lines:
            self._append(text, level)


def reason_filter(campaign: int, stage: str, kind: str) -> str:
    """The filter that lists the candidates which a stage rejected for a kind of reason.

    A kind has "…" where the reasons of candidates differ; what stands between is looked for.
    """
    parts = [part.strip() for part in kind.split("…")]
    words = [f" and {part!r} in reason" for part in parts if len(part) > 2]
    return f"campaign_id == {campaign} and stage == {stage!r} and status == 'rejected'{''.join(words)}"


def history(row: CampaignRow) -> list[str]:
    """What is known of a campaign of an earlier time, as lines of the log."""
    lines = [f"Started {row.created.replace('T', ' ')[:19]} UTC, {plural(row.requested, 'candidate')} asked for."]
    made = {name: row.provenance.get(name) for name in ("model", "device", "potential")}
    told = [f"{name} {value}" for name, value in made.items() if isinstance(value, str | int | float) and value]
    if told:
        lines.append(f"Made with {', '.join(told)}.")
    state = STATES.get(row.state, row.state)
    lines.append(f"{state} after {span(row.seconds)} of work." if row.seconds else f"{state}.")
    return lines


def funnel_counts(reader: ProjectReader, campaign: int) -> list[StageCount]:
    """The funnel of a campaign as the project file has it, stages that nothing has reached included."""
    from crystal_studio.funnel.stages import for_funnel

    found = {name: (entered, passed, failed, why) for name, entered, passed, failed, why in reader.funnel(campaign)}
    titles = {stage.name: stage.title for stage in for_funnel(str(reader.campaign(campaign).request["funnel"]))}
    titles |= {name: name.replace("_", " ").capitalize() for name in found if name not in titles}
    nothing: tuple[int, int, int, dict[str, int]] = (0, 0, 0, {})
    counts = []
    for name, title in titles.items():
        entered, passed, failed, reasons = found.get(name, nothing)
        counts.append(StageCount(name, title, entered, passed, failed, 0.0, by_kind(reasons)))
    return counts


def _figure(row: QHBoxLayout, title: str) -> QLabel:
    column = QVBoxLayout()
    column.setSpacing(2)
    value = label("–", "figure")
    value.setAccessibleName(title)
    column.addWidget(label(title, "small"))
    column.addWidget(value)
    row.addLayout(column)
    return value
