"""Charge neutrality of compositions, as the published evaluations test it.

The test of compositions is SMACT's (Davies et al., Chem 1, 617 (2016)) with one
oxidation state an element out of the list of its first release: charges must
cancel, and every cation must be less electronegative than every anion
(Pauling). Single elements and alloys count as valid; more than ten million
combinations of states, or an element without one, count as invalid.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.elements import SYMBOLS

Pairs = tuple[tuple[int, int], ...]
MOST_COMBINATIONS = 10_000_000


def reduced_counts(structures: Structures) -> list[Pairs]:
    """B reduced compositions as (atomic number, count), ascending; empty for an empty cell."""
    table = counts(structures)
    divisor = np.gcd.reduce(table, axis=1)
    return [
        tuple((int(z), int(row[z] // d)) for z in np.flatnonzero(row)) for row, d in zip(table, divisor, strict=True)
    ]


@cache
def _elements() -> tuple[tuple[tuple[int, ...], ...], tuple[float | None, ...], tuple[bool, ...]]:
    """Oxidation states of SMACT's first list, Pauling electronegativities, and whether SMACT calls it a metal."""
    import smact

    known = smact.element_dictionary()
    metals = set(smact.metals)
    states = tuple(tuple(known[s].oxidation_states_smact14 or ()) if s in known else () for s in SYMBOLS)
    electronegativity = tuple(known[s].pauling_eneg if s in known else None for s in SYMBOLS)
    return states, electronegativity, tuple(s in metals for s in SYMBOLS)


@lru_cache(maxsize=200_000)
def neutral(composition: Pairs) -> bool:
    """Whether some choice of one oxidation state an element passes both tests.

    The states are not enumerated: with the cations up to an electronegativity
    and the anions above it, the sums of charges that can be reached are sets of
    small integers.
    """
    states, electronegativity, metal = _elements()
    elements = [z for z, _ in composition]
    if len(elements) == 1 or all(metal[z] for z in elements):
        return True
    if np.prod([float(len(states[z])) for z in elements]) > MOST_COMBINATIONS:
        return False
    scale = [electronegativity[z] for z in elements]
    if None in scale:
        return False
    for limit in sorted({x for x in scale if x is not None}):
        sums = {0}
        for (z, n), x in zip(composition, scale, strict=True):
            cation = x is not None and x <= limit
            allowed = [s for s in states[z] if (s > 0) == cation and s != 0]
            sums = {total + s * n for total in sums for s in allowed}
            if not sums:
                break
        if 0 in sums:
            return True
    return False
