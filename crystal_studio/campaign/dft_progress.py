"""How far the jobs of a run of DFT have come, and how long they may still take."""

from __future__ import annotations

import math
import time

from crystal_studio.campaign.dft_request import STAGE
from crystal_studio.campaign.events import Progress, StageCount
from crystal_studio.dft.protocol import RELAX, Settings
from crystal_studio.dft.script_code import Step

USUAL_STEPS = 8
"""Steps of a relaxation that starts where a potential left the crystal, while it has told nothing better."""

MOST_STEPS = 3 * USUAL_STEPS
"""More steps are never expected."""


class _Job:
    """One job at work."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.forces: list[tuple[int, float, float]] = []  # step, largest force, seconds since it began
        self.latest: Step | None = None

    def take(self, step: Step) -> None:
        self.latest = step
        if not step.iteration and math.isfinite(step.max_force):
            self.forces.append((step.step, step.max_force, time.monotonic() - self.began))

    def fraction(self, settings: Settings) -> float:
        """Share of the work that is done, by the fall of the largest force; at most 0.95 before the end."""
        if not self.forces:
            return 0.0
        if settings.task != RELAX:
            return 0.9
        (first, start, _), (last, now, _) = self.forces[0], self.forces[-1]
        if now <= settings.fmax:
            return 0.95
        taken = last - first
        falls = math.log(start / now) / taken if taken and now < start else 0.0
        left = math.log(now / settings.fmax) / falls if falls > 0 else USUAL_STEPS - taken
        left = min(max(left, 1.0), MOST_STEPS)  # a force that hardly falls at first says little
        return min(0.95, (taken + 1) / (taken + 1 + left))

    def seconds_left(self, settings: Settings) -> float:
        """NaN before anything is known."""
        done = self.fraction(settings)
        return (time.monotonic() - self.began) * (1 - done) / done if done else math.nan


class DftProgress:
    """The state of one run."""

    def __init__(self, campaign_id: int, requested: int, finished: int, title: str, settings: Settings) -> None:
        self._id, self._requested, self.finished = campaign_id, requested, finished
        self._title, self._settings = title, settings
        self._passed, self._broken, self._newest = finished, 0, 0
        self._at_work: dict[int, _Job] = {}
        self._took: list[float] = []
        self._began = time.monotonic()

    def step(self, candidate: int, step: Step) -> None:
        """A job has told something."""
        self._at_work.setdefault(candidate, _Job()).take(step)

    def finish(self, candidate: int, seconds: float, *, broken: bool = False) -> None:
        """A job has its answer."""
        self._at_work.pop(candidate, None)
        self.finished += 1
        self._broken += broken
        self._passed += not broken
        self._newest = candidate
        if math.isfinite(seconds):
            self._took.append(seconds)

    def put_down(self, candidate: int) -> None:
        """A job was ended before its answer, to go on later."""
        self._at_work.pop(candidate, None)

    def event(self) -> Progress:
        """The event to send."""
        jobs = list(self._at_work.values())
        parts = [job.fraction(self._settings) for job in jobs]
        left, at_least = self._seconds_left(jobs)
        rate = len(self._took) / max(time.monotonic() - self._began, 1e-9)
        stage = StageCount(STAGE, "DFT", self._passed, 0, self._broken, self._requested - self.finished, {}, rate)
        return Progress(
            campaign_id=self._id,
            requested=self._requested,
            generated=self._requested,
            finished=self.finished,
            fraction=(self.finished + sum(parts)) / self._requested if self._requested else 1.0,
            rate=rate,
            seconds_left=left,
            phase=self._phase(),
            stages=(stage,),
            newest=self._newest,
            left_at_least=at_least,
        )

    def _seconds_left(self, jobs: list[_Job]) -> tuple[float, bool]:
        """Of the whole run, -1 while nothing is known; whether it is a lower bound."""
        here = [job.seconds_left(self._settings) for job in jobs]
        known = [seconds for seconds in here if math.isfinite(seconds)]
        to_come = self._requested - self.finished - len(jobs)
        spans = [time.monotonic() - job.began + left for job, left in zip(jobs, here, strict=True) if left == left]
        each = self._took + spans
        if to_come <= 0 and not known:
            return -1.0, False
        if to_come > 0 and not each:
            return -1.0, False
        lanes = max(1, len(jobs))
        queued = max(0, to_come) * (sum(each) / len(each) if each else 0.0) / lanes
        return max(known, default=0.0) + queued, len(known) < len(jobs)

    def _phase(self) -> str:
        """Like "GPAW, candidate 17: step 3, iteration 9, energy -12.345 eV, force 0.12 eV/Å"."""
        told = [(i, job) for i, job in self._at_work.items() if job.latest is not None]
        if not told:
            return self._title
        candidate, job = told[-1]
        step = job.latest
        assert step is not None
        words = [f"{self._title}, candidate {candidate}: step {step.step}"]
        words += [f"iteration {step.iteration}"] if step.iteration else []
        words += [f"energy {step.energy:.3f} eV"] if math.isfinite(step.energy) else []
        words += [f"force {job.forces[-1][1]:.2g} eV/Å"] if job.forces else []
        return ", ".join(words)
