"""What waits, in which order it is taken, and how many candidates a task gets."""

from __future__ import annotations

import numpy as np
import pytest
from stage_fakes import FUNNEL

from crystal_studio.campaign.backlog import BATCH, Backlog, Work
from crystal_studio.campaign.flights import MOST, batch_size


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def test_quick_stages_take_batches_in_the_order_of_ids_and_follow_each_to_its_end() -> None:
    backlog = Backlog(FUNNEL)
    backlog.add(0, np.arange(BATCH + 3))
    first = backlog.next_quick()
    assert first is not None and first.index == 0 and first.ids.tolist() == list(range(BATCH))
    backlog.add(1, first.ids[:5], first=True)
    following = backlog.next_quick()
    assert following is not None and (following.index, following.ids.tolist()) == (1, [0, 1, 2, 3, 4])
    rest = backlog.next_quick()
    assert rest is not None and (rest.index, rest.ids.tolist()) == (0, [BATCH, BATCH + 1, BATCH + 2])
    assert not backlog and backlog.next_quick() is None


def test_costly_stages_give_as_many_as_are_asked_for_and_retries_come_first() -> None:
    backlog = Backlog(FUNNEL)
    backlog.add(2, ids(1, 2, 3, 4, 5))
    backlog.add(0, ids(9))
    assert backlog.waiting() == [1, 0, 5, 0]
    work = backlog.next_costly(lambda index, waiting: waiting - 2)
    assert work is not None and (work.index, work.ids.tolist()) == (2, [1, 2, 3])
    backlog.retry(work.one_by_one())
    assert backlog.waiting() == [1, 0, 5, 0]
    taken = [backlog.next_costly(lambda index, waiting: 64) for _ in range(5)]
    assert [w.ids.tolist() if w else None for w in taken] == [[1], [2], [3], [4, 5], None]


def test_the_most_promising_are_taken_first_and_of_equals_those_that_came_first() -> None:
    backlog = Backlog(FUNNEL)
    backlog.promising(ids(1, 2, 3, 4), np.array([0.1, 0.9, np.nan, 0.9]))
    backlog.add(2, ids(3, 1, 2))
    backlog.add(2, ids(5, 4))
    assert backlog.smallest(2) == 1
    taken = [backlog.next_costly(lambda index, waiting: 2) for _ in range(3)]
    assert [work.ids.tolist() for work in taken if work] == [[2, 4], [1, 3], [5]]


def test_work_counts_its_losses() -> None:
    assert Work(2, ids(7)).again().again().losses == 2


@pytest.mark.parametrize(
    ("pace", "waiting", "slots", "size"),
    [
        (0.0, 100, 2, 1),  # nothing is known yet
        (10.0, 100, 2, 1),  # slower than a task should be
        (1.0, 100, 2, 4),
        (1.0, 6, 2, 2),  # the rest is shared
        (0.001, 10_000, 2, MOST),
        (0.01, 1, 8, 1),
    ],
)
def test_size_of_a_task(pace: float, waiting: int, slots: int, size: int) -> None:
    assert batch_size(pace, waiting, slots) == size
