"""The generator's thread: chunks one ahead, what is missing, and signals that take their time."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType

import numpy as np
import pytest
from campaign_fakes import RockSalt

from crystal_studio.campaign.generation import Chunk, ChunkThread, missing_chunks
from crystal_studio.design.request import DesignRequest

REQUEST = DesignRequest(count=20, seed=1, device="cpu")


def thread(chunks: list[int]) -> ChunkThread:
    return ChunkThread(RockSalt(), REQUEST, chunks, threading.Event(), threading.Event())


def test_chunks_come_in_order_and_at_most_one_waits() -> None:
    generator = thread([0, 1, 2])
    generator.start()
    sizes = []
    while not generator.done:
        chunk = generator.take(60.0)
        assert chunk is not None
        sizes.append(chunk.numbers.tolist())
    assert sizes == [list(range(8)), list(range(8, 16)), list(range(16, 20))]
    assert generator.take() is None and generator.part == 0 and generator.rate > 0


def test_missing_chunks() -> None:
    assert missing_chunks(20, 8, []) == [0, 1, 2]
    assert missing_chunks(20, 8, [*range(8), *range(16, 20)]) == [1]
    assert missing_chunks(20, 8, [*range(15)]) == [1, 2]
    assert missing_chunks(20, 8, range(40)) == []


def test_what_is_there_already_is_left_out() -> None:
    generator = thread([0])
    generator.start()
    chunk = generator.take(60.0)
    assert chunk is not None and isinstance(chunk, Chunk)
    rest = chunk.without({0, 1, 2, 9})
    assert rest.numbers.tolist() == [3, 4, 5, 6, 7]
    assert np.array_equal(rest.candidates.structures.lattice, chunk.candidates.structures.lattice[3:])


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that sends signals")
@pytest.mark.timeout(120)
def test_a_signal_that_is_handled_for_longer_than_the_wait_does_not_hold_the_run() -> None:
    """As Ctrl-C is on a busy machine: its handler says so before it sets the tokens."""
    handled = []

    def slow(number: int, frame: FrameType | None) -> None:
        time.sleep(0.2)
        handled.append(number)

    before = signal.signal(signal.SIGALRM, slow)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        assert thread([]).take(0.1) is None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert handled == [signal.SIGALRM]
