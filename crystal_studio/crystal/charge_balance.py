"""Whether a composition can be charge neutral with the electrons on the right side: one rule for all who make or judge.

The test is SMACT's (Davies et al., Chem 1, 617 (2016)): some choice of known oxidation states must add up to zero, and
every cation must be less electronegative than every anion (Pauling). Single elements and all-metal compositions count
as balanced. Mixed valence (Fe3O4) is allowed for the elements that SMACT lists. The oxidation states are those of its
ICSD 2024 table. The rule of the published evaluations is ``charge_neutrality.py``.

SMACT enumerates all products of oxidation states; here the charges that can be reached are bits of one integer, so
that no composition is too large.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cache, lru_cache
from itertools import pairwise

from crystal_studio.crystal.composition import Pairs, reduced
from crystal_studio.crystal.elements import SYMBOLS


class ChargeFault(IntEnum):
    """Why a composition is not balanced."""

    NONE = 0
    NO_STATE = 1
    """An element has no known oxidation state."""
    ELECTRONEGATIVITY = 2
    """Neutral only with cations that are no less electronegative than its anions."""
    NOT_NEUTRAL = 3


@dataclass(frozen=True)
class Chemistry:
    """What the test knows of each element, index = atomic number.

    states : oxidation states reported at least three times in the ICSD, without 0
    electronegativity : Pauling's, None where unknown
    metal : whether SMACT calls it a metal
    mixed : whether its atoms may have different states in one crystal
    """

    states: tuple[tuple[int, ...], ...]
    electronegativity: tuple[float | None, ...]
    metal: tuple[bool, ...]
    mixed: tuple[bool, ...]


@cache
def chemistry() -> Chemistry:
    """SMACT's tables."""
    import smact
    from smact.screening import MIXED_VALENCE_ELEMENTS
    from smact.utils.oxidation import ICSD24OxStatesFilter

    table = ICSD24OxStatesFilter().filter(consensus=3, include_zero=False, commonality="low")
    known = {
        row.element: tuple(int(x) for x in row.oxidation_state.split())
        for row in table.itertuples()
        if row.oxidation_state
    }
    elements = smact.element_dictionary()
    return Chemistry(
        tuple(known.get(s, ()) for s in SYMBOLS),
        tuple(elements[s].pauling_eneg if s in elements else None for s in SYMBOLS),
        tuple(s in smact.metals for s in SYMBOLS),
        tuple(s in MIXED_VALENCE_ELEMENTS for s in SYMBOLS),
    )


def needs_no_charges(composition: Pairs) -> bool:
    """Whether it is one element or of metals alone, whose oxidation states say nothing."""
    return len(composition) == 1 or all(chemistry().metal[z] for z, _ in composition)


def charge_fault(composition: Pairs) -> ChargeFault:
    """What is wrong with the charges of a composition: (atomic number, count) of each element, of any cell."""
    return _fault(reduced(composition))


def balanced(composition: Pairs) -> bool:
    """Whether nothing is wrong with the charges of a composition; an empty one is not balanced."""
    return bool(composition) and charge_fault(composition) == ChargeFault.NONE


@lru_cache(maxsize=200_000)
def _fault(composition: Pairs) -> ChargeFault:
    known = chemistry()
    if needs_no_charges(composition):
        return ChargeFault.NONE
    if not all(known.states[z] for z, _ in composition):
        return ChargeFault.NO_STATE
    scale = sorted((-1.0 if (x := known.electronegativity[z]) is None else x, z, n) for z, n in composition)
    if scale[0][0] >= 0:
        for k, (one, next_) in enumerate(pairwise(scale), 1):
            # Elements of one electronegativity are all cations or all anions.
            if one[0] < next_[0] and _total(scale[:k], 1) & _total(scale[k:], -1):
                return ChargeFault.NONE
    return ChargeFault.ELECTRONEGATIVITY if _neutral_somehow(composition) else ChargeFault.NOT_NEUTRAL


@lru_cache(maxsize=20_000)
def _sums(number: int, count: int, sign: int) -> int:
    """Bits of the magnitudes that ``count`` atoms of an element can add up to as cations (1) or anions (-1)."""
    known = chemistry()
    states = [s * sign for s in known.states[number] if s * sign > 0]
    if not known.mixed[number]:
        return sum(1 << state * count for state in states)
    bits = 1
    for _ in range(count):
        reached = 0
        for state in states:
            reached |= bits << state
        bits = reached
    return bits


def _together(one: int, other: int) -> int:
    """Bits of the sums of a member of each of two sets of bits."""
    reached = at = 0
    while other:
        step = (other & -other).bit_length()
        at += step
        reached |= one << at - 1
        other >>= step
    return reached


def _total(elements: list[tuple[float, int, int]], sign: int) -> int:
    bits = 1
    for _, number, count in elements:
        bits = _together(bits, _sums(number, count, sign))
    return bits


def _neutral_somehow(composition: Pairs) -> bool:
    """Whether charges cancel, whichever elements are the cations."""
    reached, zero = 1, 0  # bit ``zero`` + q stands for the charge q
    for number, count in composition:
        anions = _sums(number, count, -1)
        most = anions.bit_length()
        mirrored = int(f"{anions:0{most + 1}b}"[::-1], 2)  # bit k becomes bit most - k: charge -k
        reached = _together(reached, _sums(number, count, 1) << most | mirrored)
        zero += most
    return bool(reached >> zero & 1)
