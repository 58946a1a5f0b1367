"""The campaign of the window, if one runs: start, pause, resume, stop, put down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from crystal_studio.app.run.campaign_thread import CampaignThread
from crystal_studio.design.request import DesignRequest

CLOSING_MS = 8000


class CampaignControl(QObject):
    """At most one campaign at a time. ``changed`` follows every change of ``running`` and ``paused``."""

    progressed = Signal(object)  # Progress
    told = Signal(object)  # Message
    ended = Signal(object)  # Finished
    changed = Signal()

    def __init__(self, plan: Any = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._plan = plan
        self._thread: CampaignThread | None = None
        self.paused = False
        self.request: DesignRequest | None = None

    @property
    def running(self) -> bool:
        """Whether a campaign is under way, paused or not."""
        return self._thread is not None

    def launch(self, project: Path, request: DesignRequest | None = None, campaign_id: int = 0) -> None:
        """Begin a campaign (``request``) or carry one on (``campaign_id``)."""
        if self._thread is not None:
            raise RuntimeError("a campaign is running already")
        thread = CampaignThread(project, request, campaign_id, self._plan, self)
        thread.progressed.connect(self.progressed)
        thread.told.connect(self.told)
        thread.ended.connect(self.ended)
        thread.finished.connect(self._done)
        self._thread, self.paused, self.request = thread, False, request
        self.changed.emit()
        thread.start()

    def pause(self) -> None:
        """Hold still after the work at hand."""
        self._hold(True)

    def carry_on(self) -> None:
        """Go on after ``pause``."""
        self._hold(False)

    def stop(self) -> None:
        """End it; what was made is kept."""
        if self._thread is not None:
            self._thread.cancel()

    def put_down(self) -> bool:
        """End it as paused and wait; true once its thread has ended."""
        if self._thread is None:
            return True
        self._thread.put_down()
        return self._thread.wait(CLOSING_MS)

    def _hold(self, paused: bool) -> None:
        if self._thread is None:
            return
        if paused:
            self._thread.pause()
        else:
            self._thread.carry_on()
        self.paused = paused
        self.changed.emit()

    def _done(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.deleteLater()
        self.changed.emit()
