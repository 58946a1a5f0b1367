"""A thread that watches one campaign's process and passes its events on, at most 30 batches a second."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from crystal_studio.campaign.events import Event, Finished, Message, Progress

if TYPE_CHECKING:
    from crystal_studio.campaign.dft_request import DftRequest
    from crystal_studio.campaign.judge_request import JudgeRequest
    from crystal_studio.design.request import DesignRequest

INTERVAL = 1 / 30
CLOSING = 5.0
LEAVING = 0.4
"""Seconds that a campaign is given to answer before it is left to end by itself."""


def coalesce(events: list[Event]) -> list[Event]:
    """The same events with only the last ``Progress`` of each campaign kept, in order."""
    last = {e.campaign_id: i for i, e in enumerate(events) if isinstance(e, Progress)}
    return [e for i, e in enumerate(events) if not isinstance(e, Progress) or last[e.campaign_id] == i]


class CampaignSupervisor(QObject):
    """Runs what is asked for (a request) or carries a campaign on (its id); all return at once but ``leave``.

    The thread is Python's own and a daemon: unlike a QThread it may still be running when the window goes.
    """

    progressed = Signal(object)  # Progress
    told = Signal(object)  # Message
    ended = Signal(object)  # Finished, the last word
    finished = Signal()  # the thread has nothing more to do
    _news = Signal()

    def __init__(
        self,
        project: Path,
        request: DesignRequest | JudgeRequest | DftRequest | None = None,
        campaign_id: int = 0,
        parts: Any = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._arguments = {"project": project, "request": request, "campaign_id": campaign_id, "parts": parts}
        self._wishes: queue.SimpleQueue[str] = queue.SimpleQueue()
        # Events cross threads in a queue of Python's own: a signal that carries an object from one thread to another
        # has crashed the interpreter (PySide6 6.12 on Python 3.11).
        self._inbox: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._news.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._run, name="campaign supervisor", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def pause(self) -> None:
        """Hold still."""
        self._ask("pause")

    def carry_on(self) -> None:
        """Go on after ``pause``."""
        self._ask("resume")

    def cancel(self) -> None:
        """End the campaign; what was made is kept."""
        self._ask("cancel")

    def leave(self) -> bool:
        """End it as paused, to be carried on another time, and stop watching; true once the thread has ended.

        A process that is busy with something that it cannot put down, such as
        loading a model, is let go of and ends by itself some seconds later.
        """
        self._ask("put_down")
        self._thread.join(1.5 * LEAVING)
        return not self._thread.is_alive()

    def _ask(self, wish: str) -> None:
        self._wishes.put(wish)

    def _run(self) -> None:
        from crystal_studio.campaign.process import CampaignProcess

        process = CampaignProcess(**self._arguments)
        left = 0.0
        try:
            process.start()
            while process.finished is None and not (left and time.monotonic() > left):
                with suppress(queue.Empty):
                    wish = self._wishes.get(timeout=INTERVAL)
                    getattr(process, wish)()
                    if wish == "put_down":
                        left = time.monotonic() + LEAVING
                for event in coalesce(process.poll()):
                    self._pass_on(event)
        except Exception as error:
            self._pass_on(Finished(process.campaign_id, "failed", f"{type(error).__name__}: {error}"))
        if left:
            process.let_go()
        else:
            process.join(CLOSING)
        self._pass_on(None)

    def _pass_on(self, event: Event | None) -> None:
        """Hand an event to the thread of the window; None: there will be no more."""
        self._inbox.put(event)
        with suppress(RuntimeError):  # the window may have gone
            self._news.emit()

    @Slot()
    def _deliver(self) -> None:
        """One event for each piece of news."""
        event = self._inbox.get_nowait()
        if event is None:
            self.finished.emit()
        elif isinstance(event, Progress):
            self.progressed.emit(event)
        elif isinstance(event, Message):
            self.told.emit(event)
        else:
            self.ended.emit(event)
