"""Filters: what SQL finds is what the same expression means in Python, and mistakes are named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert, select

from crystal_studio.errors import RequestError
from crystal_studio.project import filters
from crystal_studio.project.schema import candidates, metadata

_FORMULAS = {"LiMn2O4": "Li-Mn-O", "NaCl": "Cl-Na", "C": "C", "CaO": "Ca-O"}


def _row(i: int, formula: str, group: int, e_hull: float | None, novel: bool | None) -> dict:
    return {
        "id": i + 1, "campaign_id": 1, "number": i, "formula": formula, "chemsys": _FORMULAS[formula],
        "space_group": group, "detected_space_group": None, "n_atoms": 8, "n_orbits": 2, "volume": 100.0,
        "volume_per_atom": 12.5, "density": 2.0, "stage": "", "status": "pending", "reason": "",
        "e_hull": e_hull, "novel": novel, "source": "", "created": "",
    }  # fmt: skip


_ROWS = st.lists(
    st.tuples(
        st.sampled_from(sorted(_FORMULAS)),
        st.sampled_from([1, 166, 225, 227]),
        st.none() | st.sampled_from([-0.1, 0.0, 0.05, 0.3]),
        st.none() | st.booleans(),
    ),
    min_size=1,
    max_size=6,
)
_ATOMS = st.sampled_from(
    [
        "space_group == 225", "space_group in (166, 227)", "1 < space_group <= 226", "formula == 'NaCl'",
        "formula != 'C'", "'Li' in elements", "'C' in elements", "'Ca' not in elements", "'Mn' in formula",
        "formula not in ['C', 'CaO']", "0.0 <= n_orbits", "space_group > -3", "True", "False",
        "e_hull is None", "e_hull is not None", "novel is None", "e_hull == None",
    ]
)  # fmt: skip
_EXPRESSIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        inner.map(lambda e: f"not ({e})"),
    ),
    max_leaves=6,
)


def _found(rows: list[dict], text: str) -> list[int]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(candidates), rows)
        return list(connection.scalars(select(candidates.c.id).where(filters.parse(text)).order_by(candidates.c.id)))


@settings(max_examples=60, deadline=None)
@given(_ROWS, _EXPRESSIONS)
def test_sql_agrees_with_python(rows: list[tuple], expression: str) -> None:
    records = [_row(i, *row) for i, row in enumerate(rows)]
    wanted = [r["id"] for r in records if eval(expression, {}, r | {"elements": r["chemsys"].split("-")})]
    assert _found(records, expression) == wanted


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_a_named_mistake(text: str) -> None:
    try:
        filters.parse(text)
    except RequestError as error:
        assert str(error) and error.field in ("where", "chemsys")


def test_missing_values_match_no_comparison() -> None:
    rows = [_row(0, "C", 1, None, None), _row(1, "C", 1, 0.2, True), _row(2, "C", 1, 0.01, False)]
    assert _found(rows, "e_hull < 0.1") == [3]
    assert _found(rows, "not e_hull < 0.1") == [2]
    assert _found(rows, "novel") == [2]
    assert _found(rows, "not novel") == [3]
    assert _found(rows, "novel == True") == [2]
    assert _found(rows, "novel is False") == [3]
    assert _found(rows, "") == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("e_hul < 0.1", "e_hull"),
        ("e_hull = 0.1", "=="),
        ("e_hull <", "cannot be read"),
        ("formula < 3", "text"),
        ("space_group == 'Fm-3m'", "number"),
        ("'Xx' in elements", "not a chemical element"),
        ("Li in elements", "quotes"),
        ("elements == 'Li'", "in elements"),
        ("e_hull", "neither true nor false"),
        ("e_hull + 1 < 2", "not a number"),
        ("__import__('os').system('true')", "neither true nor false"),
        ("(lambda: 1)() == 1", "not a number"),
        ("space_group in formula", "quotes"),
        ("space_group == 1" + "0" * 30, "not a number"),
        ("novel < True", "=="),
        ("(" * 500 + "1" + ")" * 500, "cannot be read"),
        ("e_hull < 1 or " * 300 + "novel", "longer"),
    ],
)
def test_mistakes_are_named(text: str, says: str) -> None:
    with pytest.raises(RequestError, match=says.replace("(", r"\(")):
        filters.parse(text)


def test_quotes_cannot_leave_their_text() -> None:
    rows = [_row(0, "C", 1, None, None)]
    assert _found(rows, """formula == "C' OR '1'='1" """) == []
