"""Charge neutrality of compositions, as the published evaluations test it.

The test of compositions is SMACT's (Davies et al., Chem 1, 617 (2016)) with one
oxidation state an element out of the list of its first release: charges must
cancel, and every cation must be less electronegative than every anion
(Pauling). Single elements and alloys count as valid; more than ten million
combinations of states, or an element without one, count as invalid. What the
program makes and judges goes by ``charge_balance.py``.
"""

from __future__ import annotations

from functools import cache, lru_cache
from math import prod

from crystal_studio.crystal.charge_balance import chemistry, needs_no_charges
from crystal_studio.crystal.composition import Pairs
from crystal_studio.crystal.elements import SYMBOLS

MOST_COMBINATIONS = 10_000_000


@cache
def _states() -> tuple[tuple[int, ...], ...]:
    """Oxidation states of SMACT's first list, index = atomic number."""
    import smact

    known = smact.element_dictionary()
    return tuple(tuple(known[s].oxidation_states_smact14 or ()) if s in known else () for s in SYMBOLS)


@lru_cache(maxsize=200_000)
def neutral(composition: Pairs) -> bool:
    """Whether some choice of one oxidation state an element passes both tests.

    ``composition``: (atomic number, count) of each element, reduced. The states are not enumerated: with the cations
    up to an electronegativity and the anions above it, the sums of charges that can be reached are sets of small
    integers.
    """
    if needs_no_charges(composition):
        return True
    states = _states()
    if prod(len(states[z]) for z, _ in composition) > MOST_COMBINATIONS:
        return False
    scale = [chemistry().electronegativity[z] for z, _ in composition]
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
