"""What the menus do with campaigns: begin, carry on, stop, and what follows from their events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from crystal_studio.app import files, notices
from crystal_studio.app.dft.dft_handlers import DftHandlers
from crystal_studio.app.run.records import can_be_carried_on, done_so_far
from crystal_studio.campaign.dft_request import DftRequest
from crystal_studio.campaign.events import Finished, Message, Progress
from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.candidates.registry import quantities
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import KnownError

if TYPE_CHECKING:
    from crystal_studio.app.window_parts import WindowParts
    from crystal_studio.project.rows import CampaignRow

OFFER = "unfinished campaign"
FEW = 200
"""Candidates of which what is known is looked up at once; of more, the judging itself finds it when it starts."""


class CampaignHandlers:
    """Works on the campaign of a window and shows what comes of it there."""

    def __init__(self, window: WindowParts) -> None:
        self._window = window
        self.begun = False  # whether the running campaign stands in the project by now
        self._elsewhere = False  # as last said
        window.campaign.progressed.connect(self._progress)
        window.campaign.told.connect(self._tell)
        window.campaign.ended.connect(self._ended)
        window.campaign.changed.connect(lambda: window.run_page.hold(window.campaign.paused))
        self.dft = DftHandlers(window, lambda request: self._launch(request=request))

    def generate(self) -> None:
        """Start the campaign of the request; without a project, one is created first."""
        window = self._window
        request = window.design.model.request
        if request is None or not window.design.ready or window.campaign.running:
            return
        if window.session.path is None:
            name = "-".join(request.chemical_system.elements[:6]) or "Crystals"
            window.session.create(files.free_name(files.projects_folder(), name), self.generate)
            return
        self._launch(request=request)

    def judge(self) -> None:
        """Ask by what the selected or listed candidates are judged, and begin."""
        from crystal_studio.app.explore.judge_dialog import JudgeDialog

        window = self._window
        if window.campaign.running:
            return
        explore = window.explore
        selected, listed = explore.selected_ids(), explore.model.ids.tolist()
        reader, few = window.session.reader, len(listed) <= FEW
        found = reader.found(listed) if reader is not None and few else quantities()
        dialog = JudgeDialog(selected, listed, window.state, tuple(found), window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.asked.connect(lambda request: self._launch(request=request))
        dialog.open()

    def carry_on(self) -> None:
        """Resume the campaign that the Run page shows, else the last unfinished one of the project."""
        unfinished = [c.id for c in self.unfinished()]
        if unfinished and not self._window.campaign.running:
            shown = self._window.run_page.campaign
            self._launch(campaign_id=shown if shown in unfinished else unfinished[-1])

    def stop(self) -> None:
        """End the running campaign; what was made is kept."""
        self._window.campaign.stop()
        self._window.status.tell("Stopping …")

    def unfinished(self) -> list[CampaignRow]:
        """Campaigns of the open project that can be carried on, or have errors to try again."""
        reader = self._window.session.reader
        if reader is None:
            return []
        return [c for c in reader.campaigns() if can_be_carried_on(reader, c)]

    @property
    def elsewhere(self) -> bool:
        """Whether another window or command is at work on the open project."""
        return self._window.session.held and not self._window.campaign.running

    def follow_others(self) -> None:
        """Say anew what is running elsewhere or was interrupted, where that has changed."""
        if self.elsewhere != self._elsewhere:
            self._elsewhere = self.elsewhere
            self._window.run_page.set_elsewhere(self._elsewhere)
            self.offer()

    def offer(self) -> None:
        """Offer to carry on what was interrupted, where nothing runs; campaigns stopped by hand are left alone."""
        window = self._window
        interrupted = [c for c in self.unfinished() if c.state in ("running", "paused")]
        if window.campaign.running or not interrupted or not window.session.writable:
            window.notice_bar.withdraw(OFFER)
            return
        row = interrupted[-1]
        if self.elsewhere:
            window.notice_bar.offer(
                f"Campaign #{row.id} “{row.name}” is running in another window or command: pause or stop it there.",
                [("Show it", lambda: self._show(row.id))],
                OFFER,
            )
            return
        reader = window.session.reader
        so_far = f": {done_so_far(reader, row)}" if reader is not None else ""
        window.notice_bar.offer(
            f"Campaign #{row.id} “{row.name}” was interrupted{so_far}.",
            [
                ("Carry on", lambda: self._launch(campaign_id=row.id)),
                ("Show it", lambda: self._show(row.id)),
            ],
            OFFER,
        )

    def offer_last(self) -> None:
        """At the start: offer to open the project whose campaign was running when the window went."""
        window = self._window
        path = window.state.interrupted()
        if path is not None:
            window.notice_bar.offer(
                f"A campaign in “{path.stem}” was interrupted when the window was closed.",
                [
                    ("Open and carry on", lambda: window.session.open(path, self.carry_on)),
                    ("Open", lambda: window.session.open(path)),
                ],
                OFFER,
            )

    def _show(self, campaign_id: int) -> None:
        self._window.run_page.choose(campaign_id)
        self._window.show_page("run")

    def _launch(self, request: DesignRequest | JudgeRequest | DftRequest | None = None, campaign_id: int = 0) -> None:
        window = self._window
        if window.session.path is None or window.campaign.running:
            return
        window.notice_bar.withdraw(OFFER)
        self.begun = False
        window.run_page.start(campaign_id, request if isinstance(request, DesignRequest) else None)
        window.show_page("run")
        window.campaign.launch(window.session.path, request, campaign_id)

    def _progress(self, event: Progress) -> None:
        if not self.begun and self._window.session.path is not None:
            self.begun = True
            self._window.state.remember_running(self._window.session.path)
        self._window.run_page.progress(event)
        self._window.status.progress(event)

    def _tell(self, message: Message) -> None:
        self._window.run_page.tell(message)
        if message.level != "info":
            first, _, rest = message.text.partition("\n")
            notices.centre().tell(message.level, first, rest)

    def _ended(self, event: Finished) -> None:
        window = self._window
        if event.state != "paused":  # paused by the window that closes
            window.state.remember_running(None)
        window.run_page.end(event)
        window.status.tell(event.text)
        notices.centre().tell("info", f"Campaign #{event.campaign_id} {event.state}: {event.text}")
        if event.state == "failed" and not event.campaign_id and window.campaign.request is not None:
            # Refused before anything was made: say it where it can be corrected.
            window.show_page("design" if isinstance(window.campaign.request, DesignRequest) else "explore")
            window.fault(KnownError(event.text))
