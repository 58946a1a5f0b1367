"""Who is compared with whom, and what comes of it, whatever the order of keys, answers and arrivals."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.data.fingerprints import WIDTH
from crystal_studio.data.same_crystal import LIMIT
from crystal_studio.funnel.seen import Question, SeenBefore

SIZE = 60


def crystals(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys on a line, and which pairs a judge that is not transitive takes for the same: a chain of neighbours."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, 8 * LIMIT, SIZE)
    keys = np.zeros((SIZE, WIDTH), np.float32)
    keys[:, 0] = place
    apart = np.abs(place[:, None] - place)
    return keys, (apart < 0.6 * LIMIT) & (rng.random((SIZE, SIZE)) < 0.8)


def by_brute_force(keys: np.ndarray, same: np.ndarray) -> dict[int, int | None]:
    """Every candidate with every earlier one that is no duplicate; of several the nearest."""
    found: dict[int, int | None] = {}
    for i in range(SIZE):
        originals = [j for j in range(i) if found[j] is None and same[i, j]]
        found[i] = min(originals, key=lambda j: abs(keys[i, 0] - keys[j, 0]), default=None)
    return found


def answer(same: np.ndarray, question: Question) -> int | None:
    return next((near for near in question.near.tolist() if same[question.id, near]), None)


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_arrival_keys_and_answers_decides_nothing(seed: int) -> None:
    keys, same = crystals(seed)
    rng = np.random.default_rng(100 + seed)
    told = np.arange(5)
    memory = SeenBefore()
    expected = by_brute_force(keys, same)
    originals = [i for i in told.tolist() if expected[i] is None]
    memory.tell(np.array(originals), ["NaCl"] * len(originals))
    coming = rng.permutation(np.arange(5, SIZE)).tolist()
    found: dict[int, int | None] = {}
    asked: list[Question] = []
    while len(found) < SIZE - 5:
        if coming and rng.random() < 0.6:
            taken = [coming.pop() for _ in range(min(len(coming), int(rng.integers(1, 6))))]
            memory.arrive(np.array(taken), ["NaCl"] * len(taken))
        missing = memory.missing(int(rng.integers(1, 9)))
        memory.learn(missing, keys[missing])
        asked += memory.questions(before=min(coming, default=np.inf))
        if asked and rng.random() < 0.7:
            question = asked.pop(int(rng.integers(len(asked))))
            memory.answer(question.id, answer(same, question))
        found |= dict(memory.decided())
    assert found == {i: expected[i] for i in range(5, SIZE)}
    assert memory.undecided == 0
    assert len(memory) == sum(twin is None for twin in expected.values())


def test_one_without_near_ones_needs_no_comparison_and_one_without_a_key_every_one() -> None:
    memory = SeenBefore()
    memory.arrive(np.array([1, 2, 3]), ["NaCl", "NaCl", "NaCl"])
    assert not memory.questions()  # nothing is known of them yet
    keys = np.zeros((3, WIDTH))
    keys[1] = LIMIT * 1.1
    keys[2] = np.nan
    memory.learn(memory.missing(), keys)
    (question,) = memory.questions()
    assert memory.decided() == [(1, None), (2, None)]
    assert (question.id, question.near.tolist()) == (3, [1, 2])


def test_one_that_cannot_be_judged_holds_nobody_up() -> None:
    memory = SeenBefore()
    memory.arrive(np.array([1, 2, 3]), ["NaCl"] * 3)
    missing = memory.missing()
    memory.give_up(1)  # its key could not be made
    memory.learn(missing[1:], np.zeros((2, WIDTH)))
    (question,) = memory.questions()
    assert memory.decided() == [(2, None)] and (question.id, question.near.tolist()) == (3, [2])
    memory.give_up(3)
    assert memory.decided() == [] and memory.undecided == 0 and len(memory) == 1


def test_other_formulas_are_not_even_asked_for() -> None:
    memory = SeenBefore()
    memory.tell(np.arange(1000), [f"Na{i}Cl" for i in range(1000)])
    memory.arrive(np.array([1001]), ["Na7Cl"])
    assert memory.missing().tolist() == [7, 1001] and len(memory) == 1001


def test_one_like_a_duplicate_is_compared_with_those_behind_it_alone() -> None:
    memory = SeenBefore()
    memory.arrive(np.array([1, 2, 3]), ["NaCl"] * 3)
    keys = np.zeros((3, WIDTH))
    keys[0], keys[1] = LIMIT / 2, LIMIT / 10
    memory.learn(memory.missing(), keys)
    asked = {question.id: question.near.tolist() for question in memory.questions()}
    assert asked == {2: [1], 3: [2, 1]}
    memory.answer(3, 2)
    assert memory.decided() == [(1, None)] and not memory.questions()  # it hangs on 2
    memory.answer(2, 1)
    assert memory.decided() == [(2, 1)]
    (again,) = memory.questions()
    assert (again.id, again.near.tolist()) == (3, [1])
    memory.answer(3, None)
    assert memory.decided() == [(3, None)] and memory.undecided == 0
