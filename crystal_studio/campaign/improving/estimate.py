"""How long an improvement still takes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from crystal_studio.campaign.improving.plan import ImprovePlan
from crystal_studio.project.rows import RoundRow

ORDER = ("training", "generating", "checking")
INTERVAL = 1.0
"""Seconds between two words on how far it is."""


class Estimate:
    """From the seconds that the parts of earlier rounds took."""

    def __init__(self, plan: ImprovePlan) -> None:
        self._rounds = plan.options.rounds
        self._seconds: dict[str, float] = {"training": plan.options.minutes * 60}
        self._last = 0.0

    def learn(self, rows: Sequence[RoundRow]) -> None:
        """What rounds took so far; the last one counts."""
        for row in rows:
            for part, seconds in row.figures.get("seconds", {}).items():
                self._seconds[part] = float(seconds)

    def due(self) -> bool:
        """Whether it is time for another word."""
        if time.monotonic() - self._last < INTERVAL:
            return False
        self._last = time.monotonic()
        return True

    def left(self, row: RoundRow, fraction: float, here: float = -1.0) -> float:
        """Seconds, negative while unknown: ``fraction`` of the present part is done, which takes ``here`` more where
        that is known."""
        if here < 0 and row.state in self._seconds:
            here = self._seconds[row.state] * (1 - min(1.0, fraction))
        later = ORDER[ORDER.index(row.state) + 1 :]
        if here < 0 or any(part not in self._seconds for part in ORDER if row.number < self._rounds or part in later):
            return -1.0
        whole = sum(self._seconds[part] for part in ORDER) if row.number < self._rounds else 0.0
        return here + sum(self._seconds[part] for part in later) + whole * (self._rounds - row.number)
