"""The generator at work in a thread, one chunk ahead of the funnel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
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


def missing_chunks(count: int, chunk_size: int, present: Iterable[int]) -> list[int]:
    """Chunks of which at least one candidate is not there yet, in order."""
    there = np.zeros(count, bool)
    there[[n for n in present if n < count]] = True
    return sorted({int(n) // chunk_size for n in np.flatnonzero(~there)})


class ChunkThread(threading.Thread):
    """Samples ``chunks`` in order and hands each to ``put``; at most one waits to be taken.

    The runner calls ``taken()`` when it starts on a chunk. ``hold`` makes the
    sampler wait between two steps, ``stop`` ends it there. What goes wrong is
    kept in ``error``; ``part`` counts the present chunk's candidates by the share
    of its steps that are done.
    """

    def __init__(
        self,
        generator: Generator,
        request: DesignRequest,
        chunks: list[int],
        put: Callable[[Chunk], None],
        hold: CancelToken,
        stop: CancelToken,
    ) -> None:
        super().__init__(name="generator", daemon=True)
        self._generator, self._request, self._chunks = generator, request, chunks
        self._put, self._hold, self._stop_token = put, hold, stop
        self._room = threading.Semaphore(2)  # the chunk in the making and the one that waits
        self.error: BaseException | None = None
        self.done = False
        self.part = 0.0
        self._made = 0
        self._busy = 0.0

    def taken(self) -> None:
        """The runner has started on a chunk."""
        self._room.release()

    @property
    def rate(self) -> float:
        """Candidates a second while sampling; 0 before the first step."""
        return (self._made + self.part) / self._busy if self._busy > 0 else 0.0

    def run(self) -> None:
        try:
            for chunk in self._chunks:
                while not self._room.acquire(timeout=0.1):
                    if self._stop_token.is_set():
                        return
                self._sample(chunk)
            self.done = True
        except Cancelled:
            pass
        except BaseException as error:  # handed on to the runner, which fails the campaign
            self.error = error

    def _sample(self, chunk: int) -> None:
        size = self._generator.chunk_size
        first, last = chunk * size, min((chunk + 1) * size, self._request.count)
        since = time.monotonic()

        def progress(done: int, total: int) -> None:
            nonlocal since
            self._busy += time.monotonic() - since
            self.part = max(self.part, (done / total if total else 0.0) * (last - first))  # rounds may start over
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
        self._made, self.part = self._made + len(made), 0.0
        self._put(Chunk(np.arange(first, last), made))
