"""What becomes of a batch or a chunk whose task has ended: a result, another try, or the end of the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from crystal_studio.campaign.backlog import Work
from crystal_studio.campaign.devices import out_of_memory
from crystal_studio.campaign.generation import Generation, Making
from crystal_studio.candidates.verdicts import ERROR, Verdicts, failing
from crystal_studio.errors import KnownError
from crystal_studio.execution.protocol import Cancelled, Died, Done, Failed, Outcome, TimedOut
from crystal_studio.funnel.protocol import Stage

MOST_LOSSES = 2
"""How often a candidate's process may be lost before the candidate is left as an error."""

MOST_DEATHS = 4
"""Different candidates or chunks in a row that are left because their process died, before the run gives up."""


CHUNK_TRIES = 3
"""How often a chunk is tried. One that is given up costs the campaign the order of its numbers."""


@dataclass(frozen=True)
class Loss:
    """A chunk that was given up: why, in one line, with the traceback where there is one; ``died``: its process did."""

    why: str
    traceback: str = ""
    died: bool = False


@dataclass(frozen=True)
class Answer:
    """Verdicts after ``seconds``, or what to try ``again``; ``died``: given up because its process ended."""

    verdicts: Verdicts | None = None
    seconds: float = 0.0
    again: tuple[Work, ...] = ()
    died: bool = False


def answer(stage: Stage, work: Work, outcome: Outcome) -> Answer:
    """What to do now.

    A batch that failed, died or ran out of time is cut, so that the candidate to blame is known and the
    others are judged. One that fails alone, or is lost alone twice, gets an error: nothing is said
    against it, and ``resume`` tries it again. Raises ``KnownError`` for what every candidate would meet.
    """
    if isinstance(outcome, Done):
        return Answer(outcome.value, outcome.seconds)
    if isinstance(outcome, Cancelled):
        return Answer(again=(work,))
    if isinstance(outcome, Failed) and outcome.known:
        raise KnownError(outcome.error)
    if len(work) > 1:
        return Answer(again=work.one_by_one())
    if isinstance(outcome, Failed):
        if outcome.out_of_memory:
            raise _little_memory(outcome)
        notes = {"traceback": np.array([outcome.traceback], object)}
        return Answer(replace(failing(1, outcome.error), notes=notes), outcome.seconds)
    if work.losses + 1 < MOST_LOSSES:
        return Answer(again=(work.again(),))
    text = f"{stage.title} was given up after {MOST_LOSSES} tries: {_how(outcome)}"
    return Answer(failing(1, text), died=isinstance(outcome, Died))


def settle(generation: Generation, making: Making, outcome: Outcome) -> Loss | None:
    """Take a chunk, have it tried again, or give it up after ``CHUNK_TRIES``, which is a loss.

    Raises ``KnownError`` for what every chunk would meet.
    """
    if isinstance(outcome, Done):
        generation.landed(making, outcome.value, outcome.seconds)
        return None
    if isinstance(outcome, Cancelled):
        generation.retry(making)
        return None
    if isinstance(outcome, Failed) and outcome.known:
        raise KnownError(outcome.error)
    if isinstance(outcome, Failed) and outcome.out_of_memory:
        raise _little_memory(outcome)
    if making.losses + 1 < CHUNK_TRIES:
        generation.retry(making.again())
        return None
    if isinstance(outcome, Failed):
        loss = Loss(outcome.error, outcome.traceback)
    else:
        loss = Loss(_how(outcome), died=isinstance(outcome, Died))
    generation.give_up(making, loss.why)
    return loss


def complaints(stage: Stage, work: Work, verdicts: Verdicts) -> Iterator[str]:
    """What the log says of candidates that could not be judged, with the traceback where there is one."""
    traces = verdicts.notes.get("traceback")
    told = ""
    for i, (candidate, status, reason) in enumerate(zip(work.ids, verdicts.status, verdicts.reasons, strict=True)):
        if status == ERROR:
            text = str(reason.parameters.get("text", "")) if reason else ""
            yield f"Candidate {candidate}: {stage.title} could not judge it. {text}"
            trace = str(traces[i]).rstrip() if traces is not None and traces[i] else ""
            if trace and trace != told:
                yield trace
            told = trace


def too_many_deaths() -> KnownError:
    """Why a run ends in which nothing but deaths is seen."""
    return KnownError(
        f"Worker processes died {MOST_DEATHS} times in a row on different candidates, which means too little memory "
        "most of the time: close other programs or use --workers 1, then resume."
    )


def not_made(generation: Generation) -> KnownError:
    """Why a run ends that could not make all of its candidates."""
    first, *others = generation.given_up
    more = f" (and {len(others)} more such chunks)" if others else ""
    return KnownError(
        f"{first}{more}. All others are kept. Resume tries again; where that fails too, report it with the run's log."
    )


def _little_memory(outcome: Failed) -> KnownError:
    return out_of_memory(RuntimeError(outcome.error)) or KnownError(str(out_of_memory(MemoryError())))


def _how(outcome: Died | TimedOut) -> str:
    if isinstance(outcome, Died):
        return f"its process ended ({outcome.exit})"
    return f"it took longer than {outcome.seconds:.0f} s"
