"""Work on many items in worker processes: a failing, hanging or fatal item costs that item alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Progress = Callable[[str, int, int, float], None]
"""Called with a title, items done, items in all, and seconds since the start."""


@dataclass(frozen=True)
class Failure:
    """In place of a result: why an item has none."""

    reason: str


def parts_of(batch: Any, size: int) -> list[Any]:
    """A batch with ``take`` cut into batches of at most ``size``."""
    import numpy as np

    return [batch.take(np.arange(k, min(k + size, len(batch)))) for k in range(0, len(batch), size)]


def default_workers() -> int:
    """One worker for each processor core that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


class Workers:
    """A pool of processes that is started when first needed; use it in a ``with`` block.

    One worker means this process itself, without a pool.
    """

    def __init__(self, count: int = 0, progress: Progress | None = None) -> None:
        self.count = count or default_workers()
        self._progress = progress
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def map(
        self, function: Callable[[Any], Any], items: Sequence[Any], title: str, seconds: float = 0.0, block: int = 1
    ) -> list[Any]:
        """``function`` of every item, in order, with a ``Failure`` where it raised or took longer than ``seconds``.

        ``block`` items travel to a worker at a time.
        """
        blocks = [list(items[k : k + block]) for k in range(0, len(items), block)]
        started = time.monotonic()
        done = 0
        answers: list[list[Any]] = [[] for _ in blocks]
        work = self._alone if self.count == 1 or len(blocks) < 2 else self._together
        for k, answer in work(function, blocks, seconds):
            answers[k] = answer
            done += len(blocks[k])
            if self._progress:
                self._progress(title, done, len(items), time.monotonic() - started)
        return [one for answer in answers for one in answer]

    @staticmethod
    def _alone(function: Callable, blocks: list[list], seconds: float) -> Iterator[tuple[int, list]]:
        for k, block in enumerate(blocks):
            yield k, _work(function, block, seconds)

    def _together(self, function: Callable, blocks: list[list], seconds: float) -> Iterator[tuple[int, list]]:
        """(number of the block, its answers) as they come; a block that kills its worker is done item by item."""
        left = set(range(len(blocks)))
        try:
            try:
                pool = self._start()
                futures = {pool.submit(_work, function, blocks[k], seconds): k for k in range(len(blocks))}
                while futures:
                    for future in wait(futures, return_when=FIRST_COMPLETED)[0]:
                        k = futures[future]
                        answer = future.result()
                        del futures[future]
                        left.discard(k)
                        yield k, answer
            except BrokenProcessPool:
                self._stop()
            for k in sorted(left):
                yield k, [self._carefully(function, item, seconds) for item in blocks[k]]
        except BaseException:
            self._stop()
            raise

    def _carefully(self, function: Callable, item: Any, seconds: float) -> Any:
        try:
            return self._start().submit(_work, function, [item], seconds).result()[0]
        except BrokenProcessPool:
            self._stop()
            return Failure("It brought its worker process down.")

    def _start(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Children read it before their numpy loads, which happens before any initializer.
            os.environ.setdefault("OMP_NUM_THREADS", "1")
            self._pool = ProcessPoolExecutor(
                self.count, mp_context=multiprocessing.get_context("spawn"), initializer=settle
            )
        return self._pool

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def settle() -> None:
    """Make this process a worker: one thread, no Ctrl-C of its own, and no life beyond its parent's."""
    os.environ["OMP_NUM_THREADS"] = "1"  # before numpy and torch load
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(function: Callable, items: list, seconds: float) -> list:
    answers = []
    for item in items:
        try:
            with limited(seconds):
                answers.append(function(item))
        except TimeoutError:
            answers.append(Failure(f"It took longer than {seconds:g} s."))
        except Exception as error:  # whatever a library raises on a malformed crystal
            text = " ".join(str(error).split())[:160]
            answers.append(Failure(text or type(error).__name__))
    return answers


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raises ``TimeoutError`` after so long, where the platform has alarms and this is the main thread."""
    usable = seconds and hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not usable:
        yield
        return

    def late(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
