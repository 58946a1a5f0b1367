"""What a running campaign tells the window and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class StageCount:
    """How many candidates a stage has judged, by their status; ``reasons`` counts rejections and marks by their code.

    ``marked`` are those of the ``passed`` that went on although the stage had a reason against them.
    """

    stage: str
    title: str
    passed: int = 0
    rejected: int = 0
    error: int = 0
    waiting: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    rate: float = 0.0
    marked: int = 0

    @property
    def entered(self) -> int:
        """All that it has seen."""
        return self.passed + self.rejected + self.error + self.waiting


@dataclass(frozen=True)
class Progress:
    """The state of one campaign; sent at most 30 times a second.

    ``fraction`` 0..1 of all work, ``rate`` finished candidates a second,
    ``seconds_left`` negative while unknown, a lower bound where ``left_at_least``
    (the pace of some stage is not known yet), ``newest`` the id of the candidate
    that finished last (0 if none). ``phase`` is a short present-tense phrase.
    """

    campaign_id: int
    requested: int
    generated: int
    finished: int
    fraction: float
    rate: float
    seconds_left: float
    phase: str
    stages: tuple[StageCount, ...]
    newest: int = 0
    left_at_least: bool = False


@dataclass(frozen=True)
class Message:
    """A line for the run's log; ``level`` is info, warning or error."""

    level: str
    text: str


@dataclass(frozen=True)
class Finished:
    """The last event of a run: ``state`` is finished, paused, cancelled or failed."""

    campaign_id: int
    state: str
    text: str


Event = Progress | Message | Finished
