"""Charge balance against SMACT itself and against compositions everybody knows."""

from __future__ import annotations

import itertools
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textbook import CRYSTALS, batch

from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.formula import parse_formula
from crystal_studio.funnel.composition import CompositionStage, reason_against
from crystal_studio.funnel.reasons import sentence


def reason(formula: str) -> str:
    found = reason_against(tuple(sorted((atomic_number(s), n) for s, n in parse_formula(formula).items())))
    return "" if found is None else sentence("composition", found.code, found.parameters)


@pytest.mark.parametrize(
    "formula",
    [
        "NaCl",
        "LiMn2O4",
        "Fe3O4",
        "Mn3O4",
        "Fe2O3",
        "BaTiO3",
        "MgAl2O4",
        "GaAs",
        "SiC",
        "CaF2",
        "Cu3Au",
        "Fe",
        "Li2O",
        "PbTe",
    ],
)
def test_real_compounds_pass(formula: str) -> None:
    assert reason(formula) == ""


@pytest.mark.parametrize("formula", ["NaCl2", "Li5O", "KO7", "NaF3", "Na4O"])
def test_unbalanced_compositions_are_named(formula: str) -> None:
    assert "No oxidation states make" in reason(formula) or "Pauling" in reason(formula)


def test_reasons_say_why() -> None:
    assert reason("Na4O") == "No oxidation states make Na4O charge neutral (Na +1; O -2, -1, +2)."
    assert reason("PmSn").startswith("PmSn is charge neutral only with cations more electronegative than its anions")
    assert "no known oxidation state" in reason("HeO")


def test_textbook_crystals_pass() -> None:
    verdicts = CompositionStage()(batch(*CRYSTALS), None)
    assert verdicts.passed.all(), verdicts.reasons


def test_many_states_and_many_atoms_end_quickly() -> None:
    """SMACT's product over oxidation states of this composition has some 10^18 members."""
    start = time.monotonic()
    reason("Fe23Mn19Co17Ni13V11Cr7N29O31S37")
    assert time.monotonic() - start < 200


ELEMENTS = ["Li", "Na", "Mg", "Fe", "Mn", "Ti", "Al", "Si", "O", "S", "F", "N", "Cl", "H", "Sn", "As", "Ni", "La"]


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(ELEMENTS), st.integers(1, 3), min_size=2, max_size=3))
def test_agrees_with_smact(composition: dict[str, int]) -> None:
    from smact.screening import smact_validity

    formula = "".join(f"{s}{n}" for s, n in composition.items())
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # SMACT warns where it gives up
        assert (reason(formula) == "") == smact_validity(formula, mixed_valence=True)


def test_order_of_elements_does_not_matter() -> None:
    answers = {reason("".join(p)) for p in itertools.permutations(["Li", "Mn2", "O4"])}
    assert answers == {""}
