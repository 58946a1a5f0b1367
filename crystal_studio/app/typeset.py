"""Crystallographic symbols and chemical formulas as a printed page shows them.

``*_html`` gives Qt rich text (labels, delegates, tooltips); ``*_text`` gives plain
Unicode for places that take no markup (window titles, logs, screen readers).
"""

from __future__ import annotations

import re
from html import escape

_SUBSCRIPTS = str.maketrans("0123456789+-xyn", "₀₁₂₃₄₅₆₇₈₉₊₋ₓᵧₙ")
_OVERLINE = "\u0305"  # combining overline, drawn over the character before it
_HM_TOKEN = re.compile(r"-(?P<bar>\d)|_(?P<sub>\d)|(?P<italic>[A-Za-z]+)|(?P<other>.)")
_COUNT = re.compile(r"(?<=[A-Za-z)\]])(\d+(?:\.\d+)?)")


def hm_html(symbol: str) -> str:
    """A Hermann-Mauguin symbol ("Fm-3m", "P6_3/mmc", site symmetry ".-3m") as rich text.

    Letters are italic, screw components subscripts, rotoinversions have an overbar,
    as in the International Tables.
    """
    parts = []
    for match in _HM_TOKEN.finditer(symbol):
        if match["bar"]:
            parts.append(f'<span style="text-decoration: overline">{match["bar"]}</span>')
        elif match["sub"]:
            parts.append(f"<sub>{match['sub']}</sub>")
        elif match["italic"]:
            parts.append(f"<i>{match['italic']}</i>")
        else:
            parts.append(escape(match["other"]))
    return "".join(parts)


def hm_text(symbol: str) -> str:
    """The same symbol in plain Unicode: "Fm3̅m", "P6₃/mmc"."""
    symbol = re.sub(r"-(\d)", lambda m: m[1] + _OVERLINE, symbol)
    return re.sub(r"_(\d)", lambda m: m[1].translate(_SUBSCRIPTS), symbol)


def formula_html(formula: str) -> str:
    """A formula ("LiMn2O4", "Mg(OH)2", "Li0.5CoO2") with its counts as subscripts, as rich text."""
    return _COUNT.sub(r"<sub>\1</sub>", escape(formula))


def formula_text(formula: str) -> str:
    """The same formula in plain Unicode: "LiMn₂O₄"."""
    return _COUNT.sub(lambda m: m[1].translate(_SUBSCRIPTS), formula)
