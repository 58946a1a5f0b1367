"""Candidates at a stage that compares them with earlier ones: tasks compare, the order of ids decides."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.campaign import tasks
from crystal_studio.campaign.backlog import Work
from crystal_studio.campaign.flights import MOST
from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.verdicts import Verdicts
from crystal_studio.funnel.protocol import Memory, RememberingStage

KEYS = 128
"""Candidates of a task that makes keys: some tenths of a second."""

PAIRS = 500
"""Comparisons in a task: at most some seconds."""


class Comparisons:
    """What waits, and what is on its way, at one such stage.

    index : of the stage in its funnel
    read : candidates in the geometry in which they are compared
    """

    def __init__(
        self, index: int, stage: RememberingStage, memory: Memory, read: Callable[[NDArray[np.int64]], Candidates]
    ) -> None:
        self._index, self._stage, self._memory, self._read = index, stage, memory, read
        self._asked: dict[int, Any] = {}
        self._waiting: deque[int] = deque()
        self._again: deque[Work] = deque()
        self._arrived: set[int] = set()
        self._seconds = 0.0

    def __len__(self) -> int:
        """Candidates without a verdict."""
        return len(self._arrived)

    def arrive(self, ids: NDArray[np.int64], names: Sequence[str]) -> None:
        """Candidates of these reduced formulas."""
        self._arrived.update(ids.tolist())
        self._memory.arrive(ids, names)

    def next(self, before: float) -> Work | None:
        """What a worker should do now; ``before``: the smallest id that is still to arrive."""
        if self._again:
            return self._again.popleft()
        missing = self._memory.missing(KEYS)
        if len(missing):
            return Work(self._index, missing, step="keys")
        for question in self._memory.questions(before):
            self._asked[question.id] = question
            self._waiting.append(question.id)
        taken: list[int] = []
        pairs = 0
        while self._waiting and len(taken) < MOST:
            if taken and pairs + len(self._asked[self._waiting[0]].near) > PAIRS:
                break
            taken.append(self._waiting.popleft())
            pairs += len(self._asked[taken[-1]].near)
        return Work(self._index, np.array(taken, np.int64), step="matches") if taken else None

    def task(self, work: Work) -> tuple[Callable[..., Any], tuple[Any, ...], float | None]:
        """Function, arguments and deadline of a task."""
        seconds = self._stage.seconds * len(work) if self._stage.seconds > 0 else None
        if work.step == "keys":
            return tasks.keys, (self._stage, self._read(work.ids)), seconds
        questions = [self._asked[i] for i in work.ids.tolist()]
        ids = np.unique(np.concatenate([work.ids, *(question.near for question in questions)]))
        return tasks.matches, (self._stage, questions, ids, self._read(ids).structures), seconds

    def done(self, work: Work, answer: Any, seconds: float) -> None:
        """A task has ended well."""
        self._seconds += seconds
        if work.step == "keys":
            self._memory.learn(work.ids, answer)
            return
        for candidate, found in zip(work.ids.tolist(), answer, strict=True):
            del self._asked[candidate]
            self._memory.answer(candidate, found)

    def retry(self, works: Sequence[Work]) -> None:
        """Work that is tried again, before all other."""
        self._again.extendleft(reversed(works))

    def give_up(self, candidate: int) -> bool:
        """A candidate on which the workers fail; whether it is one that waits for a verdict, not an earlier one."""
        self._asked.pop(candidate, None)
        self._memory.give_up(candidate)
        mine = candidate in self._arrived
        self._arrived.discard(candidate)
        return mine

    def decided(self) -> tuple[NDArray[np.int64], Verdicts, float] | None:
        """Ids, verdicts and the seconds that workers took, of what has been decided since."""
        found = self._memory.decided()
        if not found:
            return None
        seconds, self._seconds = self._seconds, 0.0
        self._arrived.difference_update(candidate for candidate, _ in found)
        verdicts = self._stage.verdicts([twin for _, twin in found])
        verdicts = verdicts if self._stage.rejects else verdicts.marked()
        return np.array([i for i, _ in found], np.int64), verdicts, seconds
