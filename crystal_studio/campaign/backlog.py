"""What is still to be done in one run: which candidates wait for which stage."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count

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
    """Quick stages get batches in the order of ids; costly ones give candidates to tasks as there is room, the most
    promising first, of those of equal promise the one that came first."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._costly_stages = [stage.costly for stage in stages]
        self._quick: deque[Work] = deque()
        self._costly: list[list[tuple[float, int, int]]] = [[] for _ in stages]  # heaps of (-promise, came, id)
        self._came = count()
        self._promise: dict[int, float] = {}
        self._again: deque[Work] = deque()

    def __bool__(self) -> bool:
        return bool(self._quick or self._again or any(self._costly))

    def add(self, index: int, ids: NDArray[np.int64], first: bool = False) -> None:
        """Candidates that wait for a stage; ``first``: before all other quick work."""
        if self._costly_stages[index]:
            for i in ids.tolist():
                heapq.heappush(self._costly[index], (-self._promise.get(i, 0.0), next(self._came), i))
            return
        batches = [Work(index, ids[i : i + BATCH]) for i in range(0, len(ids), BATCH)]
        if first:
            self._quick.extendleft(reversed(batches))
        else:
            self._quick.extend(batches)

    def promising(self, ids: NDArray[np.int64], promise: NDArray[np.float64]) -> None:
        """How promising candidates are that are added from now on; NaN counts as 0, as does what is not told."""
        self._promise |= {i: float(p) for i, p in zip(ids.tolist(), promise, strict=True) if p == p}

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
                taken = [heapq.heappop(line)[2] for _ in range(min(size(index, len(line)), len(line)))]
                return Work(index, np.array(taken, np.int64))
        return None

    def smallest(self, upto: int) -> float:
        """The smallest id that waits for one of the stages up to that index; infinity where none does."""
        waiting = [work.ids.min() for work in (*self._quick, *self._again) if work.index <= upto]
        waiting += [min(i for _, _, i in line) for line in self._costly[: upto + 1] if line]
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
