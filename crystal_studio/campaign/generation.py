"""The chunks of one run: which are to be made, which are on their way, and handing them over in order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates

AHEAD = 2
"""Chunks a slot that are made before the stages have come to them."""


@dataclass(frozen=True)
class Chunk:
    """One generated chunk: ``numbers`` (B,) are the candidates' numbers within the campaign."""

    numbers: NDArray[np.int64]
    candidates: Candidates

    def without(self, present: Iterable[int]) -> Chunk:
        """Only those whose numbers are not there yet."""
        fresh = ~np.isin(self.numbers, np.fromiter(present, np.int64))
        return self if fresh.all() else Chunk(self.numbers[fresh], self.candidates.take(fresh))


@dataclass(frozen=True)
class Making:
    """One chunk on its way through an engine; ``losses`` counts how often that came to nothing."""

    chunk: int
    losses: int = 0

    def again(self) -> Making:
        """The same after one more loss."""
        return replace(self, losses=self.losses + 1)


def missing_chunks(count: int, chunk_size: int, present: Iterable[int]) -> list[int]:
    """Chunks of which at least one candidate is not there yet, in order."""
    there = np.zeros(count, bool)
    there[[n for n in present if n < count]] = True
    return sorted({int(n) // chunk_size for n in np.flatnonzero(~there)})


class Generation:
    """Gives out ``chunks`` and takes them in whatever order they are made; hands them over in their own order.

    Ids are given when candidates are stored, and stages that need the order of ids must say the same however many
    processes sample: so a chunk that is made early waits for those before it.
    """

    def __init__(self, count: int, size: int, chunks: Sequence[int]) -> None:
        self._count, self._size = count, size
        self._waiting = deque(Making(chunk) for chunk in chunks)
        self._open = deque(chunks)  # not handed over yet, in order
        self._flying: dict[int, float] = {}  # chunk: share of it that is done
        self._made: dict[int, Candidates] = {}
        self._given_up: dict[int, str] = {}
        self._began: dict[int, tuple[float, float]] = {}  # chunk: when it first told its share, and which
        self._seconds, self._sampled = 0.0, 0

    @property
    def done(self) -> bool:
        """Whether every chunk was handed over or given up."""
        return not self._open

    @property
    def part(self) -> float:
        """Candidates that are made but not handed over, those of chunks on their way by what is done of them."""
        flying = sum(share * len(self.numbers(chunk)) for chunk, share in self._flying.items())
        return flying + sum(len(made) for made in self._made.values())

    @property
    def given_up(self) -> list[str]:
        """What to say of the chunks that could not be made."""
        return [f"{self.name(chunk)} could not be made: {why}" for chunk, why in self._given_up.items()]

    def numbers(self, chunk: int) -> NDArray[np.int64]:
        """The candidates of a chunk by their numbers within the campaign."""
        return np.arange(chunk * self._size, min((chunk + 1) * self._size, self._count))

    def name(self, chunk: int) -> str:
        """Like "Candidates 65 to 128", counted from one."""
        numbers = self.numbers(chunk)
        return f"Candidates {numbers[0] + 1} to {numbers[-1] + 1}"

    def wants(self, slots: int, waiting: int) -> bool:
        """Whether another chunk is to be made before anything else is done.

        slots : chunks that can be made at the same time
        waiting : candidates that wait for a stage
        """
        ahead = len(self._flying) + len(self._made)
        return bool(self._waiting) and len(self._flying) <= slots and ahead + waiting / self._size < AHEAD * slots

    def next(self) -> Making:
        """The next chunk to make; from now on it is on its way."""
        making = self._waiting.popleft()
        self._flying[making.chunk] = 0.0
        return making

    def heard(self, shares: Mapping[int, float], now: float | None = None) -> None:
        """What share of its steps each chunk has done; never taken back, for a chunk may begin another round."""
        now = time.monotonic() if now is None else now
        for chunk, share in shares.items():
            if chunk in self._flying:
                self._flying[chunk] = max(share, self._flying[chunk])
                self._began.setdefault(chunk, (now, share))

    def landed(self, making: Making, candidates: Candidates, seconds: float) -> None:
        """A chunk was made."""
        self._left(making)
        self._made[making.chunk] = candidates
        self._seconds += seconds
        self._sampled += len(candidates)

    def retry(self, making: Making) -> None:
        """A chunk came to nothing and is tried again, before all others."""
        self._left(making)
        self._waiting.appendleft(making)

    def give_up(self, making: Making, why: str) -> None:
        """A chunk cannot be made: the others go on without it."""
        self._left(making)
        self._given_up[making.chunk] = why

    def take(self) -> Chunk | None:
        """The next chunk in the order of numbers, if it is there."""
        while self._open and self._open[0] in self._given_up:
            self._open.popleft()
        if not self._open or self._open[0] not in self._made:
            return None
        chunk = self._open.popleft()
        return Chunk(self.numbers(chunk), self._made.pop(chunk))

    def rate(self, slots: int, now: float | None = None) -> float:
        """Candidates a second while nothing else is done; 0 while nothing is known.

        Of the chunks that were made; before the first, of what those on their way have told.
        """
        left = len(self._waiting) + len(self._flying)
        lanes = min(slots, left) if left else slots
        if self._sampled:
            return lanes * self._sampled / max(self._seconds, 1e-9)
        now = time.monotonic() if now is None else now
        paces = [
            (self._flying[chunk] - share) * self._size / (now - since)
            for chunk, (since, share) in self._began.items()
            if chunk in self._flying and now > since
        ]
        return lanes * sum(paces) / len(paces) if paces else 0.0

    def _left(self, making: Making) -> None:
        del self._flying[making.chunk]
        self._began.pop(making.chunk, None)
