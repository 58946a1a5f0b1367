"""One long-lived child process that tells its parent what happens and takes words from it."""

from __future__ import annotations

import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from typing import Any

from crystal_studio.execution.settling import end, end_other, how_it_ended, settle
from crystal_studio.execution.threads import one_thread


class Parent:
    """The child's side: ``tell`` events, ``listen`` for words."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._lost: Callable[[], None] = end

    def tell(self, event: Any) -> None:
        """Send an event, from any thread; nothing happens where the parent is gone."""
        with self._lock, suppress(OSError):
            self._pipe.send(event)

    def listen(self, obey: Callable[[Any], None], lost: Callable[[], None] = end) -> None:
        """Call ``obey(word)`` for each word, and ``lost()`` when the parent has died or let go, in another thread."""
        self._lost = lost
        threading.Thread(target=self._listen, args=(obey,), name="parent's words", daemon=True).start()

    def lost(self) -> None:
        """The parent is gone; as ``listen`` was told, else the end of this process."""
        self._lost()

    def _listen(self, obey: Callable[[Any], None]) -> None:
        while True:
            try:
                word = self._pipe.recv()
            except (EOFError, OSError):
                self._lost()
                return
            obey(word)


class Child:
    """Runs ``function(parent, *arguments)`` in a process; every method returns at once but ``join`` and ``drop``.

    All of it must be picklable. The child ends when this object, or this program, is gone.
    """

    def __init__(self, function: Callable[..., None], arguments: tuple[Any, ...] = (), name: str = "child") -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pipe, self._theirs = spawn.Pipe()
        self._process = spawn.Process(target=_run, args=(self._theirs, function, arguments), name=name)
        self._ended: str | None = None
        # Letting go of the pipe ends the child, so neither a forgotten object nor the end of the program waits for it.
        Finalize(self, self._pipe.close, exitpriority=10)

    @property
    def pid(self) -> int:
        """Of the process; 0 before ``start``."""
        return self._process.pid or 0

    @property
    def ended(self) -> str | None:
        """How it ended, like "exit code 0", once all that it told was polled; None before."""
        return self._ended

    def start(self) -> None:
        """Start the process."""
        one_thread()  # the child reads the environment before any code of ours runs there
        self._process.start()
        self._theirs.close()  # so that the child's death is seen as the end of the pipe

    def poll(self) -> list[Any]:
        """The events that came since the last call."""
        events: list[Any] = []
        try:
            while self._ended is None and self._pipe.poll():
                events.append(self._pipe.recv())
        except (EOFError, OSError):
            self._ended = how_it_ended(self._process, patience=3.0)
        return events

    def send(self, word: Any) -> None:
        """Give it a word; nothing happens where it has ended."""
        with suppress(OSError):
            self._pipe.send(word)

    def let_go(self) -> None:
        """Stop watching it; told so, it ends by itself. Not to be polled after this."""
        self._pipe.close()

    def drop(self) -> None:
        """End it at once."""
        end_other(self._process)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the process to end; true if it has."""
        self._process.join(timeout)
        return self._process.exitcode is not None


def _run(pipe: Connection, function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    parent = Parent(pipe)
    settle(orphaned=parent.lost)
    code = 0
    try:
        function(parent, *arguments)
    except BaseException:
        traceback.print_exc()
        code = 1
    pipe.close()
    os._exit(code)  # a thread in the middle of a step must not keep the process
