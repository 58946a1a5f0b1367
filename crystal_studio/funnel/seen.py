"""The candidates of a project that a new one may be the same as: keys alone, and who is compared with whom."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.composition import formulas
from crystal_studio.data.fingerprints import WIDTH
from crystal_studio.data.same_crystal import may_match

Near = Callable[[NDArray, NDArray], NDArray[np.int64]]
"""Rows of fingerprints (n, W) that may be those of the same crystal as one (W,), the nearest first."""

ORIGINAL, OPEN, GONE = 0, 1, 2
"""The first of its kind; not decided yet; a duplicate, or one that could not be judged."""


@dataclass(frozen=True)
class Question:
    """Which is the first of ``near`` (n,), earlier ids with the nearest first, that is the same crystal as ``id``?"""

    id: int
    near: NDArray[np.int64]


class SeenBefore:
    """Earlier candidates by reduced formula: the memory of a stage that finds duplicates.

    A candidate is a duplicate where an earlier one (a smaller id) that is itself none is the same crystal; of several
    the nearest is named. Only crystals of one formula whose fingerprints ``near`` calls near are ever compared.
    Candidates ``arrive``; what ``missing`` names is learnt; ``questions`` say who is to be compared, answered by
    anybody in any order; ``decided`` tells the outcome, which is the same whatever that order. Where the answer is one
    that turns out to be a duplicate itself, the question is asked again for those behind it.

    cells : those that were told of with their structures
    """

    def __init__(self, width: int = WIDTH, near: Near = may_match) -> None:
        self._width, self._near = width, near
        self.cells: dict[int, Candidates] = {}
        self._told: dict[str, list[int]] = {}
        self._buckets: dict[str, _Bucket] = {}
        self._formula: dict[int, str] = {}
        self._arrived: list[int] = []
        self._missing: dict[int, None] = {}
        self._asked: dict[int, NDArray[np.int64]] = {}
        self._match: dict[int, int] = {}
        self._again: list[int] = []
        self._decided: list[tuple[int, int | None]] = []

    def __len__(self) -> int:
        return sum(map(len, self._told.values())) + sum(bucket.kept for bucket in self._buckets.values())

    @property
    def undecided(self) -> int:
        """Candidates that have arrived and are not decided."""
        return len(self._arrived) + len(self._asked)

    def add(self, ids: NDArray[np.int64], candidates: Candidates) -> None:
        """Remember further candidates with their structures; one that is there already is kept once."""
        for i, candidate in enumerate(np.asarray(ids).tolist()):
            self.cells[candidate] = candidates.take(np.array([i]))
        self.tell(ids, formulas(candidates.structures))

    def tell(self, ids: NDArray[np.int64], names: Sequence[str]) -> None:
        """Remember further candidates by their formulas; one that is there already is kept once."""
        for candidate, name in zip(np.asarray(ids).tolist(), names, strict=True):
            if candidate not in self._formula:
                self._formula[candidate] = name
                if name in self._buckets:
                    self._row(name, candidate, ORIGINAL)
                else:
                    self._told.setdefault(name, []).append(candidate)

    def arrive(self, ids: NDArray[np.int64], names: Sequence[str]) -> None:
        """Candidates (B,) of these formulas that are to be decided."""
        for candidate, name in zip(np.asarray(ids).tolist(), names, strict=True):
            self._formula.setdefault(candidate, name)
            if name not in self._buckets:
                self._buckets[name] = _Bucket(self._width, self._near)
                for earlier in self._told.pop(name, ()):
                    self._row(name, earlier, ORIGINAL)
            self._row(name, candidate, OPEN)
            heapq.heappush(self._arrived, candidate)

    def missing(self, most: int | None = None) -> NDArray[np.int64]:
        """Candidates, ``most`` of them, whose fingerprints have to be learnt; each is named once."""
        wanted = list(self._missing)[:most]
        for candidate in wanted:
            del self._missing[candidate]
        return np.array(wanted, np.int64)

    def learn(self, ids: NDArray[np.int64], vectors: NDArray) -> None:
        """Fingerprints (B, W) of candidates; NaN where there is none."""
        for candidate, vector in zip(np.asarray(ids).tolist(), vectors, strict=True):
            self._buckets[self._formula[candidate]].learn(candidate, vector)

    def questions(self, before: float = np.inf) -> list[Question]:
        """Who has to be compared now; a candidate that nobody is near to is decided at once.

        ``before`` : the smallest id that is still to arrive
        """
        asked = [Question(candidate, self._asked[candidate]) for candidate in self._again]
        self._again = []
        while self._arrived and self._arrived[0] < before:
            candidate = self._arrived[0]
            bucket = self._buckets[self._formula[candidate]]
            if not bucket.is_complete:
                break
            heapq.heappop(self._arrived)
            self._asked[candidate] = near = bucket.near(candidate)
            if len(near):
                asked.append(Question(candidate, near))
            else:
                self.answer(candidate, None)
        return asked

    def answer(self, candidate: int, match: int | None) -> None:
        """The first id among those asked for that is the same crystal."""
        if match is None:
            self._decide(candidate, None)
        else:
            self._match[candidate] = match
        self._settle()

    def give_up(self, candidate: int) -> None:
        """A candidate that could not be judged: nothing is said of it, and none is compared with it any more."""
        self._set(candidate, GONE)
        for waiting in (self._missing, self._match, self._asked):
            waiting.pop(candidate, None)  # type: ignore[attr-defined]
        if candidate in self._again:
            self._again.remove(candidate)
        if candidate in self._arrived:
            self._arrived.remove(candidate)
            heapq.heapify(self._arrived)
        self.learn(np.array([candidate]), np.full((1, self._width), np.nan))
        self._settle()

    def decided(self) -> list[tuple[int, int | None]]:
        """(id, id of the same crystal or None) of those decided since the last call, in order of ids."""
        found, self._decided = sorted(self._decided), []
        return found

    def _settle(self) -> None:
        for candidate in sorted(self._match):  # each hangs on a smaller one alone
            match = self._match[candidate]
            state = self._state(match)
            if state == OPEN:
                continue
            del self._match[candidate]
            if state == ORIGINAL:
                self._decide(candidate, match)
                continue
            near = self._asked[candidate]
            behind = near[np.flatnonzero(near == match)[0] + 1 :]
            self._asked[candidate] = rest = behind[[self._state(other) != GONE for other in behind.tolist()]]
            if len(rest):
                self._again.append(candidate)
            else:
                self._decide(candidate, None)

    def _decide(self, candidate: int, twin: int | None) -> None:
        del self._asked[candidate]
        self._set(candidate, ORIGINAL if twin is None else GONE)
        self._decided.append((candidate, twin))

    def _state(self, candidate: int) -> int:
        return self._buckets[self._formula[candidate]].state(candidate)

    def _set(self, candidate: int, state: int) -> None:
        self._buckets[self._formula[candidate]].set(candidate, state)
        if state == GONE:
            self.cells.pop(candidate, None)

    def _row(self, formula: str, candidate: int, state: int) -> None:
        bucket = self._buckets[formula]
        if not bucket.add(candidate, state):
            self._missing[candidate] = None


class _Bucket:
    """Candidates of one formula, one row each."""

    def __init__(self, width: int, near: Near) -> None:
        self._near = near
        self._row: dict[int, int] = {}
        self._ids = np.zeros(1, np.int64)
        self._state = np.zeros(1, np.uint8)
        self._vectors = np.zeros((1, width), np.float32)
        self._unknown: set[int] = set()

    @property
    def kept(self) -> int:
        return int((self._state[: len(self._row)] != GONE).sum())

    @property
    def is_complete(self) -> bool:
        """Whether all fingerprints are there."""
        return not self._unknown

    def add(self, candidate: int, state: int) -> bool:
        """One more row; whether its fingerprint is known already."""
        if candidate not in self._row:
            row = len(self._row)
            if row == len(self._ids):
                self._ids, self._state, self._vectors = (
                    np.concatenate([column, np.zeros_like(column)])
                    for column in (self._ids, self._state, self._vectors)
                )
            self._row[candidate] = row
            self._ids[row] = candidate
            self._unknown.add(candidate)
        self.set(candidate, state)
        return candidate not in self._unknown

    def state(self, candidate: int) -> int:
        return int(self._state[self._row[candidate]])

    def set(self, candidate: int, state: int) -> None:
        self._state[self._row[candidate]] = state

    def learn(self, candidate: int, vector: NDArray) -> None:
        self._vectors[self._row[candidate]] = vector
        self._unknown.discard(candidate)

    def near(self, candidate: int) -> NDArray[np.int64]:
        """Earlier ids that may be the same crystal, the nearest first, without duplicates."""
        size = len(self._row)
        rows = np.flatnonzero((self._ids[:size] < candidate) & (self._state[:size] != GONE))
        rows = rows[np.argsort(self._ids[rows])]
        return self._ids[rows[self._near(self._vectors[self._row[candidate]], self._vectors[rows])]]
