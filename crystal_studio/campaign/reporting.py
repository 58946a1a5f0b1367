"""How a run goes on, told to whoever watches and noted in the project."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from crystal_studio.campaign.events import Event
from crystal_studio.campaign.tally import Tally
from crystal_studio.project.rows import CampaignRow
from crystal_studio.project.store import ProjectWriter

INTERVAL = 1 / 30
"""Seconds between two Progress events."""

NOTE_EVERY = 10.0
"""Seconds between two notes in the project of how long the campaign has worked."""


class Reporter:
    """Sends ``Progress`` events, not too many, and keeps the clock of the campaign."""

    def __init__(self, row: CampaignRow, writer: ProjectWriter, tally: Tally, emit: Callable[[Event], None]) -> None:
        self._id, self._writer, self._tally, self._emit = row.id, writer, tally, emit
        self._began = time.monotonic() - row.seconds
        self._noted = time.monotonic()
        self._paused_since = 0.0
        self._last = 0.0

    @property
    def seconds(self) -> float:
        """Work on this campaign so far, earlier runs included, pauses not."""
        return (self._paused_since or time.monotonic()) - self._began

    def pause(self) -> None:
        """Stop the clock."""
        self._paused_since = time.monotonic()
        self._writer.set_campaign(self._id, "paused", seconds=self.seconds)

    def go_on(self) -> None:
        """Start it again."""
        self._began += time.monotonic() - self._paused_since
        self._paused_since = 0.0
        self._writer.set_campaign(self._id, "running")

    def due(self) -> bool:
        """Whether it is time for another event."""
        return time.monotonic() - self._last >= INTERVAL

    def report(self, phase: str, part: float, generating: float, waiting: Sequence[int], held: Sequence[int]) -> None:
        """Send the present state; see ``Tally.progress``."""
        self._last = time.monotonic()
        self._emit(self._tally.progress(phase, part, generating, waiting, self._last, held))

    def note(self) -> None:
        """Now and then keep the time worked, so that a kill does not lose it."""
        if time.monotonic() - self._noted > NOTE_EVERY:
            self._noted = time.monotonic()
            self._writer.set_campaign(self._id, "running", seconds=self.seconds)
