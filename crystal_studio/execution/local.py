"""Tasks on this machine: worker processes of our own, one task at a time in each."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.util import Finalize
from typing import Any

from crystal_studio.errors import KnownError
from crystal_studio.execution.calling import packed, unpacked
from crystal_studio.execution.machine import cores, main_memory
from crystal_studio.execution.protocol import Cancelled, Died, EngineFull, Outcome, Resources, Task
from crystal_studio.execution.worker import Worker

WINDOW = 2
"""Tasks on their way or not yet collected, for each slot."""

MOST_BAD_STARTS = 3
"""Workers in a row that end before they are ready."""

_KEEP_TRYING = "close other programs, or use fewer workers (--workers 1), then resume; crystal-studio doctor says more."


@dataclass(frozen=True)
class _Job:
    ticket: int
    payload: bytes
    seconds: float | None
    wants: Resources


class LocalEngine:
    """An engine of worker processes; a thread of its own keeps them busy and watches their time.

    A death or a missed deadline belongs to exactly the task that ran: its worker is replaced, no other one
    notices. Workers start when first needed and end with this process, whatever ends it.
    """

    name = "local"

    def __init__(self, workers: int = 0, gpus: int = 1) -> None:
        """``workers`` 0 means one a core; at most ``gpus`` tasks that want a GPU run at the same time."""
        self._has = Resources(workers or cores(), gpus, main_memory()[0])
        self._lock = threading.RLock()
        self._news = threading.Condition(self._lock)
        self._waiting: deque[_Job] = deque()
        self._ended: deque[tuple[int, bytes | Outcome]] = deque()
        self._unwanted: set[int] = set()
        self._open: set[int] = set()  # tickets without a collected outcome
        self._last_ticket = 0
        self._bad_starts = 0
        self._broken = ""
        self._closed = False
        self._members: dict[Worker, _Job | None] = {}  # touched by the thread alone
        self._shares: dict[int, float] = {}
        self._wakes, self._wake = multiprocessing.Pipe(duplex=False)
        self._stirred = False
        self._thread = threading.Thread(target=self._supervise, name="local engine", daemon=True)
        self._thread.start()
        # The end of the program waits for child processes: ours are ended before it does.
        self._finalize: Any = Finalize(None, self.close, exitpriority=20)

    @property
    def slots(self) -> int:
        """Worker processes."""
        return self._has.cores

    @property
    def room(self) -> int:
        """See ``Engine``; nothing is taken after ``close``."""
        with self._lock:
            return 0 if self._closed else max(0, WINDOW * self.slots - len(self._open))

    @property
    def shares(self) -> dict[int, float]:
        """See ``Engine``."""
        with self._lock:
            return dict(self._shares)

    def submit(self, task: Task) -> int:
        """See ``Engine``."""
        payload = packed(task)
        with self._lock:
            if self._broken:
                raise KnownError(f"Worker processes do not start ({self._broken}): {_KEEP_TRYING}")
            if self.room == 0:
                raise EngineFull(f"{len(self._open)} tasks are on their way: collect with completed() first")
            self._last_ticket += 1
            job = _Job(self._last_ticket, payload, task.seconds, self._clipped(task.resources))
            self._waiting.append(job)
            self._open.add(job.ticket)
            self._stir()
            return job.ticket

    def completed(self, wait: float = 0.0) -> list[tuple[int, Outcome]]:
        """See ``Engine``."""
        with self._news:
            self._news.wait_for(lambda: self._ended or self._closed, timeout=wait)
            ended = list(self._ended)
            self._ended.clear()
            self._open.difference_update(ticket for ticket, _ in ended)
        return [(t, unpacked(outcome) if isinstance(outcome, bytes) else outcome) for t, outcome in ended]

    def cancel(self, ticket: int) -> None:
        """See ``Engine``; a running task is ended with its worker."""
        with self._lock:
            self._unwanted.add(ticket)
            self._stir()

    def cancel_all(self) -> None:
        """See ``Engine``."""
        with self._lock:
            self._unwanted |= self._open
            self._stir()

    def close(self) -> None:
        """See ``Engine``."""
        with self._news:
            if not self._closed:
                self._closed = True
                self._stir()
                self._news.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    # -- the thread ----------------------------------------------------------------------

    def _supervise(self) -> None:
        try:
            while not self._closed:
                self._drop_unwanted()
                self._hand_out()
                deadlines = [w.deadline for w in self._members if w.deadline is not None]
                left = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
                wait([self._wakes, *(end for worker in self._members for end in worker.waits)], left)
                with self._lock:
                    self._stirred = False
                    while self._wakes.poll():
                        self._wakes.recv_bytes()
                for worker in list(self._members):
                    self._look(worker)
        finally:
            for worker in self._members:
                worker.end()
            self._finalize.cancel()
            with self._lock:  # closed, or this thread has failed: nobody shall wait for what does not come
                self._broken = "the engine has ended"
                for ticket in self._open.difference(ticket for ticket, _ in self._ended):
                    self._end(ticket, Died(self._broken))

    def _look(self, worker: Worker) -> None:
        was_ready = worker.ready
        answer = worker.look()
        job = self._members[worker]
        if answer is not None and job is not None:
            self._members[worker] = None
            self._end(job.ticket, answer)
        elif job is not None and worker.share:
            with self._lock:
                self._shares[job.ticket] = worker.share
        if worker.lost:
            del self._members[worker]
            self._note_start(worker.ready, "the process ended while it started")
        elif worker.ready and not was_ready:
            self._note_start(True)

    def _note_start(self, good: bool, problem: str = "") -> None:
        self._bad_starts = 0 if good else self._bad_starts + 1
        if self._bad_starts >= MOST_BAD_STARTS:
            with self._lock:
                self._broken = problem
                for job in self._waiting:
                    self._end(job.ticket, Died(f"no worker process: {problem}"))
                self._waiting.clear()

    def _drop_unwanted(self) -> None:
        with self._lock:
            unwanted, self._unwanted = self._unwanted, set()
            for job in [j for j in self._waiting if j.ticket in unwanted]:
                self._waiting.remove(job)
                self._end(job.ticket, Cancelled())
        for worker, running in list(self._members.items()):
            if running is not None and running.ticket in unwanted:
                self._look(worker)  # it may have finished just now
                if self._members.get(worker) is running:
                    worker.end()
                    del self._members[worker]
                    self._end(running.ticket, Cancelled())

    def _hand_out(self) -> None:
        """Start as many workers as there is work for, and give each that is free the next task that fits."""
        with self._lock:
            wanted = min(self.slots, len(self._waiting) + sum(job is not None for job in self._members.values()))
        while len(self._members) < wanted and self._bad_starts < MOST_BAD_STARTS:
            try:
                self._members[Worker()] = None
            except (OSError, RuntimeError) as error:  # no memory or process to have; a script without a main guard
                self._note_start(False, " ".join(str(error).split())[:200])
        for worker, running in self._members.items():
            if worker.ready and running is None:
                job = self._next()
                if job is None:
                    return
                self._members[worker] = job
                worker.begin(job.payload, job.seconds)

    def _next(self) -> _Job | None:
        """The first task that fits; behind one that waits for cores or memory nobody overtakes."""
        running = [job.wants for job in self._members.values() if job is not None]
        free = Resources(
            self._has.cores - sum(r.cores for r in running),
            self._has.gpus - sum(r.gpus for r in running),
            self._has.memory - sum(r.memory for r in running),
        )
        with self._lock:
            for job in self._waiting:
                if job.wants.cores > free.cores or job.wants.memory > free.memory:
                    return None
                if job.wants.gpus <= free.gpus:
                    self._waiting.remove(job)
                    return job
        return None

    def _end(self, ticket: int, outcome: bytes | Outcome) -> None:
        with self._news:
            self._shares.pop(ticket, None)
            self._ended.append((ticket, outcome))
            self._news.notify_all()

    def _clipped(self, wants: Resources) -> Resources:
        return Resources(
            min(max(wants.cores, 1), self._has.cores),
            min(wants.gpus, self._has.gpus),
            min(wants.memory, self._has.memory),
        )

    def _stir(self) -> None:
        """Wake the thread; the lock is held."""
        if not self._stirred and self._thread.is_alive():
            self._stirred = True
            self._wake.send_bytes(b"!")
