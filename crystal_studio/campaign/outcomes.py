"""What becomes of a batch whose task has ended: verdicts, another try, or the end of the run."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.campaign.backlog import Work
from crystal_studio.campaign.devices import out_of_memory
from crystal_studio.candidates.verdicts import Verdicts, failing
from crystal_studio.errors import KnownError
from crystal_studio.execution.protocol import Died, Done, Failed, Outcome, TimedOut
from crystal_studio.funnel.protocol import Stage

MOST_LOSSES = 2
"""How often a candidate's process may be lost before the candidate is left as an error."""

MOST_DEATHS = 4
"""Different candidates in a row that are left because their process died, before the run gives up."""


@dataclass(frozen=True)
class Answer:
    """Verdicts after ``seconds``, or what to try ``again``; ``log`` is for the run's log, ``died`` a death to count."""

    verdicts: Verdicts | None = None
    seconds: float = 0.0
    again: tuple[Work, ...] = ()
    log: str = ""
    died: bool = False


def answer(stage: Stage, work: Work, outcome: Outcome) -> Answer:
    """What to do now.

    A batch that failed, died or ran out of time is cut, so that the candidate to blame is known and the
    others are judged. One that fails alone, or is lost alone twice, gets an error: nothing is said
    against it, and ``resume`` tries it again. Raises ``KnownError`` for what every candidate would meet.
    """
    if isinstance(outcome, Done):
        if isinstance(outcome.value, Verdicts) and len(outcome.value) == len(work):
            return Answer(outcome.value, outcome.seconds)
        text = f"{stage.title} gave no verdicts for {len(work)} candidates."
        return Answer(failing(len(work), text), outcome.seconds, log=text)
    if isinstance(outcome, Failed):
        return _failed(work, outcome)
    if isinstance(outcome, TimedOut):
        what = f"it took longer than {outcome.seconds:.0f} s"
    elif isinstance(outcome, Died):
        what = f"its process ended: {outcome.exit}"
    else:
        return Answer(again=(work,))
    if len(work) > 1:
        return Answer(again=work.one_by_one())
    if work.losses + 1 < MOST_LOSSES:
        return Answer(again=(work.again(),))
    text = f"{stage.title} was given up after {MOST_LOSSES} tries, {what}."
    return Answer(failing(1, text), log=f"Candidate {int(work.ids[0])}: {text}", died=isinstance(outcome, Died))


def too_many_deaths() -> KnownError:
    """Why a run ends in which nothing but deaths is seen."""
    return KnownError(
        f"Worker processes died on {MOST_DEATHS} candidates in a row, which means too little memory most of the time: "
        "close other programs or use --workers 1, then resume."
    )


def _failed(work: Work, outcome: Failed) -> Answer:
    if outcome.known:
        raise KnownError(outcome.error)
    if len(work) > 1:
        return Answer(again=work.one_by_one())
    if outcome.out_of_memory:
        raise out_of_memory(RuntimeError(outcome.error)) or KnownError(str(out_of_memory(MemoryError())))
    return Answer(
        failing(1, outcome.error), outcome.seconds, log=f"Candidate {int(work.ids[0])}: {outcome.traceback.rstrip()}"
    )
