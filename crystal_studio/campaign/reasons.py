"""Reasons of rejection, sorted into kinds that can be counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

_ASIDE = re.compile(r"\s*\([^)]*\)")
_NUMBER = re.compile(r"(?<![\w^.-])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)")


def kind(reason: str) -> str:
    """The reason without what differs between candidates: numbers, asides, what follows a colon."""
    return _NUMBER.sub("…", _ASIDE.sub("", reason).split(":")[0]).strip().rstrip(".")


def by_kind(reasons: Mapping[str, int]) -> dict[str, int]:
    """Counts of reasons added up by kind, the most frequent first."""
    counts: Counter[str] = Counter()
    for reason, number in reasons.items():
        counts[kind(reason)] += number
    return dict(counts.most_common())
