"""A thread that supervises one campaign's process and passes its events on, at most 30 batches a second."""

from __future__ import annotations

import queue
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QThread, Signal

from crystal_studio.campaign.events import Event, Finished, Message, Progress

if TYPE_CHECKING:
    from crystal_studio.design.request import DesignRequest

INTERVAL = 1 / 30
CLOSING = 5.0


def coalesce(events: list[Event]) -> list[Event]:
    """The same events with only the last ``Progress`` of each campaign kept, in order."""
    last = {e.campaign_id: i for i, e in enumerate(events) if isinstance(e, Progress)}
    return [e for i, e in enumerate(events) if not isinstance(e, Progress) or last[e.campaign_id] == i]


class CampaignThread(QThread):
    """Runs a new campaign (a request) or carries one on (its id); every method but ``run`` returns at once."""

    progressed = Signal(object)  # Progress
    told = Signal(object)  # Message
    ended = Signal(object)  # Finished, the last word

    def __init__(
        self,
        project: Path,
        request: DesignRequest | None = None,
        campaign_id: int = 0,
        plan: Any = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("campaign supervisor")
        self._arguments = {"project": project, "request": request, "campaign_id": campaign_id, "plan": plan}
        self._wishes: queue.SimpleQueue[str] = queue.SimpleQueue()

    def pause(self) -> None:
        """Hold still."""
        self._ask("pause")

    def carry_on(self) -> None:
        """Go on after ``pause``."""
        self._ask("resume")

    def cancel(self) -> None:
        """End the campaign; what was made is kept."""
        self._ask("cancel")

    def put_down(self) -> None:
        """End it as paused, to be carried on when the project is opened again."""
        self._ask("put_down")

    def _ask(self, wish: str) -> None:
        self._wishes.put(wish)

    def run(self) -> None:
        """The thread's work; never called by hand."""
        from crystal_studio.campaign.process import CampaignProcess

        process = CampaignProcess(**self._arguments)
        try:
            process.start()
            while process.finished is None:
                with suppress(queue.Empty):
                    getattr(process, self._wishes.get(timeout=INTERVAL))()
                for event in coalesce(process.poll()):
                    self._pass_on(event)
        except Exception as error:
            self._pass_on(Finished(process.campaign_id, "failed", f"{type(error).__name__}: {error}"))
        process.join(CLOSING)

    def _pass_on(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progressed.emit(event)
        elif isinstance(event, Message):
            self.told.emit(event)
        else:
            self.ended.emit(event)
