"""The loop of one run: chunks come in, stages are passed in order, verdicts are committed."""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.campaign.devices import out_of_memory
from crystal_studio.campaign.events import Event, Message
from crystal_studio.campaign.generation import Chunk, ChunkThread, missing_chunks
from crystal_studio.campaign.plan import Plan
from crystal_studio.campaign.reasons import kind
from crystal_studio.campaign.tally import Tally
from crystal_studio.campaign.workers import LocalWorkers
from crystal_studio.candidates.batch import no_units
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import KnownError
from crystal_studio.funnel.protocol import Batch, Verdicts
from crystal_studio.generators.protocol import CancelToken, Generator
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import CampaignRow, VerdictRow
from crystal_studio.project.store import ProjectWriter

BATCH = 32
"""Candidates of a quick stage between two looks at the cancel button."""

INTERVAL = 1 / 30
"""Seconds between two Progress events."""

NOTE_EVERY = 10.0
"""Seconds between two notes in the project of how long the campaign has worked."""

MOST_DEATHS = 4
"""Candidates in a row that kill their worker before the run gives up."""

TICK = 0.05
"""Seconds of waiting when there is nothing to do."""


class Stopped(Exception):
    """The run was asked to end."""


class Work:
    """The moving parts of one run; ``run`` returns when every candidate has its last verdict."""

    def __init__(
        self,
        project: Path,
        row: CampaignRow,
        request: DesignRequest,
        plan: Plan,
        generator: Generator,
        reader: ProjectReader,
        writer: ProjectWriter,
        emit: Callable[[Event], None],
        cancel: CancelToken,
        pause: CancelToken,
        workers: int,
    ) -> None:
        self._campaign, self._request, self._stages = row, request, plan.stages
        self._reader, self._writer, self._emit = reader, writer, emit
        self._cancel, self._pause = cancel, pause
        self._began = time.monotonic() - row.seconds
        self._noted = time.monotonic()
        self.tally = Tally(row.id, request.count, plan.stages, workers)
        self._workers = LocalWorkers(workers, partial(plan.worker_context, request))
        self._context = plan.context(project, request) if plan.stages else None
        # What waits: (stage index, ids) for quick stages, in order; (stage index, id) for costly ones.
        self._quick: deque[tuple[int, NDArray[np.int64]]] = deque()
        self._costly: deque[tuple[int, int]] = deque()
        # Those in flight when a worker died are tried again one by one, so that the guilty one is known.
        self._alone: deque[tuple[int, int]] = deque()
        self._suspect: tuple[int, int] | None = None
        self._deaths = 0
        self._running: dict[Future[tuple[Verdicts, float]], tuple[int, int]] = {}
        self._inbox: queue.SimpleQueue[Chunk | Future[tuple[Verdicts, float]]] = queue.SimpleQueue()
        self._last_report = 0.0
        self._phase = ""
        present = reader.numbers(row.id)
        self._restore(present)
        self._chunks = ChunkThread(
            generator,
            request,
            missing_chunks(request.count, generator.chunk_size, present),
            self._inbox.put,
            pause,
            cancel,
        )

    def run(self) -> None:
        """Until everything is done; raises ``Stopped`` when asked to end."""
        self._chunks.start()
        while not self._is_done():
            if self._cancel.is_set():
                raise Stopped
            if self._pause.is_set():
                self._hold()
                continue
            self._submit()
            worked = self._quick_step()
            self._receive(wait=0.0 if worked else TICK)
            self.report()
            if time.monotonic() - self._noted > NOTE_EVERY:  # so that a kill does not lose the time
                self._noted = time.monotonic()
                self._writer.set_campaign(self._campaign.id, "running", seconds=self.seconds)

    @property
    def seconds(self) -> float:
        """Work on this campaign so far, earlier runs included, pauses not."""
        return time.monotonic() - self._began

    def close(self) -> None:
        """End the workers; the generator's thread ends at its next step."""
        self._workers.stop()
        if self._chunks.is_alive():
            self._chunks.join(timeout=0.5)

    def report(self, force: bool = False) -> None:
        """Send the present state, at most every ``INTERVAL`` seconds unless forced."""
        now = time.monotonic()
        if not force and now - self._last_report < INTERVAL:
            return
        self._last_report = now
        waiting = [0] * len(self._stages)
        for index, ids in self._quick:
            waiting[index] += len(ids)
        for index, _ in (*self._costly, *self._alone, *self._running.values()):
            waiting[index] += 1
        self._emit(
            self.tally.progress(self._phase or self._doing(), self._chunks.part, self._chunks.rate, waiting, now)
        )

    def summary(self) -> str:
        """One sentence on what came out."""
        passed = self._reader.count(f"campaign_id == {self._campaign.id} and status == 'passed'")
        return f"{self.tally.generated} candidates, {passed} through the funnel"

    # -- where an earlier run stopped -------------------------------------------------

    def _restore(self, present: set[int]) -> None:
        ids, stages = self._reader.pending(self._campaign.id)
        index_of = {stage.name: i + 1 for i, stage in enumerate(self._stages)} | {"": 0}
        order = np.argsort(ids)
        ids = np.asarray(ids, np.int64)[order]
        following = np.array([index_of.get(stages[i], 0) for i in order], np.int64)
        self.tally.restore(len(present), len(present) - len(ids), self._reader.funnel(self._campaign.id))
        for run in np.split(np.arange(len(ids)), np.flatnonzero(np.diff(following)) + 1):
            if len(run):
                self._queue(ids[run], int(following[run[0]]))
        if present:
            self._emit(
                Message("info", f"Going on: {len(present)} candidates are there, {len(ids)} wait for their verdicts")
            )

    def _is_done(self) -> bool:
        if self._chunks.error:
            raise self._chunks.error
        waiting = self._quick or self._costly or self._alone or self._running
        return self._chunks.done and not waiting and self._inbox.empty()

    def _hold(self) -> None:
        self._writer.set_campaign(self._campaign.id, "paused", seconds=self.seconds)
        self._phase = "Paused"
        self.report(force=True)
        since = time.monotonic()
        while self._pause.is_set():
            if self._cancel.is_set():
                raise Stopped
            time.sleep(TICK)
        self._began += time.monotonic() - since
        self._phase = ""
        self._writer.set_campaign(self._campaign.id, "running")

    def _doing(self) -> str:
        if self._chunks.is_alive():
            return "Generating"
        waiting = [self._quick[0][0]] if self._quick else [index for index, _ in self._running.values()]
        return self._stages[waiting[0]].title if waiting else "Finishing"

    # -- candidates on their way -------------------------------------------------------

    def _queue(self, ids: NDArray[np.int64], index: int, first: bool = False) -> None:
        """Send candidates to the stage ``index``; past the last one they are done."""
        if not len(ids):
            return
        if index == len(self._stages):
            if not self._stages:  # no funnel: generated is all there is to pass
                self._writer.record("generation", ids, np.ones(len(ids), bool), ("",) * len(ids), {}, last=True)
            self.tally.finish(ids.tolist())
        elif self._stages[index].costly:
            self._costly.extend((index, int(i)) for i in ids)
        elif first:
            self._quick.appendleft((index, ids))
        else:
            self._quick.extend((index, ids[i : i + BATCH]) for i in range(0, len(ids), BATCH))

    def _accept(self, chunk: Chunk) -> None:
        self._chunks.taken()
        made = chunk.candidates
        units = made.units if made.units is not None else no_units(made.structures)
        ids = self._writer.add_candidates(self._campaign.id, chunk.numbers, units, made.structures, self._request.model)
        ids = np.asarray(ids, np.int64)
        self.tally.generated += len(ids)
        self._queue(ids, 0)

    def _batch(self, ids: NDArray[np.int64]) -> Batch:
        values = earlier_values([self._reader.verdicts(int(i)) for i in ids])
        return Batch(ids, self._reader.units(ids), self._reader.structures(ids, "best"), values)

    def _quick_step(self) -> bool:
        """One stage of the batch at the head; false where none waits."""
        if not self._quick:
            return False
        index, ids = self._quick.popleft()
        started = time.monotonic()
        verdicts = self._stages[index](self._batch(ids), self._context)
        self._record(index, ids, verdicts, time.monotonic() - started)
        return True

    def _record(self, index: int, ids: NDArray[np.int64], verdicts: Verdicts, seconds: float) -> None:
        passed = np.asarray(verdicts.passed, bool)
        stage, last = self._stages[index], index + 1 == len(self._stages)
        self._writer.record(
            stage.name,
            ids,
            passed,
            verdicts.reasons,
            verdicts.values,
            relaxed=verdicts.relaxed,
            seconds=seconds,
            last=last,
        )
        failed = [kind(r) for r, ok in zip(verdicts.reasons, passed, strict=True) if not ok]
        self.tally.judged(index, passed.tolist(), failed, seconds)
        self.tally.finish(ids[~passed].tolist())
        self._queue(ids[passed], index + 1, first=True)

    # -- worker processes --------------------------------------------------------------

    def _submit(self) -> None:
        """Keep the workers busy, with a bounded number of candidates in flight."""
        if self._suspect:
            return
        if self._alone:  # after a death: one candidate at a time, so that the guilty one is known
            if not self._running:
                self._suspect = self._alone.popleft()
                self._send(*self._suspect)
            return
        generating = self._chunks.is_alive()
        window = max(1, self._workers.count // 2) if generating else self._workers.count + 1
        while self._costly and len(self._running) < window:
            self._send(*self._costly.popleft())

    def _send(self, index: int, candidate: int) -> None:
        batch = self._batch(np.array([candidate]))
        try:
            future = self._workers.submit(self._stages[index], batch)
        except BrokenExecutor:  # a worker died while it had nothing to do
            self._workers.stop()
            future = self._workers.submit(self._stages[index], batch)
        self._running[future] = (index, candidate)
        future.add_done_callback(self._inbox.put)

    def _receive(self, wait: float) -> None:
        """Take all that came in; waits up to ``wait`` seconds for the first."""
        try:
            while True:
                item = self._inbox.get(timeout=wait) if wait else self._inbox.get_nowait()
                wait = 0.0
                if isinstance(item, Chunk):
                    self._accept(item)
                else:
                    self._judged(item)
        except queue.Empty:
            return

    def _judged(self, future: Future[tuple[Verdicts, float]]) -> None:
        index, candidate = self._running.pop(future)
        alone = self._suspect == (index, candidate)
        title, seconds = self._stages[index].title, 0.0
        try:
            verdicts, seconds = future.result()
            self._deaths = 0
        except BrokenExecutor:
            self._workers.stop()
            if not alone:
                self._alone.append((index, candidate))
                return
            self._deaths += 1
            if self._deaths == MOST_DEATHS:
                raise KnownError(
                    f"The worker processes died {MOST_DEATHS} times in a row, which means too little memory most of "
                    "the time: close other programs or use --workers 1, then resume."
                ) from None
            verdicts = self._rejected(candidate, f"{title}: its worker process died twice on this candidate")
        except KnownError:
            raise
        except Exception as error:
            if known := out_of_memory(error):
                raise known from error
            verdicts = self._rejected(candidate, f"{title} failed: {type(error).__name__}: {error}")
        if alone:
            self._suspect = None
        self._record(index, np.array([candidate]), verdicts, seconds)

    def _rejected(self, candidate: int, reason: str) -> Verdicts:
        self._emit(Message("warning", f"Candidate {candidate}: {reason}"))
        return Verdicts(np.array([False]), (reason,))


def earlier_values(verdicts: Sequence[Sequence[VerdictRow]]) -> dict[str, NDArray]:
    """Columns of what earlier stages found, from the stored verdicts of each candidate.

    Numbers become float64 with NaN where a candidate has none, anything else object.
    """
    merged = [{k: v for row in rows for k, v in row.values.items()} for rows in verdicts]
    columns: dict[str, NDArray] = {}
    for name in sorted({name for values in merged for name in values}):
        column = [values.get(name) for values in merged]
        if all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in column):
            columns[name] = np.array([np.nan if v is None else v for v in column], np.float64)
        else:
            columns[name] = np.array(column, object)
    return columns
