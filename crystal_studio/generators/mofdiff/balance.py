"""Which block stands where: the likeliest choice whose nodes have as many connection points as its linkers."""

from __future__ import annotations

import itertools
from functools import cache

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


def matching(
    log_likelihood: NDArray[np.float64],
    contacts: NDArray[np.int64],
    holds: NDArray[np.int64],
    must: int = 0,
    price: float = 0.0,
    most: int = 16,
    tries: int = 40,
) -> NDArray[np.int64] | None:
    """(K,) blocks of few kinds whose contacts match, kind by kind; None where none are found.

    Real frameworks repeat few blocks, and what meets in one has met in others; neither is said by likelihoods of one
    block after the other. Looked at are sets of one or two nodes and one to three linkers among the ``most`` that are
    likely in many places; of these the choice is the likeliest, less ``price`` for each kind of block.

    contacts : (L, D) as ``contacts.contacts`` counts them
    log_likelihood, holds, must : as in ``balanced``
    """
    sets = _sets(log_likelihood, contacts, most)
    if not len(sets):
        return None
    padded = np.concatenate([log_likelihood, np.full((len(log_likelihood), 1), -np.inf)], 1)
    # No choice from a set is worth more than the likeliest of it in each place.
    bound = padded[:, sets].max(-1).sum(0) - price * (sets >= 0).sum(1)
    best: NDArray[np.int64] | None = None
    value = -np.inf
    for row in np.argsort(-bound, kind="stable").tolist():
        if bound[row] <= value or not tries:
            break
        members = sets[row][sets[row] >= 0]
        if np.bitwise_or.reduce(holds[members]) & must != must:
            continue
        counts = _counts(len(log_likelihood), tuple(map(tuple, contacts[members].tolist())))
        tries -= len(counts) > 0
        for count in counts:
            found, worth = _assigned(log_likelihood[:, members], count)
            worth -= price * len(members)
            if worth > value:
                best, value = members[found], worth
    return best


def _sets(log_likelihood: NDArray, contacts: NDArray, most: int) -> NDArray[np.int64]:
    """(S, 5) rows of one or two nodes and one to three linkers, -1 where fewer, that have the same kinds of contact."""
    likelihood = np.exp(log_likelihood)
    share = (likelihood / likelihood.max(1, keepdims=True)).sum(0) + likelihood.sum(0)
    share[~np.isfinite(log_likelihood).any(0)] = -1.0
    sides: list[tuple[NDArray, NDArray]] = []
    for sign, largest in ((1, 2), (-1, 3)):
        there = np.flatnonzero((sign * contacts > 0).any(1) & (share >= 0))
        there = there[np.argsort(-share[there], kind="stable")[:most]]
        kinds = (contacts[there] != 0) @ (1 << np.arange(contacts.shape[1], dtype=np.int64))
        rows, has = [], []
        for size in range(1, largest + 1):
            few = min(len(there), most if size < 3 else most // 2)
            for members in itertools.combinations(range(few), size):
                rows.append([*there[list(members)].tolist(), *[-1] * (largest - size)])
                has.append(int(np.bitwise_or.reduce(kinds[list(members)])))
        sides.append((np.array(rows, np.int64).reshape(-1, largest), np.array(has, np.int64)))
    (nodes, at_nodes), (linkers, at_linkers) = sides
    one, other = np.nonzero(at_nodes[:, None] == at_linkers[None])
    return np.concatenate([nodes[one], linkers[other]], 1)


@cache
def _counts(size: int, contacts: tuple[tuple[int, ...], ...]) -> list[tuple[int, ...]]:
    """How many of each of some blocks, at least one, make up ``size`` whose contacts sum to 0."""
    kinds = len(contacts)
    if kinds > size:
        return []
    cuts = np.array(list(itertools.combinations(range(1, size), kinds - 1)), np.int64).reshape(-1, kinds - 1)
    edge = np.zeros((len(cuts), 1), np.int64)
    count = np.diff(np.concatenate([edge, cuts, edge + size], 1), axis=1)
    even = (count @ np.array(contacts) == 0).all(1)
    return [tuple(row) for row in count[even].tolist()]


def _assigned(log_likelihood: NDArray, count: tuple[int, ...]) -> tuple[NDArray[np.int64], float]:
    """The likeliest block of each place where so many are of each, and the sum of its logarithms."""
    from scipy.optimize import linear_sum_assignment

    column = np.repeat(np.arange(len(count)), count)
    cost = -np.maximum(log_likelihood[:, column], _NEVER)
    place, chosen = linear_sum_assignment(cost)
    return column[chosen], -float(cost[place, chosen].sum())
