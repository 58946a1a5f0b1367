"""Symbols and formulas come out as in the International Tables."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crystal_studio.app.typeset import formula_html, formula_text, hm_html, hm_text

BAR = '<span style="text-decoration: overline">%s</span>'


@pytest.mark.parametrize(
    ("symbol", "html", "text"),
    [
        ("Fm-3m", f"<i>Fm</i>{BAR % 3}<i>m</i>", "Fm3̅m"),
        ("P6_3/mmc", "<i>P</i>6<sub>3</sub>/<i>mmc</i>", "P6₃/mmc"),
        ("P2_12_12_1", "<i>P</i>2<sub>1</sub>2<sub>1</sub>2<sub>1</sub>", "P2₁2₁2₁"),
        (".-3m", f".{BAR % 3}<i>m</i>", ".3̅m"),
        ("-42m..", f"{BAR % 4}2<i>m</i>..", "4̅2m.."),
    ],
)
def test_hermann_mauguin(symbol, html, text):
    assert hm_html(symbol) == html
    assert hm_text(symbol) == text


@pytest.mark.parametrize(
    ("formula", "html", "text"),
    [
        ("LiMn2O4", "LiMn<sub>2</sub>O<sub>4</sub>", "LiMn₂O₄"),
        ("Mg(OH)2", "Mg(OH)<sub>2</sub>", "Mg(OH)₂"),
        ("Li0.5CoO2", "Li<sub>0.5</sub>CoO<sub>2</sub>", "Li₀.₅CoO₂"),
        ("NaCl", "NaCl", "NaCl"),
    ],
)
def test_formula(formula, html, text):
    assert formula_html(formula) == html
    assert formula_text(formula) == text


@given(st.text(alphabet="PIFCRAmnabcde0123456789/_-<>& ", max_size=20))
def test_markup_never_leaks(symbol):
    """Whatever is typed, the rich text holds only our own tags."""
    tags = set(re.findall(r"<[^>]*>", hm_html(symbol))) | set(re.findall(r"<[^>]*>", formula_html(symbol)))
    assert tags <= {"<i>", "</i>", "<sub>", "</sub>", '<span style="text-decoration: overline">', "</span>"}
