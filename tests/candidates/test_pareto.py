"""Fronts against their definition, candidate by candidate."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crystal_studio.candidates import pareto

COSTS = st.tuples(st.integers(0, 30), st.integers(1, 4)).flatmap(
    lambda shape: arrays(float, shape, elements=st.sampled_from([-np.inf, -1.5, 0.0, 1e-12, 1.0, 2.0, np.inf, np.nan]))
)


def beats(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a <= b).all() and (a < b).any())


def peeled(costs: np.ndarray, deepest: int) -> list[int]:
    """Ranks as they are defined: front after front is taken away."""
    ranks = [0] * len(costs)
    left = [i for i in range(len(costs)) if not np.isnan(costs[i]).any()]
    for rank in range(1, deepest + 1):
        front = [i for i in left if not any(beats(costs[j], costs[i]) for j in left)]
        left = [i for i in left if i not in front]
        for i in front:
            ranks[i] = rank
    for i in left:
        ranks[i] = deepest + 1
    return ranks


@settings(deadline=None)
@given(COSTS, st.integers(1, 4))
def test_ranks_are_those_of_the_definition(costs, deepest):
    assert pareto.ranks(costs, deepest).tolist() == peeled(costs, deepest)


@settings(deadline=None)
@given(COSTS, st.randoms())
def test_the_order_of_candidates_changes_no_rank(costs, random):
    order = list(range(len(costs)))
    random.shuffle(order)
    assert pareto.ranks(costs[order]).tolist() == pareto.ranks(costs)[order].tolist()


def test_fronts_of_a_thousand_are_told_apart():
    """Three lines, each beaten by the one before: longer than what is compared at a time."""
    x = np.random.default_rng(1).permutation(3000).astype(float)
    behind = np.arange(3000) % 3
    costs = np.stack([x + 3000 * behind, 3000 * behind - x], 1)
    assert pareto.ranks(costs).tolist() == (behind + 1).tolist()
