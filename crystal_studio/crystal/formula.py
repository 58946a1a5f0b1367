"""Formulas as people write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from crystal_studio.crystal.elements import atomic_number
from crystal_studio.errors import RequestError

_TOKEN = re.compile(r"([A-Z][a-z]?)(\d*)|(\()|\)(\d*)")


def parse_formula(text: str) -> dict[str, int]:
    """Atoms of each element of a formula such as "LiMn2O4" or "Ca3(PO4)2"; raises ``RequestError``."""
    text = text.strip()
    open_groups: list[dict[str, int]] = [{}]
    at = 0
    for match in _TOKEN.finditer(text):
        if match.start() != at:
            break
        symbol, number, opening, times = match.groups()
        if opening:
            open_groups.append({})
        elif symbol:
            atomic_number(symbol)
            open_groups[-1][symbol] = open_groups[-1].get(symbol, 0) + int(number or 1)
        elif len(open_groups) == 1 or not open_groups[-1]:
            break
        else:
            inner = open_groups.pop()
            for symbol, count in inner.items():
                open_groups[-1][symbol] = open_groups[-1].get(symbol, 0) + count * int(times or 1)
        at = match.end()
    counts = open_groups[0]
    if not text or at != len(text) or len(open_groups) > 1 or 0 in counts.values():
        raise RequestError(f"{text!r} is not a formula: write it like LiMn2O4 or Ca3(PO4)2.", "composition")
    return counts


def hill(symbols: Iterable[str]) -> str:
    """The formula of atoms in Hill order: carbon, hydrogen, then by symbol; all by symbol where there is no carbon."""
    found = Counter(symbols)
    first = [symbol for symbol in ("C", "H") if "C" in found and symbol in found]
    names = first + sorted(symbol for symbol in found if symbol not in first)
    return "".join(f"{symbol}{found[symbol] if found[symbol] > 1 else ''}" for symbol in names)
