"""A run of DFT on this machine: jobs in threads, each a separate program; results into the project as they come."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from crystal_studio.campaign import dft_results
from crystal_studio.campaign.dft_collect import jobs_below
from crystal_studio.campaign.dft_progress import DftProgress
from crystal_studio.campaign.dft_request import LOCAL, STAGE, DftRequest
from crystal_studio.campaign.ending import keep_end, tell_end
from crystal_studio.campaign.events import Event, Finished, Message
from crystal_studio.candidates.verdicts import ERROR, WAITING
from crystal_studio.dft import manifest
from crystal_studio.dft.local import compute
from crystal_studio.dft.manifest import Manifest
from crystal_studio.dft.protocol import Code, Result
from crystal_studio.dft.registry import CODES
from crystal_studio.dft.script_code import RunsHere, Step
from crystal_studio.errors import KnownError, RequestError, RoomError
from crystal_studio.execution.machine import cores
from crystal_studio.generators.protocol import CancelToken
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import CampaignRow
from crystal_studio.project.store import ProjectWriter

TICK = 0.1
"""Seconds between two looks at what was asked for meanwhile."""

NOTE_EVERY = 10.0
"""Seconds between two notes in the project of how long the run has worked."""


@dataclass(frozen=True)
class Answer:
    """What became of a job: its result, the sentence on what is wrong, or neither: it was put down."""

    candidate: int
    job: Manifest | None
    result: Result | None
    error: str
    seconds: float


def run(
    project: Path | str,
    campaign_id: int,
    emit: Callable[[Event], None],
    cancel: CancelToken,
    pause: CancelToken,
    *,
    workers: int = 0,
) -> Finished:
    """Carry a run that was started with ``dft_start.start`` on to its end; returns the last event, also emitted.

    ``pause`` set: the jobs are put down where they are, and go on when it is cleared. ``cancel`` set: the run ends,
    as "paused" if ``pause`` is set too, and what waits goes on waiting for ``resume``; else as "cancelled", and what
    was not computed is again what it was before. A job that breaks is an error of its candidate alone, tried again
    by ``resume``. ``workers`` jobs run at a time, 0 for one a core.
    """
    with ProjectReader(project) as reader, ProjectWriter.open(project) as writer:
        row = reader.campaign(campaign_id)
        request = DftRequest.from_dict(row.request)
        if request.submit != LOCAL:
            raise RequestError(
                f"Campaign {row.id} was handed in as a bundle: collect its results from {request.folder}.", "submit"
            )
        began = time.monotonic() - row.seconds
        state, text = "failed", ""
        error: BaseException | None = None
        writer.set_campaign(campaign_id, "running")
        loop: _Loop | None = None
        try:
            loop = _Loop(reader, writer, row, request, emit, cancel, pause, workers or cores(), began)
            text = loop.run()
            state = "finished" if not cancel.is_set() else "paused" if pause.is_set() else "cancelled"
            if state == "cancelled":
                writer.withdraw(campaign_id, STAGE, request.ids)
        except RoomError as full:
            state, text = "paused", str(full)
        except KnownError as known:
            text = str(known)
        except BaseException as caught:
            text, error = f"{type(caught).__name__}: {caught}", caught
        finally:
            if loop:
                loop.close()
        state, text = keep_end(writer, campaign_id, state, text, time.monotonic() - began)
    return tell_end(campaign_id, state, text, emit, pause, error)


class _Loop:
    """The thread of the project; others compute."""

    def __init__(
        self,
        reader: ProjectReader,
        writer: ProjectWriter,
        row: CampaignRow,
        request: DftRequest,
        emit: Callable[[Event], None],
        cancel: CancelToken,
        pause: CancelToken,
        workers: int,
        began: float,
    ) -> None:
        self._reader, self._writer, self._id, self._emit = reader, writer, row.id, emit
        self._cancel, self._pause, self._workers, self._began = cancel, pause, workers, began
        self._code: Code = CODES.get(request.code)
        if isinstance(self._code, RunsHere):
            self._code.program()  # what is missing is no fault of any candidate
        self._noted = time.monotonic()
        self._waiting = _waiting(reader, row, request)
        self._folders = _folders(request)
        done = len(request.ids) - len(self._waiting)
        self._progress = DftProgress(row.id, len(request.ids), done, self._code.title, request.settings)
        self._broken = 0
        self._closed = False
        self._running: dict[int, threading.Thread] = {}
        self._told: queue.SimpleQueue[tuple[int, Step] | Answer] = queue.SimpleQueue()

    def run(self) -> str:
        """Until every job has its answer or the end is asked for; one sentence on what came of it."""
        for candidate in [i for i in self._waiting if i not in self._folders]:
            self._waiting.remove(candidate)
            self._fail(candidate, "The folder of its job is gone or damaged: hand it in again.", 0.0)
        running = self._running
        self._report()
        while running or (self._waiting and not self._cancel.is_set()):
            while self._waiting and len(running) < self._workers and not self._held():
                candidate = self._waiting.pop(0)
                folder = self._folders[candidate]
                running[candidate] = threading.Thread(target=self._compute, args=(candidate, folder), daemon=True)
                running[candidate].start()
            for told in self._news():
                if isinstance(told, Answer):
                    running.pop(told.candidate).join()
                    self._take(told)
                else:
                    self._progress.step(*told)
            self._report()
        done, lost = self._progress.finished - self._broken, self._broken
        text = f"{done} computed by {self._code.title}"
        return f"{text}; {lost} could not be: resume tries them again" if lost else text

    def close(self) -> None:
        """End what still computes, as where the disk takes no more."""
        self._closed = True
        for thread in self._running.values():
            thread.join()

    def _held(self) -> bool:
        return self._closed or self._cancel.is_set() or self._pause.is_set()

    def _news(self) -> list[tuple[int, Step] | Answer]:
        """What the jobs have told; waits a moment for the first."""
        out = []
        try:
            out.append(self._told.get(timeout=TICK))
            while True:
                out.append(self._told.get_nowait())
        except queue.Empty:
            return out

    def _compute(self, candidate: int, folder: Path) -> None:
        """In a thread of its own: one job."""
        began = time.monotonic()
        job, result, error = None, None, ""
        try:
            job = manifest.read(folder)
            result = compute(self._code, folder, lambda step: self._told.put((candidate, step)), self._held)
        except KnownError as known:
            error = str(known)
        except Exception as caught:  # a code of somebody else's
            error = f"{type(caught).__name__}: {caught}"
        self._told.put(Answer(candidate, job, result, error, time.monotonic() - began))

    def _take(self, answer: Answer) -> None:
        candidate = answer.candidate
        if answer.job is not None and answer.result is not None:
            try:
                method = dft_results.record(
                    self._reader, self._writer, self._id, answer.job, answer.result, answer.seconds
                )
            except RoomError:
                raise
            except KnownError as error:
                self._fail(candidate, str(error), answer.seconds)
                return
            self._progress.finish(candidate, answer.seconds)
            per_atom = answer.result.energy / len(answer.result.structure.numbers)
            self._emit(Message("info", f"{answer.job.formula} ({candidate}): {per_atom:.4f} eV/atom by {method.name}"))
            for warning in answer.result.warnings:
                self._emit(Message("warning", f"{answer.job.formula} ({candidate}): {warning}"))
        elif answer.error:
            self._fail(candidate, answer.error, answer.seconds)
        else:
            self._progress.put_down(candidate)
            self._waiting.insert(0, candidate)

    def _fail(self, candidate: int, text: str, seconds: float) -> None:
        dft_results.record_failure(self._writer, self._id, candidate, text, seconds)
        self._broken += 1
        self._progress.finish(candidate, math.nan, broken=True)
        self._emit(Message("warning", f"Candidate {candidate} was not computed: {text}"))

    def _report(self) -> None:
        self._emit(self._progress.event())
        if time.monotonic() - self._noted > NOTE_EVERY:
            self._noted = time.monotonic()
            self._writer.set_campaign(self._id, "running", seconds=self._noted - self._began)


def _waiting(reader: ProjectReader, row: CampaignRow, request: DftRequest) -> list[int]:
    """Candidates that a run has not computed yet. Crystals of one element come first: the others' formation energies
    rest on theirs."""
    said = {
        v.candidate_id: v.status
        for i in request.ids
        for v in reader.verdicts(i)
        if v.stage == STAGE and v.campaign_id == row.id
    }
    rows = reader.by_ids([i for i in request.ids if said.get(i) in (WAITING, ERROR)])
    return [r.id for r in sorted(rows, key=lambda r: (r.chemsys.count("-"), r.n_atoms, r.id))]


def _folders(request: DftRequest) -> dict[int, Path]:
    """Where the jobs of a run lie, by candidate; those whose manifests are gone or damaged are missing."""
    out: dict[int, Path] = {}
    for folder in jobs_below(Path(request.folder)):
        with suppress(KnownError):
            job = manifest.read(folder)
            if job.run == request.run:
                out[job.candidate] = folder
    return out
