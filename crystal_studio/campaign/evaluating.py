"""An evaluation in a process of its own, for a window that must never wait."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crystal_studio.execution.child import Child, Parent
from crystal_studio.execution.settling import end

if TYPE_CHECKING:
    from crystal_studio.evaluation.plan import EvaluationPlan

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

    def __init__(self, plan: EvaluationPlan, function: Any = None) -> None:
        """``function(plan, progress)`` replaces the evaluation (tests)."""
        self._child = Child(_run, (plan, function), name="evaluation")
        self.finished: Evaluated | None = None
        self._ended_by_us = False

    def start(self) -> None:
        """Start the child."""
        self._child.start()

    def poll(self) -> list[Step | Evaluated]:
        """What came since the last call, of the steps only the latest; the last one ever is ``Evaluated``."""
        found: list[Step | Evaluated] = []
        for word in [] if self.finished else self._child.poll():
            if isinstance(word, Evaluated):
                self.finished = word
            if found and isinstance(found[-1], Step):
                found.pop()
            found.append(word)
        if self.finished is None and self._child.ended is not None:
            text = f"The evaluation ended unexpectedly ({self._child.ended}): run it again."
            self.finished = Evaluated(None, "" if self._ended_by_us else text)
            found.append(self.finished)
        return found

    def cancel(self) -> None:
        """End it soon; the parts that are done are handed over."""
        self._ended_by_us = True
        self._child.send("cancel")

    def drop(self) -> None:
        """End it at once; nothing is handed over."""
        self._ended_by_us = True
        self._child.drop()

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the child to end; true if it has."""
        return self._child.join(timeout)


def _run(parent: Parent, plan: EvaluationPlan, function: Any) -> None:
    """The child: steps, and ``Evaluated`` as the last word."""
    from crystal_studio.errors import KnownError

    last_time, last_title = 0.0, ""

    def progress(title: str, done: int, total: int, seconds: float) -> None:
        nonlocal last_time, last_title
        now = time.monotonic()
        if title != last_title or done == total or now - last_time > INTERVAL:
            last_time, last_title = now, title
            parent.tell(Step(title, done, total, seconds))

    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # how the evaluation is asked for what it has
        parent.listen(lambda _: _interrupt())
        if function is None:
            from crystal_studio.evaluation.report import evaluate as function
        found = Evaluated(function(plan, progress))
    except KeyboardInterrupt:
        found = Evaluated(None)
    except KnownError as error:
        found = Evaluated(None, str(error))
    except Exception as error:  # a bug: the window shows it whole, for this process has no terminal
        import traceback

        found = Evaluated(None, f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
    parent.tell(found)


def _interrupt() -> None:
    threading.Timer(GRACE, end).start()
    if os.name == "posix":
        os.kill(os.getpid(), signal.SIGINT)  # wakes the main thread from waiting, too
    else:
        signal.raise_signal(signal.SIGINT)
