"""Which candidates are not beaten in everything: Pareto fronts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DEEPEST = 5
"""Fronts that are told apart; what lies behind them all has the next rank."""
_BLOCK = 256


def ranks(costs: NDArray[np.float64], deepest: int = DEEPEST) -> NDArray[np.int64]:
    """(n,) front of each candidate by its costs (n, m), of which less is better: 1 the Pareto front, 2 the front once
    that is taken away, and so on; ``deepest`` + 1 behind them all, 0 where a cost is NaN.

    One candidate beats another when it is nowhere worse and somewhere better; equals share a front.
    """
    found = np.zeros(len(costs), np.int64)
    left = np.flatnonzero(~np.isnan(costs).any(1))
    found[left] = deepest + 1
    places = np.zeros((len(left), costs.shape[1]), np.int64)
    for column in range(costs.shape[1]):  # the order counts alone, so that infinities are as good as any number
        places[:, column] = np.unique(costs[left, column], return_inverse=True)[1]
    order = np.argsort(places.sum(1), kind="stable")  # nobody is beaten by one that comes later
    left, places = left[order], places[order]
    for rank in range(1, deepest + 1):
        if not len(left):
            break
        first = _front(places)
        found[left[first]] = rank
        left, places = left[~first], places[~first]
    return found


def _front(places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) who is beaten by nobody; rows in the order of their sums."""
    first = np.zeros(len(places), bool)
    waiting = np.arange(len(places))
    while len(waiting):
        block = waiting[:_BLOCK]
        block = block[~_beaten(places[block], places[block])]
        first[block] = True
        waiting = waiting[_BLOCK:]
        waiting = waiting[~_beaten(places[waiting], places[block])]
    return first


def _beaten(rows: NDArray[np.int64], by: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) whether a row is beaten by one of the others."""
    found = np.zeros(len(rows), bool)
    for start in range(0, len(rows), 8 * _BLOCK):
        part = rows[start : start + 8 * _BLOCK]
        no_worse = np.ones((len(part), len(by)), bool)
        better = np.zeros((len(part), len(by)), bool)
        for column in range(rows.shape[1]):
            no_worse &= by[:, column] <= part[:, column, None]
            better |= by[:, column] < part[:, column, None]
        found[start : start + len(part)] = (no_worse & better).any(1)
    return found
