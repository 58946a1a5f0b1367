"""What is still to be done in one run: which candidates wait for which stage."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.funnel.protocol import Stage

BATCH = 32
"""Candidates of a quick stage between two looks at the cancel button."""


@dataclass(frozen=True)
class Work:
    """Candidates ``ids`` (B,) for the stage of that index; ``losses`` counts how often their process was lost.

    step : "" for the stage's verdicts; "keys" or "matches" where a stage that remembers has candidates compared
    """

    index: int
    ids: NDArray[np.int64]
    losses: int = 0
    step: str = ""

    def __len__(self) -> int:
        return len(self.ids)

    def one_by_one(self, losses: int = 0) -> tuple[Work, ...]:
        """The same candidates, each alone."""
        return tuple(replace(self, ids=self.ids[i : i + 1], losses=losses) for i in range(len(self.ids)))

    def again(self) -> Work:
        """The same after one more loss."""
        return replace(self, losses=self.losses + 1)


class Backlog:
    """Quick stages get batches in the order of ids; costly ones give candidates to tasks as there is room."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._costly_stages = [stage.costly for stage in stages]
        self._quick: deque[Work] = deque()
        self._costly: list[deque[int]] = [deque() for _ in stages]
        self._again: deque[Work] = deque()

    def __bool__(self) -> bool:
        return bool(self._quick or self._again or any(self._costly))

    def add(self, index: int, ids: NDArray[np.int64], first: bool = False) -> None:
        """Candidates that wait for a stage; ``first``: before all other quick work."""
        if self._costly_stages[index]:
            self._costly[index].extend(ids.tolist())
            return
        batches = [Work(index, ids[i : i + BATCH]) for i in range(0, len(ids), BATCH)]
        if first:
            self._quick.extendleft(reversed(batches))
        else:
            self._quick.extend(batches)

    def retry(self, works: Sequence[Work]) -> None:
        """Work that is tried again, before all other of its kind."""
        for work in reversed(works):
            (self._again if self._costly_stages[work.index] else self._quick).appendleft(work)

    def next_quick(self) -> Work | None:
        """The batch at the head."""
        return self._quick.popleft() if self._quick else None

    def next_costly(self, size: Callable[[int, int], int]) -> Work | None:
        """The next task's candidates, those of the last stage first; ``size(index, waiting)`` says how many."""
        if self._again:
            return self._again.popleft()
        for index in reversed(range(len(self._costly))):
            line = self._costly[index]
            if line:
                taken = [line.popleft() for _ in range(min(size(index, len(line)), len(line)))]
                return Work(index, np.array(taken, np.int64))
        return None

    def smallest(self, upto: int) -> float:
        """The smallest id that waits for one of the stages up to that index; infinity where none does."""
        waiting = [work.ids.min() for work in (*self._quick, *self._again) if work.index <= upto]
        waiting += [min(line) for line in self._costly[: upto + 1] if line]
        return float(min(waiting, default=np.inf))

    @property
    def head(self) -> int | None:
        """The stage of the next quick batch."""
        return self._quick[0].index if self._quick else None

    def waiting(self) -> list[int]:
        """How many candidates wait for each stage."""
        counts = [len(line) for line in self._costly]
        for work in (*self._quick, *self._again):
            counts[work.index] += len(work)
        return counts
