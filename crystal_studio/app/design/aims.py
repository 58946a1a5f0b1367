"""How properties and targets are worded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from crystal_studio.app.design.form import Form
from crystal_studio.candidates.registry import quantities


@dataclass(frozen=True)
class Look:
    """How a property is shown: its name, an explanation, the range proposed first, the step of its fields."""

    title: str
    tip: str
    low: float
    high: float
    step: float = 0.1

    @property
    def within(self) -> str:
        """The title as it stands within a sentence: without its capital, unless that belongs to a formula."""
        return self.title if self.title[1:2].isupper() else self.title[:1].lower() + self.title[1:]


LOOKS = {
    "formation_energy_per_atom": Look(
        "Formation energy", "Energy of formation from the elements, per atom: the lower, the more stable", -2.0, -1.0
    ),
    "e_above_hull": Look(
        "Energy above hull",
        "Energy above the convex hull of competing phases, per atom: 0 on the hull, below about 0.1 often makeable",
        0.0,
        0.05,
        0.01,
    ),
    "band_gap": Look("Band gap", "Kohn-Sham gap of the training data (PBE), smaller than the measured one", 1.0, 2.0),
    "density": Look("Density", "Mass density", 4.0, 6.0),
}


def look(name: str, low: float = 0.0, high: float = 1.0) -> Look:
    """How a property is shown; one that has no look of its own is called as in tables, and its whole range proposed."""
    if name in LOOKS:
        return LOOKS[name]
    known = quantities().get(name)
    title = known.title if known else name.replace("_", " ").capitalize()
    step = min(max(10.0 ** round(log10(max(high - low, 1e-6) / 100)), 0.01), 10.0)
    return Look(title, known.description if known else "", *_within(low, high), step)


def _within(low: float, high: float) -> tuple[float, float]:
    """A range with two decimals that leaves nothing outside of the one given."""
    inner = ceil(round(100 * low, 6)) / 100, floor(round(100 * high, 6)) / 100
    return inner if inner[0] < inner[1] else (low, high)


def unit_text(unit: str) -> str:
    """A unit as it is printed: g/cm³."""
    return unit.replace("cm3", "cm³")


def describe_targets(form: Form, units: dict[str, str], pull: Sequence[str] = ()) -> str:
    """The targets in words; ``pull``: how strongly they pull, one phrase an option."""
    parts = []
    for t in form.targets:
        ends = dict.fromkeys((figure_short(t.low), figure_short(t.high)))
        span = f"{' to '.join(ends)} {unit_text(units.get(t.name, ''))}"
        parts.append(f"{look(t.name).within} {span}".strip())
    more = f" ({', '.join(pull)})" if pull else ""
    return f"Aiming at {', '.join(parts)}{more}." if parts else ""


def figure_short(value: float) -> str:
    """A number without needless zeros, with a true minus sign."""
    return f"{value:g}".replace("-", "\u2212")
