"""Reasons of rejection, sorted into kinds that can be counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from crystal_studio.crystal.elements import SYMBOLS

_ASIDE = re.compile(r"\s*\([^)]*(?:\)|$)")  # also one that was cut off
_FORMULA = re.compile(r"\b(?:[A-Z][a-z]?\d*){2,}\b|\b[A-Z][a-z]?\d+\b(?!/)")
_NUMBER = re.compile(r"(?<![\w^.-])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)")


def kind(reason: str) -> str:
    """The reason without what differs between candidates: numbers, formulas, asides, what follows a colon."""
    words = _FORMULA.sub(_without_formula, _ASIDE.sub("", reason).split(":")[0])
    return _NUMBER.sub("…", words).strip().rstrip(".")


def _without_formula(found: re.Match[str]) -> str:
    """An ellipsis for what is a formula, the word itself for what only looks like one."""
    symbols = re.findall(r"[A-Z][a-z]?", found[0])
    return "…" if all(s in SYMBOLS for s in symbols) else found[0]


def by_kind(reasons: Mapping[str, int]) -> dict[str, int]:
    """Counts of reasons added up by kind, the most frequent first."""
    counts: Counter[str] = Counter()
    for reason, number in reasons.items():
        counts[kind(reason)] += number
    return dict(counts.most_common())
