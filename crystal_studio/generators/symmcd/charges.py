"""Which element goes onto which orbit of a template: choices whose charges can balance come first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np

from crystal_studio.crystal.elements import SYMBOLS

NEUTRAL_SHARE = 0.9
"""Share of the choices that must be able to be neutral, where any is."""
_TRIES = 100


@cache
def _states(number: int) -> tuple[int, ...]:
    """Common oxidation states of an element (Pymatgen's table); 0 where it has none."""
    from pymatgen.core import Element

    return tuple(Element(SYMBOLS[number]).common_oxidation_states) or (0,)


@lru_cache(maxsize=10_000)
def can_be_neutral(atoms: tuple[tuple[int, int], ...]) -> bool:
    """Whether one common oxidation state an element makes these atoms, (atomic number, count), neutral.

    Elements that are all metals count as neutral: their charges say nothing.
    """
    if all(min(_states(z)) >= 0 for z, _ in atoms):
        return True
    sums = {0}
    for z, count in atoms:
        sums = {s + q * count for s in sums for q in _states(z)}
    return 0 in sums


def pin_required(must: Sequence[int], sizes: Sequence[int], exact: bool, rng: np.random.Generator) -> list[int]:
    """Atomic number for some of the orbits, 0 for the others, so that each of ``must`` is on one orbit.

    ``sizes``: atoms of each orbit. If ``must`` are all elements that may occur (``exact``), they are put where
    a crystal of them can be neutral, if any way that is tried out allows it.
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
            if can_be_neutral(tuple(sorted(counts.items()))):
                break
            owners = _cover(must, n, rng)
    for z in must:
        pinned[int(rng.choice([i for i, o in enumerate(owners) if o == z]))] = z
    return pinned


def _cover(must: Sequence[int], n: int, rng: np.random.Generator) -> list[int]:
    """An element for each of n orbits at random, every one of ``must`` at least once."""
    drawn = [*must, *rng.choice(list(must), n - len(must)).tolist()]
    return rng.permutation(drawn).tolist()
