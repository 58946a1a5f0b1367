"""Worker processes for the costly stages: they die with their parent and on demand.

A pool of the standard library is broken as a whole when one worker dies. The
runner then stops what is left of it and tries the candidates that were in flight again,
one at a time, so that only the candidate that kills its worker is lost.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

from crystal_studio.funnel.protocol import Batch, Stage, Verdicts

_context: Any = None


class LocalWorkers:
    """A process pool behind ``concurrent.futures.Executor``, one thread a worker.

    ``make_context`` is called once in each worker and must be picklable; what it
    returns is handed to every stage as its context. ``stop`` ends the workers at
    once, whatever they do.
    """

    def __init__(self, count: int, make_context: Callable[[], Any]) -> None:
        self.count = count
        self._make_context = make_context
        self._executor: Executor | None = None
        self._lifeline: Connection | None = None

    def submit(self, stage: Stage, batch: Batch) -> Future[tuple[Verdicts, float]]:
        """Judge a batch in a worker; the pool starts with the first call."""
        if self._executor is None:
            self._start()
        assert self._executor is not None
        return self._executor.submit(judge, stage, batch)

    def stop(self) -> None:
        """End all workers without waiting for what they do; the next ``submit`` starts new ones."""
        if self._lifeline is not None:
            self._lifeline.close()
            self._lifeline = None
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    def _start(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        # Only this process holds the writing end: its closing, or its death, is what ends the workers.
        watched, self._lifeline = spawn.Pipe(duplex=False)
        self._executor = ProcessPoolExecutor(
            self.count, mp_context=spawn, initializer=_initialise, initargs=(watched, self._make_context)
        )


def judge(stage: Stage, batch: Batch) -> tuple[Verdicts, float]:
    """Runs in the worker; the verdicts and the seconds they took."""
    context = _context()
    started = time.monotonic()
    return stage(batch, context), time.monotonic() - started


def _initialise(watched: Connection, make_context: Callable[[], Any]) -> None:
    import signal
    import threading
    from functools import cache

    os.environ["OMP_NUM_THREADS"] = "1"  # before numpy and torch load
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    if hasattr(os, "nice"):
        os.nice(5)  # the window stays fluid
    threading.Thread(target=_exit_with, args=(watched,), daemon=True).start()
    global _context
    _context = cache(make_context)


def _exit_with(watched: Connection) -> None:
    try:
        watched.recv()
    except (EOFError, OSError):
        os._exit(1)
