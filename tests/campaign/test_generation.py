"""The chunks of a run: in the order of their numbers whatever comes first, no more than are needed, none lost."""

from __future__ import annotations

import pytest
from generator_fakes import CARD, Load, RockSalt

from crystal_studio.campaign.generation import Generation, Making, missing_chunks
from crystal_studio.campaign.outcomes import CHUNK_TRIES, not_made, settle
from crystal_studio.campaign.tasks import GeneratorMaker, Order, make_chunk
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import KnownError, ModelError
from crystal_studio.execution.protocol import Cancelled, Died, Done, Failed

REQUEST = DesignRequest(count=20, seed=1, device="cpu")
MADE = [RockSalt().sample(REQUEST, chunk) for chunk in range(3)]


def generation() -> Generation:
    return Generation(20, 8, [0, 1, 2])


def test_chunks_are_handed_over_in_the_order_of_their_numbers() -> None:
    chunks = generation()
    flying = [chunks.next() for _ in range(3)]
    assert chunks.take() is None
    chunks.landed(flying[2], MADE[2], 1.0)
    chunks.landed(flying[1], MADE[1], 1.0)
    assert chunks.take() is None and chunks.part == 12 and not chunks.done
    chunks.landed(flying[0], MADE[0], 1.0)
    taken = []
    while chunk := chunks.take():
        taken.append((chunk.numbers.tolist(), len(chunk.candidates)))
    assert taken == [(list(range(8)), 8), (list(range(8, 16)), 8), (list(range(16, 20)), 4)]
    assert chunks.done and chunks.part == 0


def test_no_more_chunks_are_made_than_keep_the_slots_busy() -> None:
    chunks = Generation(80, 8, range(10))
    while chunks.wants(slots=2, waiting=0):
        chunks.next()
    assert chunks.next().chunk == 3  # two at work and one that waits for its turn
    chunks = Generation(80, 8, range(10))
    assert chunks.wants(1, waiting=15) and not chunks.wants(1, waiting=16)  # two chunks a slot wait for their stages
    first = chunks.next()
    assert not chunks.wants(1, waiting=8)
    chunks.landed(first, MADE[0], 1.0)
    assert not chunks.wants(1, waiting=8) and chunks.take() and chunks.wants(1, waiting=8)


def test_rate_and_part_follow_what_chunks_tell_and_then_what_they_took() -> None:
    chunks = Generation(80, 8, range(10))
    assert chunks.rate(2) == 0 and chunks.part == 0
    making = [chunks.next(), chunks.next()]
    chunks.heard({0: 0.25}, now=10.0)
    chunks.heard({0: 0.5, 1: 0.25, 7: 0.5}, now=12.0)
    assert chunks.part == pytest.approx(6) and chunks.rate(2, now=12.0) == pytest.approx(2 * 1.0)
    chunks.heard({0: 0.25}, now=13.0)
    assert chunks.part == pytest.approx(6)  # another round
    chunks.landed(making[0], MADE[0], 4.0)
    assert chunks.rate(2) == pytest.approx(4.0) and chunks.rate(1) == pytest.approx(2.0)
    only = Generation(8, 8, [0])
    only.landed(only.next(), MADE[0], 4.0)
    again = Generation(16, 8, [0, 1])
    again.landed(again.next(), MADE[0], 4.0)
    assert again.rate(2) == pytest.approx(2.0)  # one chunk is left: one slot works


@pytest.mark.parametrize("outcome", [Died("killed by signal 9"), Failed("ZeroDivisionError: a bug", "Traceback")])
def test_a_chunk_that_fails_is_tried_again_and_then_given_up(outcome: Died | Failed) -> None:
    chunks = generation()
    for _ in range(CHUNK_TRIES - 1):
        assert settle(chunks, chunks.next(), outcome) is None
    making = chunks.next()
    assert making == Making(0, CHUNK_TRIES - 1)
    loss = settle(chunks, making, outcome)
    assert loss and loss.died is isinstance(outcome, Died) and chunks.part == 0
    for chunk in (1, 2):
        assert settle(chunks, chunks.next(), Done(MADE[chunk], 1.0)) is None
    assert [chunk.numbers[0] for chunk in (chunks.take(), chunks.take()) if chunk] == [8, 16]
    assert chunks.take() is None and chunks.done
    assert "Candidates 1 to 8 could not be made" in str(not_made(chunks)) and loss.why in str(not_made(chunks))


def test_a_cancelled_chunk_is_no_loss_and_what_all_would_meet_ends_the_run() -> None:
    chunks = generation()
    assert settle(chunks, chunks.next(), Cancelled()) is None and chunks.next() == Making(0)
    with pytest.raises(KnownError, match="put it there"):
        settle(chunks, chunks.next(), Failed("No weights: put it there.", "", known=True))
    with pytest.raises(KnownError, match="--workers 1"):
        settle(chunks, chunks.next(), Failed("MemoryError", "", out_of_memory=True))


def test_missing_chunks() -> None:
    assert missing_chunks(20, 8, []) == [0, 1, 2]
    assert missing_chunks(20, 8, [*range(8), *range(16, 20)]) == [1]
    assert missing_chunks(20, 8, [*range(15)]) == [1, 2]
    assert missing_chunks(20, 8, range(40)) == []


def test_what_is_there_already_is_left_out() -> None:
    chunks = generation()
    chunks.landed(chunks.next(), MADE[0], 1.0)
    chunk = chunks.take()
    assert chunk is not None
    rest = chunk.without({0, 1, 2, 9})
    assert rest.numbers.tolist() == [3, 4, 5, 6, 7]
    assert (rest.candidates.structures.lattice == chunk.candidates.structures.lattice[3:]).all()


def test_a_worker_with_other_weights_makes_nothing() -> None:
    order = Order(GeneratorMaker("rock-salt", "cpu", CARD.sha256, Load()), REQUEST, 12)
    assert len(make_chunk(order, 0)) == 12 and len(make_chunk(order, 1)) == 8
    with pytest.raises(ModelError, match="install the same model"):
        make_chunk(Order(GeneratorMaker("rock-salt", "cpu", "1" * 64, Load()), REQUEST, 12), 0)
