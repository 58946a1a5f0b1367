"""A worker process that runs one task at a time, and its supervisor's side of the pipe."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from crystal_studio.execution import worker_state
from crystal_studio.execution.calling import call
from crystal_studio.execution.protocol import Cancelled, Died, Outcome, TimedOut
from crystal_studio.execution.settling import NICE, end, end_other, how_it_ended, settle
from crystal_studio.execution.threads import one_thread

MAKING_SECONDS = 300.0
"""How long a task with a deadline may make things with ``worker_state.once`` besides."""

_TICK = 0.1

_READY, _STARTED, _MAKING, _MADE = b"ready", b"started", b"making", b"made"
_SHARE = b"share "


class Worker:
    """One process. ``look`` is called when ``waits`` wake or ``deadline`` passes, and says what has come of its task.

    A worker whose task died or ran out of time is ``lost``: make another.
    """

    def __init__(self) -> None:
        one_thread()  # the child reads the environment before any code of ours runs there
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        # Not daemonic, so that a task may start processes; this one ends with its parent by itself.
        self._process = context.Process(target=_serve, args=(theirs,), name="worker", daemon=False)
        self._process.start()
        theirs.close()
        self.ready = False
        self.lost = False
        self.busy = False
        self.share = 0.0
        self._limit: float | None = None
        self._left: float | None = None
        self.deadline: float | None = None

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid or 0

    @property
    def waits(self) -> tuple[Any, Any]:
        """What to wait on: the pipe, and the end of the process (which a grandchild may keep from closing the pipe)."""
        return self._pipe, self._process.sentinel

    def begin(self, payload: bytes, seconds: float | None) -> None:
        """Give a task to a worker that is ready and not busy."""
        self.busy, self._limit, self._left, self.deadline = True, seconds, seconds, None
        self.share = 0.0
        with suppress(OSError):  # where it has died, look says so
            self._pipe.send_bytes(payload)

    def look(self) -> bytes | Outcome | None:
        """The pickled outcome of its task, the outcome where there is no more a process, None where there is nothing.

        Changes ``ready``, ``busy``, ``lost`` and ``share``, what the task says is done of it.
        """
        while True:
            ended = not self._process.is_alive()
            try:
                if not self._pipe.poll():
                    if ended:
                        return self._death()
                    break
                message = self._pipe.recv_bytes()
            except (EOFError, OSError):
                return self._death()
            if message == _READY:
                self.ready = True
            elif message in (_STARTED, _MADE):
                self.deadline = None if self._left is None else time.monotonic() + self._left
            elif message == _MAKING:
                if self.deadline is not None:
                    self._left = self.deadline - time.monotonic()
                    self.deadline = time.monotonic() + MAKING_SECONDS
            elif message.startswith(_SHARE):
                self.share = float(message[len(_SHARE) :])
            else:
                self.busy, self.deadline = False, None
                return message
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self.end()
            return TimedOut(self._limit or 0.0)
        return None

    def run(
        self,
        payload: bytes,
        seconds: float | None,
        stop: Callable[[], bool] = lambda: False,
        told: Callable[[float], None] = lambda share: None,
    ) -> bytes | Outcome:
        """One task from its beginning to its outcome; for a supervisor that waits for this worker alone.

        ``stop()`` is asked every now and then: where it says so, worker and task are ended. ``told(share)`` is called
        when the task has said how far it is.
        """
        begun, share = False, 0.0
        while not stop():
            if self.ready and not begun:
                self.begin(payload, seconds)
                begun = True
            left = _TICK if self.deadline is None else min(_TICK, max(0.0, self.deadline - time.monotonic()))
            wait(self.waits, left)
            answer = self.look()
            if answer is not None:
                return answer
            if self.lost:
                return Died("the process ended while it started")
            if self.share != share:
                share = self.share
                told(share)
        self.end()
        return Cancelled()

    def end(self) -> None:
        """Kill the process and all that it has started; a second call does nothing."""
        self.lost, self.busy, self.deadline = True, False, None
        end_other(self._process)
        self._pipe.close()

    def _death(self) -> Outcome | None:
        busy, how = self.busy, how_it_ended(self._process)
        self.end()
        return Died(how) if busy else None


def _serve(pipe: Connection) -> None:
    """The process: tasks in, outcomes out, until the pipe closes."""
    settle(nice=NICE, group=True)
    worker_state.listen(lambda share: pipe.send_bytes(_SHARE + b"%.6f" % share))
    worker_state.watch(lambda begins: pipe.send_bytes(_MAKING if begins else _MADE))
    try:
        pipe.send_bytes(_READY)
        while True:
            answer = call(pipe.recv_bytes(), lambda: pipe.send_bytes(_STARTED))
            pipe.send_bytes(answer)
    except (EOFError, OSError):
        end(0)
