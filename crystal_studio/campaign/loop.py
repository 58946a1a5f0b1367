"""The loop of one run: chunks come in, stages are passed in order, verdicts are committed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.campaign.backlog import Backlog, Work
from crystal_studio.campaign.choosing import Choosing, Chosen
from crystal_studio.campaign.comparing import Comparing
from crystal_studio.campaign.events import Event, Message
from crystal_studio.campaign.flights import Flights, batch_size
from crystal_studio.campaign.generation import Chunk, Generation, Making
from crystal_studio.campaign.outcomes import MOST_DEATHS, answer, complaints, not_made, settle, too_many_deaths
from crystal_studio.campaign.recording import Recorder
from crystal_studio.campaign.reporting import Reporter
from crystal_studio.campaign.tally import Tally
from crystal_studio.campaign.tasks import Order
from crystal_studio.candidates.verdicts import Verdicts
from crystal_studio.execution.protocol import Outcome
from crystal_studio.funnel import run_stage
from crystal_studio.funnel.protocol import PROMISE, Batch, ChoosingStage, Stage
from crystal_studio.generators.protocol import CancelToken
from crystal_studio.project.queries import ProjectReader

TICK = 0.05
"""Seconds of waiting when there is nothing to do."""


class Stopped(Exception):
    """The run was asked to end."""


class Loop:
    """Moves candidates from stage to stage; ``run`` returns when each has its last verdict.

    ``accept(chunk)`` stores a chunk and returns the ids that are to be judged. ``generation`` and ``order`` are None
    where there is nothing to generate, ``flights`` where no stage needs workers either. ``campaign`` is the run,
    ``total`` how many candidates it has, ``geometry`` that in which candidates are compared with earlier ones. Chunks
    and stages share the workers of one engine: comparisons go first, then a chunk while few candidates wait
    (``Generation.wants``), then costly stages.
    """

    def __init__(
        self,
        *,
        stages: Sequence[Stage],
        context: Any,
        reader: ProjectReader,
        campaign: int,
        total: int,
        geometry: str,
        recorder: Recorder,
        reporter: Reporter,
        tally: Tally,
        emit: Callable[[Event], None],
        accept: Callable[[Chunk], NDArray[np.int64]],
        generation: Generation | None,
        order: Order | None,
        flights: Flights | None,
        cancel: CancelToken,
        pause: CancelToken,
    ) -> None:
        self._stages, self._context, self._reader = stages, context, reader
        self._recorder, self._reporter, self.tally, self._emit = recorder, reporter, tally, emit
        self._accept, self._flights = accept, flights
        self._generation, self._order = generation, order
        self._cancel, self._pause = cancel, pause
        self._backlog = Backlog(stages)
        self._comparing = Comparing(stages, context, reader, geometry, self._judged, self._count_deaths)
        self._choosing = {
            index: Choosing(stage, stage.name, reader, campaign, total)
            for index, stage in enumerate(stages)
            if isinstance(stage, ChoosingStage)
        }
        self._deaths = 0

    def queue(self, ids: NDArray[np.int64], index: int, alone: bool = False) -> None:
        """Candidates that wait for the stage ``index``; ``alone``: not in one batch with others."""
        if any(chosen < index for chosen in self._choosing):
            found = self._reader.found(ids.tolist())
            self._backlog.promising(ids, np.asarray(found.get(PROMISE, np.zeros(len(ids))), float))
        if alone:
            self._backlog.retry(Work(index, ids).one_by_one())
        else:
            self._backlog.add(index, ids)

    def run(self) -> None:
        """Until everything is done; raises ``Stopped`` when asked to end."""
        while not self._is_done():
            if self._cancel.is_set():
                raise Stopped
            if self._pause.is_set():
                self._hold()
                continue
            self._send()
            worked = self._quick_step() or self._choose()
            self._receive(wait=0.0 if worked else TICK)
            self.report()
            self._reporter.note()
        if self._generation and self._generation.given_up:
            raise not_made(self._generation)

    def close(self) -> None:
        """End the workers."""
        if self._flights is not None:
            self._flights.close()

    def report(self, force: bool = False, phase: str = "") -> None:
        """Send the present state, not too often unless forced."""
        if not (force or self._reporter.due()):
            return
        waiting = self._backlog.waiting()
        part = rate = 0.0
        if self._flights is not None:
            self.tally.set_slots(self._flights.slots)
            if self._generation:
                self._generation.heard(self._flights.shares)
                part, rate = self._generation.part, self._generation.rate(self._flights.chunk_slots)
        for work in self._in_flight:
            waiting[work.index] += 0 if work.step else len(work)
        held = [0] * len(waiting)
        for index, size in self._comparing.sizes:
            waiting[index] += size
        for index, choosing in self._choosing.items():
            held[index] = len(choosing)
        self._reporter.report(phase or self._doing(), part, rate, waiting, held)

    @property
    def _waiting(self) -> int:
        """Candidates that wait for a stage and are with no worker."""
        return sum(self._backlog.waiting()) + sum(size for _, size in self._comparing.sizes)

    @property
    def _in_flight(self) -> list[Work]:
        return self._flights.works if self._flights is not None else []

    def _is_done(self) -> bool:
        holding = any(size for _, size in self._held)
        return self._all_made and not (self._backlog or holding or self._in_flight)

    @property
    def _held(self) -> list[tuple[int, int]]:
        """By stage the candidates at those that compare or choose, who are neither waiting nor with a worker."""
        return self._comparing.sizes + [(index, len(own)) for index, own in self._choosing.items()]

    @property
    def _all_made(self) -> bool:
        return self._generation is None or self._generation.done

    def _hold(self) -> None:
        self._reporter.pause()
        self.report(force=True, phase="Paused")
        while self._pause.is_set():
            if self._cancel.is_set():
                raise Stopped
            time.sleep(TICK)
        self._reporter.go_on()

    def _doing(self) -> str:
        if self._generation and not self._generation.done:
            return "Generating"
        index = self._backlog.head
        if index is None and self._in_flight:
            index = self._in_flight[0].index
        return "Finishing" if index is None else self._stages[index].title

    # -- quick stages, in this process ----------------------------------------------------

    def _quick_step(self) -> bool:
        """One stage of the batch at the head; false where none waits."""
        work = self._backlog.next_quick()
        if work is None:
            return False
        if work.index in self._comparing:
            self._comparing.arrive(work.index, work.ids)
            return True
        started = time.monotonic()
        verdicts = run_stage.run(self._stages[work.index], self._batch(work.ids), self._context)
        self._judged(work, verdicts, time.monotonic() - started)
        return True

    def _batch(self, ids: NDArray[np.int64]) -> Batch:
        return Batch(ids, self._reader.batch(ids), self._reader.found(ids))

    def _judged(self, work: Work, verdicts: Verdicts, seconds: float) -> None:
        for text in complaints(self._stages[work.index], work, verdicts):
            self._emit(Message("warning", text))
        choosing = self._choosing.get(work.index)
        if choosing is None:
            self._decide(work.index, (work.ids, verdicts, seconds))
        elif (chosen := choosing.judged(work, verdicts, seconds)) is not None:
            self._decide(work.index, chosen)
        else:
            self.tally.held(work.index, len(work), seconds)

    def _decide(self, index: int, chosen: Chosen) -> None:
        """Record verdicts, and send on those that have passed."""
        ids, verdicts, seconds = chosen
        for finding in verdicts.findings:
            if finding.quantity == PROMISE:
                self._backlog.promising(ids, finding.values)
        going_on = self._recorder.record(index, ids, verdicts, seconds)
        if len(going_on):
            self._backlog.add(index + 1, going_on, first=True)

    def _choose(self) -> bool:
        """The choice of a stage that has seen all candidates of the run; false where there is none to make."""
        for index, choosing in self._choosing.items():
            if len(choosing) and self._all_made and not self._coming(index):
                self._decide(index, choosing.decide())
                return True
        return False

    def _coming(self, index: int) -> bool:
        """Whether some candidate is still on its way to a stage or at it, but for those that the stage holds."""
        holding = [size for i, size in self._held if i < index]
        flying = [work for work in self._in_flight if work.index <= index]
        return any(holding) or bool(flying) or self._backlog.smallest(index) < np.inf

    # -- chunks and tasks -----------------------------------------------------------------

    def _send(self) -> None:
        """Give the engine as much as it takes."""
        flights, generation = self._flights, self._generation
        while flights is not None and flights.room:
            # Before other tasks: they are short, and all that follows waits for them.
            asked = self._comparing.next(self._in_flight, self._backlog.smallest)
            if asked is not None:
                comparisons, asked_for = asked
                flights.ask(asked_for, *comparisons.task(asked_for))
                continue
            if generation and self._order and generation.wants(flights.chunk_slots, self._waiting):
                flights.make(self._order, generation.next())
                continue
            work = self._backlog.next_costly(
                lambda index, waiting: batch_size(self.tally.stages[index].pace, waiting, flights.slots)
            )
            if work is None:
                return
            flights.send(self._stages[work.index], work, self._batch(work.ids))

    def _receive(self, wait: float) -> None:
        """Take all that came in; waits up to ``wait`` seconds where there is nothing."""
        for sent, outcome in self._flights.landed(wait) if self._flights is not None else ():
            if isinstance(sent, Making):
                self._chunk_landed(sent, outcome)
                continue
            if sent.step:
                self._comparing.landed(sent, outcome)
                continue
            found = answer(self._stages[sent.index], sent, outcome)
            self._backlog.retry(found.again)
            if found.verdicts:
                self._judged(sent, found.verdicts, found.seconds)
                self._count_deaths(found.died)
        chunk = self._generation.take() if self._generation else None
        if chunk:
            ids = self._accept(chunk)
            if self._stages and len(ids):
                self._backlog.add(0, ids)

    def _chunk_landed(self, making: Making, outcome: Outcome) -> None:
        if self._generation is None:
            return
        loss = settle(self._generation, making, outcome)
        if loss:
            self._emit(Message("warning", f"{self._generation.name(making.chunk)} could not be made: {loss.why}"))
            if loss.traceback:
                self._emit(Message("warning", loss.traceback.rstrip()))
            self._count_deaths(loss.died)

    def _count_deaths(self, died: bool) -> None:
        self._deaths = self._deaths + 1 if died else 0
        if self._deaths == MOST_DEATHS:
            raise too_many_deaths()
