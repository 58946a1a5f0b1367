"""What is known of the campaign that runs in this window."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from crystal_studio.campaign.events import Progress
from crystal_studio.design.request import DesignRequest


@dataclass
class Live:
    """The campaign that runs in this window; ``campaign`` is 0 until its number is known, ``request`` what a new one
    is asked for."""

    campaign: int
    request: DesignRequest | None = None
    started: float = field(default_factory=time.monotonic)
    latest: Progress | None = None
    lines: list[tuple[str, str]] = field(default_factory=list)

    paused_at: float = 0.0

    def hold(self, paused: bool) -> bool:
        """Let its time stand still while it is paused; whether that is news."""
        news = paused != bool(self.paused_at)
        if news and not paused:
            self.started += time.monotonic() - self.paused_at
        if news:
            self.paused_at = time.monotonic() if paused else 0.0
        return news

    @property
    def seconds(self) -> float:
        """Since it was asked for, without pauses."""
        return (self.paused_at or time.monotonic()) - self.started
