"""The rule of charge balance against enumeration, and the same answer for whoever asks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.charge_balance import ChargeFault, balanced, charge_fault, chemistry
from crystal_studio.crystal.composition import Pairs, reduced, reduced_counts
from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.formula import parse_formula
from crystal_studio.crystal.space_groups import tables


def pairs(formula: str) -> Pairs:
    return reduced(tuple((atomic_number(s), n) for s, n in parse_formula(formula).items()))


def enumerated(composition: Pairs) -> ChargeFault:
    """Every choice of a state for each atom, or for each element without mixed valence."""
    known = chemistry()
    if len(composition) == 1 or all(known.metal[z] for z, _ in composition):
        return ChargeFault.NONE
    choices = []
    for z, n in composition:
        states = known.states[z]
        own = itertools.combinations_with_replacement(states, n) if known.mixed[z] else ((s,) * n for s in states)
        choices.append([(sum(c), c[0] > 0) for c in own if len({s > 0 for s in c}) == 1])
    if not all(choices):
        return ChargeFault.NO_STATE
    neutral = [c for c in itertools.product(*choices) if sum(q for q, _ in c) == 0]
    scale = [known.electronegativity[z] for z, _ in composition]
    for chosen in neutral:
        cations = [x for x, (_, positive) in zip(scale, chosen, strict=True) if positive]
        anions = [x for x, (_, positive) in zip(scale, chosen, strict=True) if not positive]
        if None not in scale and max(cations) < min(anions):
            return ChargeFault.NONE
    return ChargeFault.ELECTRONEGATIVITY if neutral else ChargeFault.NOT_NEUTRAL


elements = st.sampled_from([z for z in range(1, 96) if z not in (2, 10)])
compositions = st.dictionaries(elements, st.integers(1, 4), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(compositions)
def test_every_choice_of_states_is_seen(drawn: dict[int, int]) -> None:
    composition = reduced(tuple(drawn.items()))
    assert charge_fault(composition) == enumerated(composition)


@pytest.mark.parametrize("formula", ["Fe3O4", "LiFePO4", "AlNi3", "C", "NaCl"])
def test_neither_order_nor_cell_matters(formula: str) -> None:
    composition = pairs(formula)
    assert balanced(composition)
    assert balanced(tuple((z, 6 * n) for z, n in composition[::-1]))


@pytest.mark.parametrize("formula", ["Na2Cl", "HeO", "Na4O"])
def test_unbalanced(formula: str) -> None:
    assert not balanced(pairs(formula))
    assert not balanced(())


def test_many_elements_are_judged_exactly() -> None:
    ones = "LiNaKRbCs"
    assert charge_fault(pairs(f"{ones}F5")) == ChargeFault.NONE
    assert charge_fault(pairs(f"{ones}F6")) == ChargeFault.NOT_NEUTRAL
    inert = pairs(f"{ones}MgCaSrBaScYPmF20")  # the electronegativity of promethium is not known
    assert charge_fault(inert) == enumerated(inert) == ChargeFault.ELECTRONEGATIVITY


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(elements, st.sampled_from("abcdefghi")), min_size=1, max_size=5, unique_by=lambda o: o[1]))
def test_generator_and_funnel_agree(orbits: list[tuple[int, str]]) -> None:
    """What the generator calls neutral the stage of the funnel lets pass, on positions of Fd-3m."""
    from crystal_studio.candidates.batch import Candidates
    from crystal_studio.funnel.composition import CompositionStage
    from crystal_studio.funnel.protocol import Batch
    from crystal_studio.generators.checks import is_neutral

    start = int(tables().wyckoff_start[226])
    letters = [str(x) for x in tables().letter[start : int(tables().wyckoff_start[227])]]
    units = AsymmetricUnits(
        np.array([227], np.int16),
        9.0 * np.eye(3)[None],
        np.array([[z for z, _ in orbits]], np.int16),
        np.array([[start + letters.index(letter) for _, letter in orbits]], np.int16),
        np.zeros((1, len(orbits), 3)),
    )
    verdicts = CompositionStage()(Batch(np.arange(1), Candidates.of_units(units)), None)
    (composition,) = reduced_counts(expand(units))
    assert balanced(composition) == verdicts.passed.all()
    assert not is_neutral(units) or verdicts.passed
