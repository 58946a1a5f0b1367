"""What a scatter plot shows, without Qt: its axes, its points, and the best compromises among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.app.explore.columns import bound_note, rank_text
from crystal_studio.app.numbers_text import figure
from crystal_studio.app.typeset import formula_text
from crystal_studio.candidates.objectives import Ranking
from crystal_studio.candidates.pareto import ranks
from crystal_studio.candidates.quantities import AT_MOST, COUNT, NUMBER, Quantity
from crystal_studio.candidates.registry import quantities
from crystal_studio.project.rows import PREFIX


def quantity_of(name: str) -> Quantity:
    """The quantity of an axis, also where it is the predicted one."""
    return quantities()[name.removeprefix(PREFIX)]


def axes() -> dict[str, str]:
    """What can be plotted: the name in filters, and title with unit; every number of the registry."""
    found: dict[str, str] = {}
    for quantity in quantities().values():
        if quantity.kind not in (NUMBER, COUNT):
            continue
        found[quantity.name] = quantity.axis
        if quantity.learned:
            found[PREFIX + quantity.name] = f"Predicted {quantity.axis[:1].lower()}{quantity.axis[1:]}"
    return found


def narrow_axis(name: str) -> str:
    """Symbol and unit of what can be plotted, rich text: "E<sub>hull</sub>, eV/atom"."""
    quantity = quantity_of(name)
    symbol = quantity.symbol or quantity.title
    if name != quantity.name:
        symbol += " pred."
    return f"{symbol}, {quantity.unit}" if quantity.unit else symbol


@dataclass(frozen=True)
class Points:
    """x, y (n,), ids (n,) and formulas of what is drawn; ``total`` candidates have both values. ``front`` (k, 2) are
    those of the candidates on the Pareto front, all of them."""

    x: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    y: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    formulas: tuple[str, ...] = ()
    total: int = 0
    names: tuple[str, str] = ("", "")
    front: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))


def sign(name: str) -> float:
    """1 where the lower of two values counts as better or neither does, -1 where the higher one does."""
    return -1.0 if quantity_of(name).better == "high" else 1.0


def has_front(names: tuple[str, str]) -> bool:
    """Whether one of two properties is better where it is low or high, so that there are best compromises."""
    return any(name and quantity_of(name).better for name in names)


def front_line(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the points that no other point beats in low x and low y, in order of x."""
    front = np.flatnonzero(ranks(np.stack([x, y], 1), deepest=1) == 1)
    return front[np.argsort(x[front], kind="stable")]


def described(points: Points, at: int, beside: Mapping[str, Any] | None = None, ranking: Ranking | None = None) -> str:
    """What a point says when the mouse rests on it: the candidate, both values with their units, and its rank where
    candidates are compared; ``beside`` holds its other values, as in ``Quantity.text``."""
    lines = [f"{formula_text(points.formulas[at])}, candidate {points.ids[at]}"]
    for name, value in zip(points.names, (points.x[at], points.y[at]), strict=True):
        quantity = quantity_of(name)
        title = axes()[name].removesuffix(f", {quantity.unit}")
        bound = "" if name != quantity.name else bound_note(quantity, beside)
        shown = figure(float(value), quantity.digits, quantity.unit)
        lines += [f"{title}: {AT_MOST}{shown}", bound] if bound else [f"{title}: {shown}"]
    if ranking is not None and ranking.objectives:
        lines.append(f"Pareto rank: {rank_text(ranking.rank(int(points.ids[at])))}")
    return "\n".join(lines)


def span(values: NDArray[np.float64], name: str) -> tuple[float, float]:
    """From the least to the greatest, with some room around what is one value or hardly more to its last digit."""
    low, high = float(values.min()), float(values.max())
    digits = quantity_of(name).digits
    room = 0.0 if high - low > 2 * 10.0**-digits else max(abs(low) * 0.1, 20 * 10.0**-digits)
    return low - room, high + room
