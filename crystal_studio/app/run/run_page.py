"""The Run page: how far the campaign is, what the funnel does with it, what comes out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from crystal_studio.app import theme
from crystal_studio.app.background import Background
from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.cutoff import Cutoff
from crystal_studio.app.numbers_text import MISSING, count, left, rate, span
from crystal_studio.app.run import statistics
from crystal_studio.app.run.asked import asked
from crystal_studio.app.run.live import Live
from crystal_studio.app.run.records import (
    STATES,
    funnel_counts,
    history,
    latest,
    made_and_judged,
    reason_filter,
    state_text,
)
from crystal_studio.app.run.run_views import RunViews
from crystal_studio.app.shares.reading import in_campaign
from crystal_studio.campaign.events import Finished, Message, Progress
from crystal_studio.design.request import DesignRequest
from crystal_studio.project.rows import CampaignRow

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

REFRESH_MS = 1000


class RunPage(RunViews):
    """Shows one campaign: live from events, or as the project file has it."""

    show_candidate = Signal(int)
    show_filter = Signal(str)

    def __init__(self, background: Background, cutoff: Cutoff, parent: QWidget | None = None) -> None:
        super().__init__(background, cutoff, parent)
        self._reader: ProjectReader | None = None
        self._campaign = 0
        self._requested = 0
        self._live: Live | None = None
        self._catalogue: Catalogue | None = None
        self._dirty = False
        self._elsewhere = False
        self.head.chosen.connect(self.choose)
        self.funnel.reason_clicked.connect(self._show_reason)
        self.newest.chosen.connect(self.show_candidate)
        self._timer = QTimer(self, interval=REFRESH_MS)
        self._timer.timeout.connect(self._tick)
        theme.manager().changed.connect(self._mark)
        cutoff.changed.connect(self._mark)

    @property
    def campaign(self) -> int:
        """The campaign that is shown; 0 for one that has no number yet, and for none."""
        return self._campaign

    def set_catalogue(self, catalogue: Catalogue) -> None:
        """Know space groups and models."""
        self._catalogue = catalogue
        self._show_request()
        self._dirty = True

    def set_reader(self, reader: ProjectReader | None) -> None:
        """Another project, or none."""
        self._reader = reader
        self._campaign = 0
        self._count_shares()
        self.log.restart()
        self.newest.clear()
        self.stack.setCurrentIndex(0)
        self._timer.stop()
        if reader is not None:
            self._timer.start()
            self._show_latest()

    def choose(self, campaign: int) -> None:
        """Show another campaign of the project, the running one as it goes."""
        if self._reader is None or campaign == self._campaign:
            return
        if not campaign:  # the one that is about to begin
            self._restart(0)
        else:
            self.show_campaign(self._reader.campaign(campaign))

    def show_campaign(self, row: CampaignRow) -> None:
        """Show a campaign as the project file has it, and if it runs in this window what it has told since."""
        self._restart(row.id)
        self._requested = row.requested
        self.head.phase.setText(self._state(row))
        self.head.seconds.setText(span(row.seconds) if row.seconds else MISSING)
        finished = row.state == "finished" and row.seconds
        self.head.rate.setText(rate(row.requested / row.seconds) if finished else MISSING)
        for line in history(row, self._state(row)):
            self.log.write(line)
        if self._live and self._is_live(row.id):
            for line, level in self._live.lines:
                self.log.write(line, level)
            if self._live.latest is not None:
                self._show_progress(self._live.latest)
        self._refresh_if_dirty()

    def start(self, campaign: int = 0, request: DesignRequest | None = None) -> None:
        """A campaign has been asked for (a new one, or one to carry on) and its first event is awaited."""
        self._live = Live(campaign, request)
        self._restart(campaign)
        self.head.phase.setText("Starting")
        self.head.set_fraction(None)
        self._show_seconds()

    def progress(self, event: Progress) -> None:
        """Show a campaign's progress, unless the user looks at another one."""
        live = self._live = self._live or Live(event.campaign_id)
        awaited = self._campaign == live.campaign
        live.campaign, live.latest = event.campaign_id, event
        if awaited and self._campaign != event.campaign_id:
            self._campaign = event.campaign_id
            self._count_shares()
            self._offer()
            self._show_request()
        if self._campaign == event.campaign_id:
            self._show_progress(event)

    def hold(self, paused: bool) -> None:
        """The campaign of this window was paused, or goes on."""
        if self._live is not None and self._live.hold(paused):
            self.tell(Message("info", "Paused" if paused else "Resumed"))

    def tell(self, message: Message) -> None:
        """A line of the log."""
        mark = {"warning": "Warning: ", "error": "Error: "}.get(message.level, "")
        line = f"{time.strftime('%H:%M:%S')}  {mark}{message.text}"
        if self._live is not None:
            self._live.lines.append((line, message.level))
        if self._live is None or self._live.campaign == self._campaign:
            self.log.write(line, message.level)

    def end(self, event: Finished) -> None:
        """The campaign has ended."""
        self.tell(Message("error" if event.state == "failed" else "info", event.text))
        live, self._live = self._live, None
        if live is not None and live.campaign == self._campaign:
            if event.campaign_id and not self._campaign:  # it ended before its first progress
                self._campaign = event.campaign_id
                self._count_shares()
                self._show_request()
            if event.state == "finished":
                self.head.set_fraction(1.0)
            elif self.head.bar.maximum() == 0:
                self.head.set_fraction(0.0)
            self.head.phase.setText(STATES.get(event.state, event.state))
            self.head.show_left(MISSING)
            if not self._campaign:
                self._show_latest()  # it was refused: there is no such campaign
        self._offer()
        self._dirty = True
        self._refresh_if_dirty()

    def _show_progress(self, event: Progress) -> None:
        self._requested = event.requested
        self.head.set_fraction(event.fraction)
        self.head.phase.setText(event.phase[:1].upper() + event.phase[1:])
        self.head.show_judged(event.finished, event.requested)
        self.head.generated.setText(count(event.generated))
        self.head.rate.setText(rate(event.rate))
        self.head.show_left(left(event.seconds_left, event.left_at_least), event.left_at_least)
        self._show_seconds()
        self.funnel.show_stages(event.stages, event.requested)
        self._dirty = True

    def set_elsewhere(self, elsewhere: bool) -> None:
        """Whether another window or command is writing to the project, so that what it calls running does run."""
        self._elsewhere = elsewhere
        if self._reader is not None and self._campaign and not self._is_live(self._campaign):
            self.head.phase.setText(self._state(self._reader.campaign(self._campaign)))
            self._offer()
            self._dirty = True

    def _show_request(self) -> None:
        """What the campaign that is shown was asked for, as soon as the models are known."""
        row = self._reader.campaign(self._campaign) if self._reader is not None and self._campaign else None
        shown = row or (self._live.request if self._live is not None else None)
        self.head.generated.setVisible(row is None or row.kind == "generate")
        self.head.show_request("" if shown is None or self._catalogue is None else asked(shown, self._catalogue))

    def _is_live(self, campaign: int) -> bool:
        return self._live is not None and self._live.campaign == campaign

    def _state(self, row: CampaignRow) -> str:
        return state_text(row, self._is_live(row.id), self._elsewhere)

    def _show_latest(self) -> None:
        row = latest(self._reader.campaigns()) if self._reader is not None else None
        if row is not None:
            self.show_campaign(row)
        else:
            self.stack.setCurrentIndex(0)

    def _offer(self) -> None:
        """List the campaigns of the project in the head; beside another one than runs there is nothing to pause."""
        self.head.buttons.setVisible(self._live is None or self._live.campaign == self._campaign)
        if self._reader is not None:
            campaigns = self._reader.campaigns()
            self.head.offer([(row, self._state(row)) for row in campaigns], self._campaign)

    def changed(self) -> None:
        """The project file has new content."""
        self._dirty = True
        if self._reader is None:
            return
        if self._live is None and not self._campaign:
            self._show_latest()  # the first campaign has come from elsewhere
        self._offer()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh_if_dirty()

    def _mark(self) -> None:
        """Draw everything anew at the next moment: other colours, another cutoff."""
        self._dirty = True

    def _restart(self, campaign: int) -> None:
        """Another campaign: nothing of the one before stays in sight."""
        self._campaign, self._requested, self._dirty = campaign, 0, True
        self._count_shares()
        self.head.restart()
        self._show_request()
        self._offer()
        self.log.restart()
        self.funnel.show_stages((), 1)
        self.newest.clear()
        for plot, note in self.plots.items():
            plot.clear(note)
        self.stack.setCurrentIndex(1)

    def _tick(self) -> None:
        self._show_seconds()
        self._refresh_if_dirty()

    def _show_seconds(self) -> None:
        """How long the campaign of this window runs, also while nothing is heard of it."""
        if self._live is not None and self._live.campaign == self._campaign:
            self.head.seconds.setText(span(self._live.seconds))

    def _refresh_if_dirty(self) -> None:
        """Read the plots' numbers again where they have changed and somebody is looking."""
        busy = self._background.busy("run statistics")
        if not self._dirty or not self.isVisible() or self._reader is None or not self._campaign or busy:
            return
        self._dirty = False
        self.shares.set_expected(self._is_live(self._campaign))
        self.shares.refresh()
        reader, campaign = self._reader, self._campaign
        self._background.run(
            lambda _: (
                campaign,
                statistics.read(reader, campaign),
                funnel_counts(reader, campaign),
                *made_and_judged(reader, campaign),
            ),
            self._show_statistics,
            key="run statistics",
        )

    def _count_shares(self) -> None:
        """Count what is stable, unique and novel in the campaign that is shown."""
        self.shares.watch(self._reader if self._campaign else None, in_campaign(self._campaign))

    def _show_statistics(self, found: tuple) -> None:
        campaign, data, stages, generated, judged = found
        if campaign != self._campaign or self._reader is None:
            return
        self.show_plots(data)
        rows = self._reader.by_ids(data.newest) if data.newest else []
        symbols = [g.symbol for g in self._catalogue.groups] if self._catalogue is not None else []
        self.newest.show_rows(sorted(rows, key=lambda r: -r.id), symbols)
        self.head.generated.setText(count(generated))
        if not self._is_live(campaign):
            self.head.show_judged(judged, self._requested)
            self.head.set_fraction(judged / max(self._requested, 1))
            row = self._reader.campaign(campaign)
            self.funnel.show_stages(stages, self._requested, ended=not (row.state == "running" and self._elsewhere))

    def _show_reason(self, stage: str, code: str) -> None:
        """List the candidates that a stage rejected or marked for a reason."""
        if self._reader is not None and self._campaign:
            self.show_filter.emit(reason_filter(self._reader.campaign(self._campaign), stage, code))
