"""Work off the GUI thread: a pure function, a state object, and results delivered to the GUI thread.

A task given under the same key as one before it replaces that one: the older is
told to stop and its result never arrives. What may take long says so and has
threads of its own, so that a question with a quick answer never waits behind it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal, Slot
from shiboken6 import isValid

PATIENCE = 0.25
"""Seconds that closing waits for what is under way."""

_left: list[QThreadPool] = []  # pools whose threads did not end in time: kept, since Qt would wait for them


def left_running() -> bool:
    """Whether a closed ``Background`` has left a thread behind that is still at work."""
    return any(isValid(pool) and pool.activeThreadCount() for pool in _left)


class TaskState:
    """What a running function may ask and tell: ``cancelled`` and ``progress(value)``."""

    def __init__(self, tell: Callable[[Any], None]) -> None:
        self._event = threading.Event()
        self._tell = tell

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def is_set(self) -> bool:
        """So that the state serves as a cancel token."""
        return self._event.is_set()

    def cancel(self) -> None:
        self._event.set()

    def progress(self, value: Any) -> None:
        """Send a partial result to the GUI thread."""
        if not self.cancelled:
            self._tell(value)


@dataclass
class _Callbacks:
    key: str
    state: TaskState
    done: Callable[[Any], None] | None
    failed: Callable[[BaseException], None] | None
    progress: Callable[[Any], None] | None = field(default=None)


@dataclass
class _Job:
    """A function and what came of it. It alone crosses the threads, so that the thread that works holds nothing of the
    window when it ends, which would be destroyed there."""

    function: Callable[[TaskState], Any] | None
    result: Any = None
    error: BaseException | None = None

    def do(self, state: TaskState) -> None:
        assert self.function is not None
        try:
            if not state.cancelled:
                self.result = self.function(state)
        except BaseException as error:
            self.error = error

    def empty(self) -> tuple[Any, BaseException | None]:
        """Let go of everything, in the thread of the window; result and error."""
        came = self.result, self.error
        self.function = self.result = self.error = None
        return came


class _Runnable(QRunnable):
    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__()
        self._work = work

    def run(self) -> None:
        self._work()


class Background(QObject):
    """Runs functions in small pools of threads of its own; ``close`` cancels them and leaves what does not end."""

    _news = Signal()
    failed = Signal(object)  # an exception that nobody else takes

    def __init__(self, parent: QObject | None = None, threads: int = 4) -> None:
        """``threads`` answer quick questions; long work has as many again, at most two."""
        super().__init__(parent)
        self._quick, self._long = QThreadPool(), QThreadPool()
        self._quick.setMaxThreadCount(threads)
        self._long.setMaxThreadCount(min(threads, 2))
        self._running: dict[int, _Callbacks] = {}
        self._last = 0
        self._closed = False
        self._held: list[Callable[[], object]] | None = None
        # Results cross threads in a queue of Python's own, see ``run/supervisor.py``.
        self._inbox: queue.SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]]] = queue.SimpleQueue()
        self._news.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def hold(self) -> None:
        """Let what is given from now on wait for ``begin``."""
        self._held = []

    def begin(self) -> None:
        """Start what was held back."""
        waiting, self._held = self._held or [], None
        for start in waiting:
            start()

    def run(
        self,
        function: Callable[[TaskState], Any],
        done: Callable[[Any], None] | None = None,
        failed: Callable[[BaseException], None] | None = None,
        progress: Callable[[Any], None] | None = None,
        key: str = "",
        long: bool = False,
    ) -> TaskState:
        """Call ``function(state)`` in a thread, then one of the callbacks in this thread.

        ``long`` is for what may take more than a moment: files, processes, whole tables.
        """
        self._last += 1
        number = self._last
        state = TaskState(lambda value: self._tell(self._deliver_progress, number, value))
        if self._closed:
            state.cancel()
            return state
        if key:
            self.cancel(key)
        self._running[number] = _Callbacks(key, state, done, failed, progress)

        job = _Job(function)

        def work() -> None:
            job.do(state)
            self._tell(self._deliver, number, job)

        start = partial((self._long if long else self._quick).start, _Runnable(work))
        if self._held is None:
            start()
        else:
            self._held.append(start)
        return state

    def _tell(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a method in the thread of this object."""
        self._inbox.put((function, arguments))
        if not self._closed:
            with suppress(RuntimeError):  # the window may have gone
                self._news.emit()

    @Slot()
    def _take(self) -> None:
        """One call for each piece of news."""
        function, arguments = self._inbox.get_nowait()
        function(*arguments)

    def cancel(self, key: str) -> None:
        """Stop the tasks of a key; their results are dropped."""
        for number, task in list(self._running.items()):
            if task.key == key:
                task.state.cancel()
                del self._running[number]

    def busy(self, key: str = "") -> bool:
        """Whether a task (of this key) is under way."""
        return any(not key or task.key == key for task in self._running.values())

    def close(self) -> None:
        """Cancel everything; once is enough. A thread that does not end within ``PATIENCE`` is left to itself."""
        if self._closed:
            return
        self._closed = True
        for task in self._running.values():
            task.state.cancel()
        self._running.clear()
        self._held = None
        end = time.monotonic() + PATIENCE
        for pool in (self._quick, self._long):
            # At the end of the program Qt may have deleted it before.
            if isValid(pool) and not pool.waitForDone(max(0, round(1000 * (end - time.monotonic())))):
                _left.append(pool)

    def _deliver(self, number: int, job: _Job) -> None:
        result, error = job.empty()
        task = self._running.pop(number, None)
        if task is None or self._closed:
            return
        if error is None:
            if task.done:
                task.done(result)
        elif task.failed:
            task.failed(error)
        else:
            self.failed.emit(error)

    def _deliver_progress(self, number: int, value: Any) -> None:
        task = self._running.get(number)
        if task is not None and task.progress and not self._closed:
            task.progress(value)
