"""Which element goes onto which orbit of a template: choices whose charges can balance come first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from crystal_studio.crystal.charge_balance import balanced

NEUTRAL_SHARE = 0.9
"""Share of the choices that must be able to be neutral, where any is."""
_TRIES = 100


def pin_required(must: Sequence[int], sizes: Sequence[int], exact: bool, rng: np.random.Generator) -> list[int]:
    """Atomic number for some of the orbits, 0 for the others, so that each of ``must`` is on one orbit.

    ``sizes``: atoms of each orbit. If ``must`` are all elements that may occur (``exact``), they are put where
    a crystal of them is charge balanced, if any way that is tried out is.
    """
    n = len(sizes)
    pinned = [0] * n
    if not must:
        return pinned
    owners = _cover(must, n, rng)
    if exact and rng.random() < NEUTRAL_SHARE:
        for _ in range(_TRIES):
            counts: Counter[int] = Counter()
            for z, size in zip(owners, sizes, strict=True):
                counts[z] += int(size)
            if balanced(tuple(counts.items())):
                break
            owners = _cover(must, n, rng)
    for z in must:
        pinned[int(rng.choice([i for i, o in enumerate(owners) if o == z]))] = z
    return pinned


def _cover(must: Sequence[int], n: int, rng: np.random.Generator) -> list[int]:
    """An element for each of n orbits at random, every one of ``must`` at least once."""
    drawn = [*must, *rng.choice(list(must), n - len(must)).tolist()]
    return rng.permutation(drawn).tolist()
