"""What is said of an exact composition while it is written."""

from __future__ import annotations

import math
from collections.abc import Sequence

from crystal_studio.app.catalogue import Catalogue
from crystal_studio.app.design.form import Form
from crystal_studio.app.numbers_text import count, plural
from crystal_studio.app.typeset import formula_html, hm_html

MANY = 1_000_000
MOST_SHOWN = 6


def composition_note(form: Form, units: Sequence[tuple[int, Sequence[tuple[int, float]]]], catalogue: Catalogue) -> str:
    """How many formula units the groups hold in their primitive cells, and with how many sets of positions."""
    if not form.composition or not units:
        return ""
    formula = formula_html(form.composition)
    symbols = {g.number: hm_html(g.symbol) for g in catalogue.groups}
    if len(units) == 1:
        group, held = units[0]
        text = ", ".join(f"{k} ({sets(n, i == 0)})" for i, (k, n) in enumerate(held[:MOST_SHOWN]))
        more = f" and up to {held[-1][0]}" if len(held) > MOST_SHOWN else ""
        name = symbols.get(group, f"Space group {group}")
        what = "Formula units of" if len(held) > 1 or held[0][0] > 1 else "Formula unit of"
        return f"{what} {formula} that a primitive cell of {name} holds: {text}{more}."
    holding = [g for g, held in units if held]
    names = ", ".join(symbols.get(g, str(g)) for g in holding)
    if len(holding) == len(units):
        return f"All {len(units)} groups can hold {formula}."
    return f"{plural(len(holding), 'group')} of {len(units)} can hold {formula}: {names}."


def sets(number: float, named: bool = True) -> str:
    """A number of sets of Wyckoff positions; in words where it is the first."""
    if math.isnan(number):
        return "possible"
    text = count(number) if number <= MANY else "over a million"
    what = "set of Wyckoff positions" if round(number) == 1 else "sets of Wyckoff positions"
    return f"{text} {what}" if named else text
