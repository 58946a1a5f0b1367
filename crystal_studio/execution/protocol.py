"""What an engine is: tasks in, one outcome for each, whatever becomes of the process that ran it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Resources:
    """What a task takes while it runs: processor cores, GPUs, memory in bytes (0: unknown).

    A task that asks for more than the engine has runs alone.
    """

    cores: int = 1
    gpus: int = 0
    memory: int = 0


@dataclass(frozen=True)
class Task:
    """``function(*arguments)`` in another process: all of it picklable, the function importable there.

    seconds : how long it may run, None for no limit. The clock starts when the function does; what
        ``worker_state.once`` makes for a worker is not on it.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    seconds: float | None = None
    resources: Resources = Resources()


@dataclass(frozen=True)
class Done:
    """The function returned ``value`` after ``seconds``."""

    value: Any
    seconds: float


@dataclass(frozen=True)
class Failed:
    """The function raised.

    error : one line, "TypeName: message"; of a ``KnownError`` its sentence alone.
    traceback : for the log.
    known : it was a ``KnownError``: the sentence says what to do.
    out_of_memory : the main memory or a GPU's was too small; the same task may pass with more of it.
    """

    error: str
    traceback: str
    known: bool = False
    out_of_memory: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Died:
    """Its process ended before the function did; ``exit`` says how, like "killed by signal 9" or "exit code 1"."""

    exit: str


@dataclass(frozen=True)
class TimedOut:
    """It ran longer than the ``seconds`` it was given and was ended."""

    seconds: float


@dataclass(frozen=True)
class Cancelled:
    """It was cancelled before it was done."""


Outcome = Done | Failed | Died | TimedOut | Cancelled


class EngineFull(RuntimeError):
    """A task was submitted while ``room`` was 0: collect with ``completed`` first."""


class Engine(Protocol):
    """Runs tasks elsewhere. Every ticket gets exactly one outcome.

    A task that fails, dies, runs out of time or is cancelled costs no other task anything.
    One thread uses an engine; only ``close`` may be called from any.
    """

    name: str

    @property
    def slots(self) -> int:
        """How many tasks run at the same time."""
        ...

    @property
    def room(self) -> int:
        """How many more tasks ``submit`` takes now: a bounded number is on its way or not yet collected."""
        ...

    @property
    def shares(self) -> dict[int, float]:
        """By ticket, what running tasks have said is done of them (``worker_state.tell``), above 0 and up to 1."""
        ...

    def submit(self, task: Task) -> int:
        """Take a task and return its ticket at once.

        Raises ``EngineFull`` without room, ``KnownError`` where the engine is lost and a
        ``pickle`` error for what cannot travel.
        """
        ...

    def completed(self, wait: float = 0.0) -> list[tuple[int, Outcome]]:
        """(ticket, outcome) of what has ended since the last call; waits up to ``wait`` seconds for the first."""
        ...

    def cancel(self, ticket: int) -> None:
        """End a task, running or not; its outcome is ``Cancelled``, unless it has one already."""
        ...

    def cancel_all(self) -> None:
        """End all tasks that have no outcome yet."""
        ...

    def close(self) -> None:
        """End everything at once; outcomes that were not collected are gone. A second call does nothing."""
        ...
