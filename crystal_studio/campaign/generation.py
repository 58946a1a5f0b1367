"""The generator at work in a thread, one chunk ahead of the funnel."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators.protocol import Cancelled, CancelToken, Generator


@dataclass(frozen=True)
class Chunk:
    """One generated chunk: ``numbers`` (B,) are the candidates' numbers within the campaign."""

    numbers: NDArray[np.int64]
    candidates: Candidates

    def without(self, present: Iterable[int]) -> Chunk:
        """Only those whose numbers are not there yet."""
        fresh = ~np.isin(self.numbers, np.fromiter(present, np.int64))
        return self if fresh.all() else Chunk(self.numbers[fresh], self.candidates.take(fresh))


def missing_chunks(count: int, chunk_size: int, present: Iterable[int]) -> list[int]:
    """Chunks of which at least one candidate is not there yet, in order."""
    there = np.zeros(count, bool)
    there[[n for n in present if n < count]] = True
    return sorted({int(n) // chunk_size for n in np.flatnonzero(~there)})


class ChunkThread(threading.Thread):
    """Samples ``chunks`` in order and keeps each until it is taken; at most one waits.

    ``hold`` makes the sampler wait between two steps, ``stop`` ends it there.
    """

    def __init__(
        self,
        generator: Generator,
        request: DesignRequest,
        chunks: Sequence[int],
        hold: CancelToken,
        stop: CancelToken,
    ) -> None:
        super().__init__(name="generator", daemon=True)
        self._generator, self._request, self._chunks = generator, request, list(chunks)
        self._hold, self._stop_token = hold, stop
        # Not a SimpleQueue: its get waits for ever when a signal is handled for longer than the timeout.
        self._made: queue.Queue[Chunk] = queue.Queue()
        self._room = threading.Semaphore(2)  # the chunk in the making and the one that waits
        self._error: BaseException | None = None
        self._done = False
        self._lock = threading.Lock()
        self._part = 0.0  # candidates of the present chunk, by the share of its steps that are done
        self._untaken = 0
        self._count = 0
        self._busy = 0.0

    def take(self, wait: float = 0.0) -> Chunk | None:
        """The next chunk if there is one within ``wait`` seconds; raises what went wrong in the generator."""
        try:
            chunk = self._made.get(timeout=wait) if wait else self._made.get_nowait()
        except queue.Empty:
            if self._error:
                raise self._error from None
            return None
        self._room.release()
        with self._lock:
            self._untaken -= len(chunk.numbers)
        return chunk

    @property
    def part(self) -> float:
        """Candidates that are made but not taken, those of the present chunk by the share of its steps."""
        with self._lock:
            return self._untaken + self._part

    @property
    def done(self) -> bool:
        """Whether every chunk was made and taken."""
        return self._done and self._made.empty()

    @property
    def rate(self) -> float:
        """Candidates a second while sampling; 0 before the first step."""
        return (self._count + self._part) / self._busy if self._busy > 0 else 0.0

    def run(self) -> None:
        try:
            for chunk in self._chunks:
                while not self._room.acquire(timeout=0.1):
                    if self._stop_token.is_set():
                        return
                self._sample(chunk)
            self._done = True
        except Cancelled:
            pass
        except BaseException as error:  # handed on to the runner, which fails the campaign
            self._error = error

    def _sample(self, chunk: int) -> None:
        size = self._generator.chunk_size
        first, last = chunk * size, min((chunk + 1) * size, self._request.count)
        since = time.monotonic()

        def progress(done: int, total: int) -> None:
            nonlocal since
            self._busy += time.monotonic() - since
            self._part = max(self._part, (done / total if total else 0.0) * (last - first))  # rounds may start over
            while self._hold.is_set():
                if self._stop_token.is_set():
                    raise Cancelled
                time.sleep(0.05)
            since = time.monotonic()

        made = self._generator.sample(self._request, chunk, cancel=self._stop_token, progress=progress)
        if len(made) != last - first:
            raise RuntimeError(f"chunk {chunk} holds {len(made)} candidates instead of {last - first}")
        if self._stop_token.is_set():
            raise Cancelled
        self._busy += time.monotonic() - since
        with self._lock:
            self._count, self._untaken, self._part = self._count + last - first, self._untaken + last - first, 0.0
        self._made.put(Chunk(np.arange(first, last), made))
