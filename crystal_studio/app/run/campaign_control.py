"""The campaign of the window, if one runs: start, pause, resume, stop, put down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from crystal_studio.app.run.supervisor import CampaignSupervisor
from crystal_studio.campaign.dft_request import DftRequest
from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.design.request import DesignRequest


class CampaignControl(QObject):
    """At most one campaign at a time. ``changed`` follows every change of ``running`` and ``paused``."""

    progressed = Signal(object)  # Progress
    told = Signal(object)  # Message
    ended = Signal(object)  # Finished
    changed = Signal()

    def __init__(self, parts: Any = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._supervisor: CampaignSupervisor | None = None
        self.paused = False
        self.request: DesignRequest | JudgeRequest | DftRequest | None = None

    @property
    def running(self) -> bool:
        """Whether a campaign is under way, paused or not."""
        return self._supervisor is not None

    def launch(
        self, project: Path, request: DesignRequest | JudgeRequest | DftRequest | None = None, campaign_id: int = 0
    ) -> None:
        """Begin a campaign, judging or run of DFT (``request``) or carry one on (``campaign_id``)."""
        if self._supervisor is not None:
            raise RuntimeError("a campaign is running already")
        supervisor = CampaignSupervisor(project, request, campaign_id, self._parts, self)
        supervisor.progressed.connect(self.progressed)
        supervisor.told.connect(self.told)
        supervisor.ended.connect(self.ended)
        supervisor.finished.connect(self._done)
        self._supervisor, self.paused, self.request = supervisor, False, request
        self.changed.emit()
        supervisor.start()

    def pause(self) -> None:
        """Hold still after the work at hand."""
        self._hold(True)

    def carry_on(self) -> None:
        """Go on after ``pause``."""
        self._hold(False)

    def stop(self) -> None:
        """End it; what was made is kept."""
        if self._supervisor is not None:
            self._supervisor.cancel()

    def leave(self) -> bool:
        """End it as paused because the window closes, within a second; false where it could not be told."""
        return self._supervisor is None or self._supervisor.leave()

    def _hold(self, paused: bool) -> None:
        if self._supervisor is None:
            return
        if paused:
            self._supervisor.pause()
        else:
            self._supervisor.carry_on()
        self.paused = paused
        self.changed.emit()

    def _done(self) -> None:
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None:
            supervisor.deleteLater()
        self.changed.emit()
