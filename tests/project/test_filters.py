"""Filters: what SQL finds is what the same expression means in Python, and mistakes are named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert, select

from crystal_studio.candidates.quantities import Quantity
from crystal_studio.candidates.registry import quantities as quantities_known
from crystal_studio.errors import RequestError
from crystal_studio.project import filters, terms
from crystal_studio.project.schema import (
    HEADLINE,
    PREDICTED,
    candidates,
    metadata,
    methods,
    quantities,
    quantity_names,
)

_FORMULAS = {"LiMn2O4": "Li-Mn-O", "NaCl": "Cl-Na", "C": "C", "CaO": "Ca-O"}
_NUMBERS = {"e_hull": 1, "novel": 2, "band_gap": 3, "colour": 4}
_WAYS = {"chgnet": (1, "potential"), "properties-mp20-like": (2, "learned"), "mace": (3, "potential")}


def _row(i: int, formula: str, group: int, e_hull: float | None, novel: bool | None) -> dict:
    return {
        "id": i + 1, "campaign_id": 1, "number": i, "formula": formula, "chemsys": _FORMULAS[formula],
        "space_group": group, "asked_space_group": None, "n_atoms": 8, "n_orbits": 2, "volume": 100.0,
        "volume_per_atom": 12.5, "density": 2.0, "geometry": "generated", "stage": "", "status": "pending",
        "reason": "", "parameters": "", "source": "", "created": "", "checksum": 0,
        "e_hull": e_hull, "novel": novel,
    }  # fmt: skip


def _value(candidate: int, name: str, value: float, method: str = "chgnet", headline: int | None = HEADLINE) -> dict:
    return {
        "candidate": candidate, "quantity": _NUMBERS[name], "method": _WAYS[method][0], "value": value, "label": None,
        "uncertainty": value / 10, "headline": headline, "checksum": 0,
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
        "e_hull is not None and e_hull < 0.1", "e_hull is None or e_hull in (0.05, 0.3)", "asked_space_group is None",
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


def _found(rows: list[dict], text: str, more: tuple[dict, ...] = ()) -> list[int]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    values = [_value(r["id"], name, r[name]) for r in rows for name in ("e_hull", "novel") if r[name] is not None]
    with engine.begin() as connection:
        own = [{k: v for k, v in r.items() if k in candidates.c} for r in rows]
        connection.execute(insert(candidates), own)
        connection.execute(
            insert(quantity_names),
            [{"id": i, "name": name, "unit": "", "kind": "number", "checksum": 0} for name, i in _NUMBERS.items()],
        )
        connection.execute(
            insert(methods),
            [{"id": i, "name": name, "kind": kind, "title": "", "checksum": 0} for name, (i, kind) in _WAYS.items()],
        )
        if values or more:
            connection.execute(insert(quantities), [*values, *more])
        chosen = select(candidates.c.id).where(filters.parse(text, ways=_WAYS)).order_by(candidates.c.id)
        return list(connection.scalars(chosen))


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


def test_values_by_method_predictions_and_their_uncertainty() -> None:
    rows = [_row(i, "C", 1, None, None) for i in range(4)]
    more = (
        _value(1, "e_hull", 0.1),
        _value(1, "e_hull", 0.4, "mace", None),
        _value(1, "e_hull", 0.2, "properties-mp20-like", PREDICTED),
        _value(2, "e_hull", 0.3, "mace"),
        _value(3, "e_hull", 0.05, "properties-mp20-like", PREDICTED),
    )
    for text, wanted in (
        ("e_hull < 0.35", [1, 2]),
        ("e_hull@mace < 0.35", [2]),
        ("e_hull@'mace' > 0.35 and e_hull < 0.2", [1]),
        ("predicted_e_hull <= 0.2", [1, 3]),
        ("predicted_e_above_hull <= 0.1", [3]),
        ("e_hull@'properties-mp20-like' <= 0.1", [3]),
        ("e_hull.uncertainty < 0.02", [1]),
        ("e_hull@mace.uncertainty > 0.035", [1]),
        ("predicted_e_above_hull_std < 0.01", [3]),
        ("e_hull < predicted_e_hull", [1]),
        ("not e_hull < 0.2", [2]),
        ("not predicted_e_hull < 0.1", [1]),
        ("e_hull is None", [3, 4]),
        ("detected_space_group == 1", [1, 2, 3, 4]),
    ):
        assert _found(rows, text, more) == wanted, text


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
        ("e_hull@vasp < 1", "chgnet, mace, properties-mp20-like"),
        ("formula@chgnet == 'C'", "no column 'formula@chgnet'"),
        ("e_hull.mean < 1", "no column 'e_hull.mean'"),
        ("density.uncertainty < 1", "no column"),
        ("colour < 1", "no column 'colour'"),
    ],
)
def test_mistakes_are_named(text: str, says: str) -> None:
    with pytest.raises(RequestError, match=says.replace("(", r"\(")):
        filters.parse(text, ways=_WAYS)


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("e_h", "e_hull, e_hull_spread"),
        ("E_Hull", "e_hull, e_hull_spread"),
        ("gap", "band_gap, predicted_band_gap"),
        ("densty", "density"),
        ("e_hul.uncertainty", "e_hull, e_hull_spread"),
    ],
)
def test_names_that_are_like_an_unknown_one_are_named_alone(name: str, like: str) -> None:
    with pytest.raises(RequestError, match=rf"no column '{name}': perhaps {like}") as raised:
        filters.parse(f"{name} < 1", ways=_WAYS)
    assert "campaign_id" not in str(raised.value)


def test_a_name_like_no_other_is_told_all_of_them() -> None:
    with pytest.raises(RequestError, match="use one of id, campaign_id"):
        filters.parse("xqzw < 1", ways=_WAYS)


def test_a_quantity_of_an_extension_that_is_gone_is_known_by_the_file() -> None:
    known = quantities_known() | {"colour": Quantity("colour", "Colour")}
    assert "colour" in terms.names(known)
    filters.parse("colour < 1", known)


def test_quotes_cannot_leave_their_text() -> None:
    rows = [_row(0, "C", 1, None, None)]
    assert _found(rows, """formula == "C' OR '1'='1" """) == []
