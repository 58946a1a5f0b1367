"""Could this composition be charge neutral, with the electrons on the right side?

The test is SMACT's (Davies et al., Chem 1, 617 (2016)): some choice of known
oxidation states must add up to zero, and every cation must be less
electronegative than every anion (Pauling). Single elements and all-metal
compositions count as valid. Mixed valence (Fe3O4) is allowed for the elements
that SMACT lists. The oxidation states are SMACT's ICSD 2024 table.

SMACT enumerates all products of oxidation states; here the reachable sums of
charges are bits of one integer, so that no composition is too large.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from crystal_studio.candidates.verdicts import Reason, ReasonKind, Verdicts, rejecting
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.funnel.protocol import Batch

Pairs = tuple[tuple[int, int], ...]
"""A reduced composition: (atomic number, count), ascending."""


@dataclass(frozen=True)
class Chemistry:
    """What the test knows of each element, index = atomic number."""

    states: tuple[tuple[int, ...], ...]
    electronegativity: tuple[float | None, ...]
    metal: tuple[bool, ...]
    mixed: tuple[bool, ...]


@cache
def chemistry() -> Chemistry:
    """SMACT's tables; states reported at least three times in the ICSD."""
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


def _sums(states: tuple[int, ...], count: int, mixed: bool) -> int:
    """Bits of the magnitudes that ``count`` atoms with non-negative ``states`` can add up to."""
    if not mixed:
        bits = 0
        for state in states:
            bits |= 1 << (state * count)
        return bits
    bits = 1
    for _ in range(count):
        reached = 0
        for state in states:
            reached |= bits << state
        bits = reached
    return bits


def _total(parts: list[tuple[tuple[int, ...], int, bool]]) -> int:
    """Bits of the total charges that several elements can have together; 0 if one has no state."""
    bits = 1
    for states, count, mixed in parts:
        own, reached, shift = _sums(states, count, mixed), 0, 0
        while own:
            low = (own & -own).bit_length() - 1
            shift += low
            reached |= bits << shift
            own >>= low + 1
            shift += 1
        bits = reached
    return bits


def _neutral(composition: Pairs, cations: tuple[int, ...]) -> bool:
    """Whether charges cancel when exactly these elements are cations and all others anions."""
    known = chemistry()
    positive = [(tuple(s for s in known.states[z] if s > 0), n, known.mixed[z]) for z, n in composition if z in cations]
    negative = [
        (tuple(-s for s in known.states[z] if s < 0), n, known.mixed[z]) for z, n in composition if z not in cations
    ]
    return bool(_total(positive) & _total(negative))


@lru_cache(maxsize=200_000)
def reason_against(composition: Pairs) -> Reason | None:
    """Why a composition is not chemically sound; None where it is."""
    known = chemistry()
    elements = [z for z, _ in composition]
    if len(elements) == 1 or all(known.metal[z] for z in elements):
        return None
    electronegativity = [known.electronegativity[z] for z in elements]
    # Written as usual, the least electronegative first.
    written = sorted(composition, key=lambda pair: known.electronegativity[pair[0]] or 0.0)
    formula = "".join(SYMBOLS[z] + (str(n) if n > 1 else "") for z, n in written)
    without = [SYMBOLS[z] for z in elements if not known.states[z]]
    if without:
        return Reason("no_oxidation_state", {"elements": ", ".join(without), "formula": formula})
    if None not in electronegativity:
        limits = sorted({x for x in electronegativity if x is not None})[:-1]
        for limit in limits:
            cations = tuple(z for z, x in zip(elements, electronegativity, strict=True) if x is not None and x <= limit)
            if _neutral(composition, cations):
                return None
    for chosen in range(1, 2 ** len(elements) - 1 if len(elements) <= 10 else 1):
        cations = tuple(z for k, z in enumerate(elements) if chosen >> k & 1)
        if _neutral(composition, cations):
            return Reason("electronegativity", {"formula": formula})
    states = "; ".join(f"{SYMBOLS[z]} {', '.join(f'{s:+d}' for s in known.states[z])}" for z, _ in written)
    return Reason("not_neutral", {"formula": formula, "states": states})


@dataclass(frozen=True)
class CompositionStage:
    """Rejects compositions that fail the charge and electronegativity test; the verdict is kept per composition."""

    name = "composition"
    title = "Charge balance"
    in_order = False
    costly = False
    remembers = False
    requires = ()
    gives = ()
    reasons = (
        ReasonKind("empty", "No atom in the cell", "The cell holds no atom."),
        ReasonKind(
            "no_oxidation_state",
            "An element without a known oxidation state",
            "{elements} has no known oxidation state, so {formula} cannot be charge neutral.",
        ),
        ReasonKind(
            "electronegativity",
            "Cations more electronegative than anions",
            "{formula} is charge neutral only with cations more electronegative than its anions (Pauling's test).",
        ),
        ReasonKind(
            "not_neutral", "Not charge neutral", "No oxidation states make {formula} charge neutral ({states})."
        ),
    )
    seconds = 0.0

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Finds nothing."""
        reasons: list[Reason | None] = []
        for row in counts(batch.structures):
            elements = np.flatnonzero(row)
            if not len(elements):
                reasons.append(Reason("empty"))
                continue
            divisor = np.gcd.reduce(row[elements])
            reasons.append(reason_against(tuple((int(z), int(row[z] // divisor)) for z in elements)))
        return rejecting(reasons)
