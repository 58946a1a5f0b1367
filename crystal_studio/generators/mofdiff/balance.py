"""Which block stands where: the likeliest choice whose nodes have as many connection points as its linkers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NEVER = -1e9


def balanced(
    log_likelihood: NDArray[np.float64], points: NDArray[np.int64], holds: NDArray[np.int64], must: int = 0
) -> NDArray[np.int64] | None:
    """(K,) the entry for each of K blocks, or None where no choice balances.

    Of all choices in which the connection points sum to 0 and all bits of ``must`` are held, the one with the largest
    sum of logarithms of likelihoods: an exact search over sums, block after block.

    log_likelihood : (K, L) of each entry for each block, -inf for what may not be chosen
    points : (L,) connection points of each entry, negative for linkers
    holds : (L,) bits of what each entry holds; must : bits that have to be held among them
    """
    size = len(log_likelihood)
    kinds, kind_of = np.unique(np.stack([points, holds & must], 1), axis=0, return_inverse=True)
    kind_of = kind_of.ravel()
    # The best entry of each kind: entries with as many points that hold the same differ in nothing else.
    best = np.full((size, len(kinds)), _NEVER)
    entry = np.zeros((size, len(kinds)), np.int64)
    for k in range(len(kinds)):
        members = np.flatnonzero(kind_of == k)
        entry[:, k] = members[log_likelihood[:, members].argmax(1)]
        best[:, k] = np.maximum(log_likelihood[np.arange(size), entry[:, k]], _NEVER)
    reach = int(np.abs(points).max()) * size
    width = 2 * reach + 1
    states = must + 1
    score = np.full((states, width), _NEVER)
    score[0, reach] = 0.0
    chosen = np.full((size, states, width), -1, np.int32)
    for i in range(size):
        following = np.full_like(score, _NEVER)
        for k, (step, bits) in enumerate(kinds.tolist()):
            if best[i, k] <= _NEVER:
                continue
            low, high = max(0, step), width + min(0, step)
            for state in range(states):
                if state & ~must:
                    continue
                into = state | bits
                candidate = score[state, low - step : high - step] + best[i, k]
                better = candidate > following[into, low:high]
                following[into, low:high][better] = candidate[better]
                chosen[i, into, low:high][better] = k * states + state
        score = following
    if score[must, reach] <= _NEVER / 2:
        return None
    found = np.zeros(size, np.int64)
    state, at = must, reach
    for i in range(size - 1, -1, -1):
        k, before = divmod(int(chosen[i, state, at]), states)
        found[i] = entry[i, k]
        state, at = before, at - int(kinds[k, 0])
    return found
