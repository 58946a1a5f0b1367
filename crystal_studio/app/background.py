"""Long deeds off the GUI thread: a pure function, a state object, and results delivered to the GUI thread.

A task given under the same key as one before it replaces that one: the older is
told to stop and its result never arrives.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal, Slot
from shiboken6 import isValid


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


class _Runnable(QRunnable):
    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__()
        self._work = work

    def run(self) -> None:
        self._work()


class Background(QObject):
    """Runs functions in a small pool of threads of its own; ``close`` waits for them."""

    _finished = Signal(int, object, object)
    _progressed = Signal(int, object)
    failed = Signal(object)  # an exception that nobody else takes

    def __init__(self, parent: QObject | None = None, threads: int = 2) -> None:
        super().__init__(parent)
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(threads)
        self._running: dict[int, _Callbacks] = {}
        self._last = 0
        self._closed = False
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._progressed.connect(self._deliver_progress, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        function: Callable[[TaskState], Any],
        done: Callable[[Any], None] | None = None,
        failed: Callable[[BaseException], None] | None = None,
        progress: Callable[[Any], None] | None = None,
        key: str = "",
    ) -> TaskState:
        """Call ``function(state)`` in a thread, then one of the callbacks in this thread."""
        self._last += 1
        number = self._last
        state = TaskState(lambda value: self._progressed.emit(number, value))
        if self._closed:
            state.cancel()
            return state
        if key:
            self.cancel(key)
        self._running[number] = _Callbacks(key, state, done, failed, progress)

        def work() -> None:
            result: Any = None
            error: BaseException | None = None
            try:
                if not state.cancelled:
                    result = function(state)
            except BaseException as caught:
                error = caught
            if not self._closed:
                self._finished.emit(number, result, error)

        self._pool.start(_Runnable(work))
        return state

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
        """Cancel everything and wait until no thread of the pool is running; once is enough."""
        if self._closed:
            return
        self._closed = True
        for task in self._running.values():
            task.state.cancel()
        self._running.clear()
        if isValid(self._pool):  # at the end of the program Qt may have deleted it before
            self._pool.waitForDone()

    @Slot(int, object, object)
    def _deliver(self, number: int, result: Any, error: BaseException | None) -> None:
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

    @Slot(int, object)
    def _deliver_progress(self, number: int, value: Any) -> None:
        task = self._running.get(number)
        if task is not None and task.progress and not self._closed:
            task.progress(value)
