"""An evaluation in a process of its own, for a window that must never wait."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crystal_studio.evaluation.plan import Plan

GRACE = 8.0
"""Seconds that a child is given to hand over what it has found before it is ended."""
INTERVAL = 1 / 20


@dataclass(frozen=True)
class Step:
    """How far a part has come: ``seconds`` since its start."""

    title: str
    done: int
    total: int
    seconds: float


@dataclass(frozen=True)
class Evaluated:
    """The last word: the report (see ``evaluation.report``), or why there is none; cancelled ones are unfinished."""

    document: dict[str, Any] | None
    problem: str = ""


class EvaluationProcess:
    """Starts, watches and ends one evaluation; every method returns at once but ``join``.

    The child ends by itself when its parent dies.
    """

    def __init__(self, plan: Plan, function: Any = None) -> None:
        """``function(plan, progress)`` replaces the evaluation (tests)."""
        spawn = multiprocessing.get_context("spawn")
        self._connection, self._childs_end = spawn.Pipe()
        self._process = spawn.Process(target=_child, args=(self._childs_end, plan, function), name="evaluation")
        self.finished: Evaluated | None = None
        self._ended_by_us = False
        Finalize(self, self._connection.close, exitpriority=10)

    def start(self) -> None:
        """Start the child."""
        self._process.start()
        self._childs_end.close()

    def poll(self) -> list[Step | Evaluated]:
        """What came since the last call, of the steps only the latest; the last one ever is ``Evaluated``."""
        found: list[Step | Evaluated] = []
        try:
            while self.finished is None and self._connection.poll():
                word = self._connection.recv()
                if isinstance(word, Evaluated):
                    self.finished = word
                if found and isinstance(found[-1], Step):
                    found.pop()
                found.append(word)
        except (EOFError, OSError):
            if self.finished is None:
                self._process.join(1.0)
                text = f"The evaluation ended unexpectedly (exit code {self._process.exitcode}): run it again."
                self.finished = Evaluated(None, "" if self._ended_by_us else text)
                found.append(self.finished)
        return found

    def cancel(self) -> None:
        """End it soon; the parts that are done are handed over."""
        self._ended_by_us = True
        with suppress(OSError):
            self._connection.send("cancel")

    def drop(self) -> None:
        """End it at once; nothing is handed over."""
        self._ended_by_us = True
        if self._process.pid is not None:
            self._process.kill()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the child to end; true if it has."""
        self._process.join(timeout)
        return self._process.exitcode is not None


def _child(connection: Connection, plan: Plan, function: Any) -> None:
    from crystal_studio.errors import KnownError

    threading.Thread(target=_obey, args=(connection,), daemon=True).start()
    last_time, last_title = 0.0, ""

    def progress(title: str, done: int, total: int, seconds: float) -> None:
        nonlocal last_time, last_title
        now = time.monotonic()
        if title != last_title or done == total or now - last_time > INTERVAL:
            last_time, last_title = now, title
            with suppress(OSError):
                connection.send(Step(title, done, total, seconds))

    try:
        if function is None:
            from crystal_studio.evaluation.report import evaluate as function
        found = Evaluated(function(plan, progress))
    except KeyboardInterrupt:
        found = Evaluated(None)
    except KnownError as error:
        found = Evaluated(None, str(error))
    except Exception as error:
        import traceback

        found = Evaluated(None, f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
    with suppress(OSError):
        connection.send(found)
    connection.close()
    os._exit(0)  # workers in the middle of a crystal must not keep the process


def _obey(connection: Connection) -> None:
    try:
        connection.recv()
    except (EOFError, OSError):  # the parent has died or let go
        os._exit(1)
    threading.Timer(GRACE, os._exit, (1,)).start()
    if hasattr(os, "kill") and os.name == "posix":
        os.kill(os.getpid(), signal.SIGINT)  # wakes the main thread from waiting, too
    else:
        signal.raise_signal(signal.SIGINT)
