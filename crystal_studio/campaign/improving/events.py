"""What a running improvement tells beside the events of its campaigns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RoundProgress:
    """How far an improvement is.

    ``number`` of ``rounds``, ``phase`` a present-tense phrase, ``fraction`` 0..1 of the phase; ``seconds_left`` of the
    whole improvement, negative while unknown.
    """

    improvement: int
    number: int
    rounds: int
    phase: str
    fraction: float
    seconds_left: float


@dataclass(frozen=True)
class RoundEnded:
    """A round has its figures: the window and the command line look at the project for them."""

    improvement: int
    number: int


@dataclass(frozen=True)
class ImproveFinished:
    """The last event of a run: ``state`` is finished, paused, cancelled or failed."""

    improvement: int
    state: str
    text: str
