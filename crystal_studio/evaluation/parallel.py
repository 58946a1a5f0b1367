"""Work on many items in worker processes: a failing, hanging or fatal item costs that item alone."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.execution.engines import open_engine
from crystal_studio.execution.machine import cores
from crystal_studio.execution.mapping import each
from crystal_studio.execution.protocol import Died, Done, Engine, Failed, Outcome, TimedOut

SPARE_SECONDS = 60.0
"""What a block of items gets beyond the time limits of its items before its worker is ended."""

Progress = Callable[[str, int, int, float], None]
"""Called with a title, items done, items in all, and seconds since the start."""


@dataclass(frozen=True)
class Failure:
    """In place of a result: why an item has none."""

    reason: str


def parts_of(batch: Any, size: int) -> list[Any]:
    """A batch with ``take`` cut into batches of at most ``size``."""
    return [batch.take(np.arange(k, min(k + size, len(batch)))) for k in range(0, len(batch), size)]


def rows_of(
    function: Callable[[Any], NDArray[np.float64]],
    batch: Any,
    width: int,
    workers: Workers,
    title: str,
    block: int = 100,
) -> NDArray[np.float64]:
    """(B, width): ``function`` of blocks of a batch, one row a crystal; rows of NaN where a block has no answer."""
    blocks = parts_of(batch, block)
    answers = workers.map(function, blocks, title)
    found = [
        np.full((len(part), width), np.nan) if isinstance(answer, Failure) else answer
        for part, answer in zip(blocks, answers, strict=True)
    ]
    return np.concatenate(found) if found else np.zeros((0, width))


class Workers:
    """Worker processes that start when first needed; use it in a ``with`` block. ``count`` 0 means one a core."""

    def __init__(self, count: int = 0, progress: Progress | None = None) -> None:
        self.count = count or cores()
        self._progress = progress
        self._engine: Engine | None = None

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def map(
        self, function: Callable[[Any], Any], items: Sequence[Any], title: str, seconds: float = 0.0, block: int = 1
    ) -> list[Any]:
        """``function`` of every item, in order, with a ``Failure`` where it raised or took longer than ``seconds``.

        ``block`` items travel to a worker at a time. A block that its worker does not survive is done again item
        by item.
        """
        started = time.monotonic()
        answers: dict[int, Any] = {}
        limit = block * seconds + SPARE_SECONDS if seconds else None
        try:
            self._engine = self._engine or open_engine("local", self.count)
            one_by_one = partial(_work, function, seconds=seconds)
            for i, outcome in each(self._engine, one_by_one, items, block=block, seconds=limit):
                answers[i] = _answer(outcome, seconds)
                full = len(answers) % block == 0 or len(answers) == len(items)
                if self._progress and full:
                    self._progress(title, len(answers), len(items), time.monotonic() - started)
        except BaseException:
            self._stop()
            raise
        return [answers[i] for i in range(len(items))]

    def _stop(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None


def _answer(outcome: Outcome, seconds: float) -> Any:
    match outcome:
        case Done(value):
            return value
        case TimedOut():
            return Failure(f"It took longer than {seconds:g} s.")
        case Failed(error=error):
            return Failure(error)
        case Died(how):
            return Failure(f"It brought its worker process down twice ({how}).")
    raise RuntimeError("nobody cancels here")


def _work(function: Callable, items: list, seconds: float) -> list:
    """Runs in the worker; the time limit of an item is an alarm, which spares the worker where it works."""
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
