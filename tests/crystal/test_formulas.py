"""Formulas are read as they are written, groups in parentheses included."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core import Composition

from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.formula import parse_formula
from crystal_studio.errors import RequestError

_ELEMENT = st.tuples(st.sampled_from(SYMBOLS[1:93]), st.integers(1, 30)).map(lambda p: f"{p[0]}{p[1]}")
_GROUP = st.tuples(st.lists(_ELEMENT, min_size=1, max_size=3), st.integers(1, 12)).map(
    lambda p: f"({''.join(p[0])}){p[1]}"
)


@pytest.mark.parametrize(
    "formula, counts",
    [
        ("LiMn2O4", {"Li": 1, "Mn": 2, "O": 4}),
        ("Ca3(PO4)2", {"Ca": 3, "P": 2, "O": 8}),
        ("Ca5(PO4)3(OH)", {"Ca": 5, "P": 3, "O": 13, "H": 1}),
        ("K(Al(SO4)2)3", {"K": 1, "Al": 3, "S": 6, "O": 24}),
    ],
)
def test_groups_count_as_often_as_they_say(formula: str, counts: dict[str, int]) -> None:
    assert parse_formula(formula) == counts


@given(st.lists(st.one_of(_ELEMENT, _GROUP), min_size=1, max_size=5))
def test_any_formula_reads_as_pymatgen_reads_it(parts: list[str]) -> None:
    text = "".join(parts)
    assert parse_formula(text) == {str(e): n for e, n in Composition(text).items()}


@pytest.mark.parametrize("text", ["", "()", "Ca3(PO4", "PO4)2", "Ca3(PO4)0", "Ca3[PO4]2", "()2O", "Xx2", "2O", "Ca 3"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(RequestError):
        parse_formula(text)
