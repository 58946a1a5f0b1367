"""One task's function called in this process, with whatever it raises turned into an outcome."""

from __future__ import annotations

import pickle
import time
import traceback
from collections.abc import Callable

from crystal_studio.errors import KnownError
from crystal_studio.execution import worker_state
from crystal_studio.execution.protocol import Done, Failed, Task
from crystal_studio.execution.threads import one_thread

_LONGEST = 400
"""Characters of an error's one line."""


def packed(task: Task) -> bytes:
    """Function and arguments as bytes; raises a ``pickle`` error for what cannot travel."""
    return pickle.dumps((task.function, task.arguments), pickle.HIGHEST_PROTOCOL)


def call(payload: bytes, started: Callable[[], None] | None = None) -> bytes:
    """Run what ``packed`` made and return the pickled ``Done`` or ``Failed``.

    ``started()`` is called when everything is loaded that the function needs to begin.
    """
    clock = _Clock()
    try:
        function, arguments = pickle.loads(payload)
        one_thread()  # loading it may have loaded torch
        if started:
            started()
        clock = _Clock()
        outcome: Done | Failed = Done(function(*arguments), clock.seconds)
        return pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)
    except BaseException as error:  # a library that exits the program fails its task alone
        return pickle.dumps(failure(error, clock.seconds), pickle.HIGHEST_PROTOCOL)


def unpacked(answer: bytes) -> Done | Failed:
    """The outcome that ``call`` gave; one that cannot be loaded here is a failure."""
    try:
        return pickle.loads(answer)
    except Exception as error:
        return failure(error)


def failure(error: BaseException, seconds: float = 0.0) -> Failed:
    """What is said of an exception."""
    known = isinstance(error, KnownError)
    line = " ".join(str(error).split())[:_LONGEST]
    name = type(error).__name__
    text = line if known else f"{name}: {line}" if line else name
    return Failed(text, "".join(traceback.format_exception(error)), known, is_out_of_memory(error), seconds)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it says that the main memory or a GPU's was too small."""
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "out of memory" in text
        or "can't allocate memory" in text
    )


class _Clock:
    """Seconds since its making, without those of ``worker_state.once``."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._made = worker_state.seconds()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start - (worker_state.seconds() - self._made)
