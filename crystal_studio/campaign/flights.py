"""Chunks and batches of costly stages on their way through an engine."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from crystal_studio.campaign.backlog import Work
from crystal_studio.campaign.generation import Making
from crystal_studio.campaign.tasks import Order, judge_batch, make_chunk
from crystal_studio.execution.protocol import Engine, Outcome, Resources, Task
from crystal_studio.funnel.protocol import Batch, Stage

TASK_SECONDS = 4.0
"""How long a task should take: long enough to be worth sending, short enough that progress and cancel stay lively."""

MOST = 64
"""Candidates of one task."""


def batch_size(pace: float, waiting: int, slots: int) -> int:
    """Candidates of the next task.

    pace : seconds a candidate takes, 0 while unknown: one at a time until then
    waiting : candidates that wait for the stage, to be shared among the slots down to the last
    """
    if pace <= 0:
        return 1
    share = math.ceil(waiting / (2 * slots))
    return max(1, min(int(TASK_SECONDS / pace), share, MOST))


class Flights:
    """Knows what each ticket of an engine stands for."""

    def __init__(self, engine: Engine, make_context: Callable[[], Any], resources: Resources) -> None:
        self._engine, self._make_context, self._resources = engine, make_context, resources
        self._sent: dict[int, Work | Making] = {}

    @property
    def works(self) -> list[Work]:
        """The batches that are on their way."""
        return [sent for sent in self._sent.values() if isinstance(sent, Work)]

    @property
    def shares(self) -> dict[int, float]:
        """By chunk, what is done of those on their way, as far as they have told."""
        told = self._engine.shares
        return {s.chunk: told[t] for t, s in self._sent.items() if isinstance(s, Making) and t in told}

    @property
    def room(self) -> bool:
        """Whether the engine takes one more task."""
        return self._engine.room > 0

    @property
    def slots(self) -> int:
        """Tasks that run at the same time."""
        return max(1, self._engine.slots)

    @property
    def chunk_slots(self) -> int:
        """Chunks that are made at the same time: on a GPU one after the other."""
        return 1 if self._resources.gpus else self.slots

    def make(self, order: Order, making: Making) -> None:
        """Have a chunk made elsewhere; nobody knows how long that may take."""
        task = Task(make_chunk, (order, making.chunk), None, self._resources)
        self._sent[self._engine.submit(task)] = making

    def send(self, stage: Stage, work: Work, batch: Batch) -> None:
        """Have a stage judge a batch elsewhere; each candidate adds to the deadline."""
        seconds = stage.seconds * len(work) if stage.seconds > 0 else None
        task = Task(judge_batch, (stage, batch, self._make_context), seconds, self._resources)
        self._sent[self._engine.submit(task)] = work

    def ask(self, work: Work, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float | None) -> None:
        """Have something computed elsewhere, on one core."""
        self._sent[self._engine.submit(Task(function, arguments, seconds))] = work

    def landed(self, wait: float) -> list[tuple[Work | Making, Outcome]]:
        """What came back; waits up to ``wait`` seconds for the first."""
        ended = self._engine.completed(wait)
        return [(self._sent.pop(ticket), outcome) for ticket, outcome in ended if ticket in self._sent]

    def close(self) -> None:
        """End everything that is on its way."""
        self._engine.close()
