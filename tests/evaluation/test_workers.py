"""Work in processes: order, failures, time limits and workers that die."""

from __future__ import annotations

import os
import time

import pytest

from crystal_studio.evaluation.parallel import Failure, Workers


def work(item: int) -> int:
    if item == 3:
        raise ValueError("three is not liked")
    if item == 5:
        time.sleep(30)
    if item == 7:
        os._exit(1)
    return item * item


@pytest.mark.parametrize("count", [1, 2])
def test_failures_and_time_limits_cost_their_item_alone(count: int) -> None:
    seen = []
    with Workers(count, lambda title, done, total, seconds: seen.append((title, done, total))) as workers:
        answers = workers.map(work, [1, 2, 3, 4, 5, 6], "Squares", seconds=2.0, block=2)
    assert answers[:2] == [1, 4] and answers[3] == 16 and answers[5] == 36
    assert answers[2] == Failure("three is not liked")
    assert isinstance(answers[4], Failure) and "longer" in answers[4].reason
    assert sorted(seen) == [("Squares", 2, 6), ("Squares", 4, 6), ("Squares", 6, 6)]


def test_an_item_that_kills_its_worker() -> None:
    with Workers(2) as workers:
        answers = workers.map(work, [1, 7, 2, 4], "Squares", block=2)
    assert answers[0] == 1 and answers[2:] == [4, 16]
    assert isinstance(answers[1], Failure)
