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

    @property
    def seconds(self) -> float:
        """Since it was asked for."""
        return time.monotonic() - self.started
