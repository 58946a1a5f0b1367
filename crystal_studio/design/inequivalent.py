"""Numbers of inequivalent atoms of each element, as they are typed: "Ca:1 Ti:1 O:2"."""

from __future__ import annotations

import re
from collections.abc import Mapping

from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.errors import RequestError

_COUNT = re.compile(r"^([A-Z][a-z]?)\s*[:=]\s*(\d{1,3})$")


def parse(text: str) -> dict[str, int]:
    """How many orbits each element has; raises ``RequestError`` (field "inequivalent")."""
    found: dict[str, int] = {}
    for part in re.split(r"[,;]|\s+(?=[A-Za-z])", text.strip()):
        if not part.strip():
            continue
        match = _COUNT.match(part.strip())
        if match is None or match.group(1) not in SYMBOLS[1:] or not int(match.group(2)):
            raise RequestError(
                f"{part.strip()!r} is no number of inequivalent atoms: write them like Ca:1 Ti:1 O:2.", "inequivalent"
            )
        if match.group(1) in found:
            raise RequestError(f"{match.group(1)} stands there twice: give one number for it.", "inequivalent")
        found[match.group(1)] = int(match.group(2))
    return found


def as_text(counts: Mapping[str, int]) -> str:
    """The inverse."""
    return " ".join(f"{symbol}:{count}" for symbol, count in counts.items())
