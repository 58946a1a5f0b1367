"""What candidates are compared in: quantities that are to be low, high, or near a range."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.registry import quantities
from crystal_studio.errors import RequestError

LOW, HIGH, NEAR = "low", "high", "near"
MOST = 4
EXAMPLE = "e_hull:low band_gap=1:2 density:low"
_LEARNED = "predicted_"


@dataclass(frozen=True)
class Objective:
    """A column of the candidates (``e_hull``, ``predicted_band_gap``, ``e_hull@chgnet``) and what it should be:
    ``wish`` is "low", "high", or "near" the range from ``low`` to ``high``, in the unit of the quantity."""

    name: str
    wish: str
    low: float = 0.0
    high: float = 0.0

    def __str__(self) -> str:
        return f"{self.name}={self.low:g}:{self.high:g}" if self.wish == NEAR else f"{self.name}:{self.wish}"

    @property
    def in_words(self) -> str:
        """Such as "band gap near 1 to 2 eV"."""
        quantity = quantities().get(re.split("[@.]", self.name)[0].removeprefix(_LEARNED))
        title = quantity.title if quantity else self.name
        title = title if title[1:2].isupper() else title[:1].lower() + title[1:]
        title = f"predicted {title}" if self.name.startswith(_LEARNED) else title
        if self.wish != NEAR:
            return f"{self.wish} {title}"
        unit = f" {quantity.unit}" if quantity and quantity.unit else ""
        return f"{title} near {self.low:g} to {self.high:g}{unit}"

    def costs(self, values: NDArray) -> NDArray[np.float64]:
        """(n,) of which less is better: the value, its negative, or the distance from the range; NaN for none."""
        values = np.asarray(values, float)
        if self.wish == NEAR:
            return np.maximum(np.maximum(self.low - values, values - self.high), 0.0)
        return values if self.wish == LOW else -values


@dataclass(frozen=True)
class Ranking:
    """ids (n,) ascending, ranks (n,) as in ``pareto.ranks``, and the objectives as they were read."""

    ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ranks: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    objectives: tuple[Objective, ...] = ()

    @property
    def front(self) -> NDArray[np.int64]:
        """Ids of those that no other beats."""
        return self.ids[self.ranks == 1]

    @property
    def compared(self) -> int:
        """How many have all the values."""
        return int((self.ranks > 0).sum())

    def rank(self, candidate_id: int) -> int:
        """0 where it is not among those compared."""
        at = int(np.searchsorted(self.ids, candidate_id))
        return int(self.ranks[at]) if at < len(self.ids) and self.ids[at] == candidate_id else 0

    def sorted(self, ids: NDArray[np.int64], descending: bool = False) -> NDArray[np.int64]:
        """The ids by rank, equals as they stand, those without a rank last."""
        at = np.minimum(np.searchsorted(self.ids, ids), max(len(self.ids) - 1, 0))
        found = np.where(self.ids[at] == ids, self.ranks[at], 0) if len(self.ids) else np.zeros(len(ids), np.int64)
        key = np.where(found > 0, -found if descending else found, np.iinfo(np.int64).max)
        return ids[np.argsort(key, kind="stable")]


def parse(text: str) -> tuple[Objective, ...]:
    """From "e_hull:low band_gap=1:2 density": one to four; without a wish what the quantity is better at.

    Raises ``RequestError``.
    """
    found = tuple(_one(part) for part in re.findall(r"(?:[^\s']|'[^']*')+", text))
    names = [objective.name for objective in found]
    if not 1 <= len(found) <= MOST:
        raise RequestError(f"Name one to {MOST} quantities to compare candidates in, like {EXAMPLE}.", "pareto")
    for name in names:
        if names.count(name) > 1:
            raise RequestError(f"{name} is named twice: compare candidates once in each quantity.", "pareto")
    return found


def _one(text: str) -> Objective:
    name, equals, span = text.rpartition("=")
    if equals:
        first, _, last = span.partition(":")
        try:
            low, high = float(first), float(last or first)
        except ValueError:
            raise RequestError(f"{text!r} has no range: write it like band_gap=1:2.", "pareto") from None
        if not (name and isfinite(low) and isfinite(high) and low <= high):
            raise RequestError(f"{text!r} has no range from low to high: write it like band_gap=1:2.", "pareto")
        return Objective(name, NEAR, low, high)
    name, colon, wish = text.rpartition(":")
    if colon and wish in (LOW, HIGH) and name:
        return Objective(name, wish)
    known = quantities().get(text.removeprefix(_LEARNED))
    if known is not None and known.better:
        return Objective(text, known.better)
    raise RequestError(
        f"{text!r} does not say what is better: write {text}:low, {text}:high or a range like {text}=1:2."
        if known is not None
        else f"{text!r} is no quantity with a wish: write it like e_hull:low, density:high or band_gap=1:2.",
        "pareto",
    )
