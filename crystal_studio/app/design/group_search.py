"""Finding space groups by what a designer types: numbers, ranges, symbols of any setting, systems, point groups."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from crystal_studio.app.catalogue import GroupInfo

_RANGE = re.compile(r"(\d{1,3})(?:-|\.\.+|to)(\d{0,3})")
_BAR = re.compile("(\\d)[\u0304\u0305]")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
SHORTEST = 3
"""Letters from which the beginning of a symbol in another setting is enough."""


@dataclass(frozen=True)
class Found:
    """``numbers`` of the groups that match; ``named``: those meant one by one; ``alias``: the symbol in another
    setting or notation by which the only one was found, and its group; ``whole``: not by its beginning alone."""

    numbers: frozenset[int]
    named: tuple[int, ...] = ()
    alias: tuple[str, int] | None = None
    whole: bool = True


def find(groups: Sequence[GroupInfo], query: str) -> Found:
    """Groups that a text means: all for an empty one; parts between commas are joined ("61-64, 225, Pbnm")."""
    parts = [p for p in re.split(r"[,;]", query) if p.strip()]
    if not parts:
        return Found(frozenset(g.number for g in groups))
    many = len(parts) > 1 or bool(re.search(r"[,;]", query))
    found = [_part(groups, part, many) for part in parts]
    return Found(
        frozenset().union(*(f.numbers for f in found)),
        tuple(sorted({n for f in found for n in f.named})),
        found[0].alias if len(found) == 1 else None,
    )


def normalised(text: str) -> str:
    """A symbol or query for comparison: "P 63/mmc", "P6_3/mmc", "P6₃/mmc" and "p63/mmc" are the same."""
    text = _BAR.sub(r"-\1", unicodedata.normalize("NFKC", text)).translate(_DASHES)
    return re.sub(r"[\s_^]", "", text).lower()


def _part(groups: Sequence[GroupInfo], part: str, exact: bool) -> Found:
    query = normalised(part)
    span = _RANGE.fullmatch(query)
    if span:
        low, high = sorted((int(span[1]), int(span[2] or len(groups))))
        return _named([g.number for g in groups if low <= g.number <= high])
    if query.isdigit():
        same = [g.number for g in groups if g.number == int(query)]
        if exact:
            return _named(same)
        return Found(frozenset(g.number for g in groups if str(g.number).startswith(query)), tuple(same))
    usual = frozenset(g.number for g in groups if _usual(g, query))
    elsewhere = _elsewhere(groups, query)
    if not usual:
        return elsewhere
    numbers = usual | elsewhere.numbers if elsewhere.whole else usual
    return Found(numbers, tuple(g.number for g in groups if normalised(g.symbol) == query))


def _named(numbers: list[int]) -> Found:
    return Found(frozenset(numbers), tuple(numbers))


def _usual(group: GroupInfo, query: str) -> bool:
    """Whether a text is a part of the symbol in the standard setting, a crystal system or a point group."""
    symbol = normalised(group.symbol)
    return (
        query in symbol
        or query in symbol.replace("-", "")
        or group.system.startswith(query)
        or normalised(group.point_group) == query
    )


def _elsewhere(groups: Sequence[GroupInfo], query: str) -> Found:
    """Groups that have a text as their symbol in another setting or notation, or else as its beginning."""
    # "D2h^16" is a Schoenflies symbol; its point group D2h means all of that point group.
    whole = {g.number: s for g in groups for s in g.aliases if query in (normalised(s), normalised(s.split("^")[0]))}
    begun = {g.number: s for g in groups for s in g.aliases if normalised(s).startswith(query)}
    found = whole or (begun if len(query) >= SHORTEST else {})
    alias = next(((symbol, number) for number, symbol in found.items()), None) if len(found) == 1 else None
    return Found(frozenset(found), tuple(whole) if len(whole) == 1 else (), alias, bool(whole))
