"""Counts, rates and the estimate of the time left of one run."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crystal_studio.campaign.events import Progress, StageCount
from crystal_studio.candidates.verdicts import ERROR, PASSED, REJECTED, WAITING, Verdicts
from crystal_studio.funnel.protocol import ChoosingStage, Stage
from crystal_studio.project.rows import StageCounts

WINDOW = 20.0
"""Seconds over which the rate of finished candidates is taken."""


@dataclass
class StageTally:
    """What one stage has said: in all (``statuses``, ``marked``, ``reasons``), and in this run for the rate."""

    stage: Stage
    lanes: int = 1
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    marked: int = 0
    judged_now: int = 0
    seconds_now: float = 0.0

    @property
    def elsewhere(self) -> bool:
        """Whether worker processes do its work."""
        return self.stage.costly or self.stage.remembers

    @property
    def pace(self) -> float:
        """Seconds that one candidate takes; 0 before the first."""
        return self.seconds_now / self.judged_now if self.judged_now else 0.0

    @property
    def rate(self) -> float:
        """Candidates a second while the stage works, all its workers together; 0 before the first."""
        return self.judged_now / self.seconds_now * self.lanes if self.seconds_now > 0 else 0.0

    @property
    def pass_rate(self) -> float:
        """Share expected to pass, cautious while few were seen."""
        return (self.statuses[PASSED] + 1) / (self.statuses.total() + 1)

    @property
    def count(self) -> StageCount:
        """As the event says it."""
        counts = self.statuses
        return StageCount(
            self.stage.name,
            self.stage.title,
            counts[PASSED],
            counts[REJECTED],
            counts[ERROR],
            counts[WAITING],
            dict(self.reasons.most_common()),
            self.rate,
            self.marked,
        )


class Tally:
    """The state of a campaign in numbers."""

    def __init__(self, campaign_id: int, requested: int, stages: Sequence[Stage]) -> None:
        self.campaign_id, self.requested = campaign_id, requested
        self.stages = [StageTally(stage) for stage in stages]
        self.generated = self.finished = self.newest = 0
        self._recent: deque[tuple[float, int]] = deque()

    def restore(self, generated: int, finished: int, funnel: Iterable[StageCounts]) -> None:
        """Take over what earlier runs of the campaign have stored; errors are judged again and not counted."""
        self.generated, self.finished = generated, finished
        by_name = {t.stage.name: t for t in self.stages}
        for counts in funnel:
            if counts.stage in by_name:
                tally = by_name[counts.stage]
                tally.statuses = Counter({PASSED: counts.passed, REJECTED: counts.rejected, WAITING: counts.waiting})
                tally.marked = counts.marked
                tally.reasons = Counter({code: n for code, n in counts.reasons.items() if code not in (ERROR, WAITING)})

    def set_slots(self, slots: int) -> None:
        """How many tasks run at the same time; a cluster grows and shrinks."""
        for tally in self.stages:
            tally.lanes = slots if tally.elsewhere else 1

    def judged(self, index: int, verdicts: Verdicts, seconds: float) -> None:
        """One batch has been through stage ``index``."""
        tally = self.stages[index]
        tally.statuses.update(verdicts.status)
        told = [(s, r.code) for s, r in zip(verdicts.status, verdicts.reasons, strict=True) if r]
        tally.reasons.update(code for status, code in told if status in (PASSED, REJECTED))
        tally.marked += sum(status == PASSED for status, _ in told)
        tally.judged_now += len(verdicts)
        tally.seconds_now += seconds

    def held(self, index: int, size: int, seconds: float) -> None:
        """Stage ``index`` has judged some whose verdicts are yet to be told: they tell of its pace."""
        tally = self.stages[index]
        tally.judged_now += size
        tally.seconds_now += seconds

    def finish(self, ids: Iterable[int]) -> None:
        """Nothing more is done for these candidates in this run."""
        for self.newest in ids:
            self.finished += 1

    def progress(
        self,
        phase: str,
        part: float,
        generating: float,
        waiting: Sequence[int],
        now: float | None = None,
        held: Sequence[int] = (),
    ) -> Progress:
        """The event to send.

        ``part`` counts candidates that are made but not stored yet, ``generating``
        is how many could be made in a second if the workers did nothing else (0
        unknown), ``waiting`` how many candidates wait for each stage, ``held`` how
        many each has judged and keeps until it chooses.
        """
        now = time.monotonic() if now is None else now
        made = min(self.requested, self.generated + part)
        work = made if not self.stages else (made + self.finished) / 2
        to_make, to_come = self.requested - made, self.requested - self.generated
        left, at_least = self._seconds_left(to_make, to_come, generating, waiting, held or [0] * len(self.stages))
        return Progress(
            self.campaign_id,
            self.requested,
            self.generated,
            self.finished,
            min(1.0, work / self.requested) if self.requested else 1.0,
            self._rate(now),
            left,
            phase,
            tuple(tally.count for tally in self.stages),
            self.newest,
            at_least,
        )

    def summary(self) -> str:
        """One sentence on what came out."""
        if not self.stages:
            return f"{self._made}, not judged"
        errors = sum(tally.statuses[ERROR] for tally in self.stages)
        text = f"{self._made}, {self.stages[-1].statuses[PASSED]} through the funnel"
        return f"{text}; {errors} could not be judged: resume tries them again" if errors else text

    @property
    def _made(self) -> str:
        return f"{self.generated} candidate{'s' if self.generated != 1 else ''}"

    def _rate(self, now: float) -> float:
        self._recent.append((now, self.finished))
        while len(self._recent) > 2 and now - self._recent[1][0] > WINDOW:
            self._recent.popleft()
        since, count = self._recent[0]
        return (self.finished - count) / (now - since) if now > since else 0.0

    def _seconds_left(
        self, to_make: float, to_come: int, generating: float, waiting: Sequence[int], held: Sequence[int]
    ) -> tuple[float, bool]:
        """The longer of the two lines of work (quick stages; workers, who generate too), -1 while nothing can be said,
        and whether it is a lower bound: of some stage no candidate has told the pace yet.

        ``to_come`` candidates have not been handed over: those of a chunk whose
        last step is done are still being put together, for nobody knows how long.
        """
        if to_come > 0 and (generating <= 0 or to_make <= 0):
            return -1.0, False
        line = {False: 0.0, True: to_make / generating if to_make > 0 else 0.0}
        coming, at_least = float(to_come), False
        for tally, queued, kept in zip(self.stages, waiting, held, strict=True):
            coming += queued
            at_least |= coming >= 1 and tally.rate <= 0
            line[tally.elsewhere] += coming / tally.rate if tally.rate else 0.0
            stage = tally.stage
            if isinstance(stage, ChoosingStage) and stage.waits:
                coming = stage.expected(coming + kept, self.requested)
            else:
                coming *= tally.pass_rate
        longest = max(line.values())
        return (-1.0, False) if at_least and longest < 1 else (longest, at_least)
