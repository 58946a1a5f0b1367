"""How far a potential errs on its reference hull, as its card says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crystal_studio.data.hull import hull_path

BORDER = 0.08
"""eV/atom above the hull: below it lie the phases that the error is measured on first, above it the less stable."""


@dataclass(frozen=True)
class ErrorBand:
    """Mean absolute error (eV/atom) of the energy above hull against the Materials Project's own.

    below, above : for crystals up to ``BORDER`` above the hull, and beyond
    """

    below: float
    above: float

    def at(self, e_hull: ArrayLike) -> NDArray[np.float64]:
        """The half-width of the band at energies above hull (eV/atom); NaN where those are."""
        energy = np.asarray(e_hull, float)
        return np.where(np.isnan(energy), np.nan, np.where(energy <= BORDER, self.below, self.above))


def read_card(potential: str) -> dict[str, Any]:
    """The card beside the hull of a potential; empty where there is none or it cannot be read."""
    try:
        card = json.loads(hull_path(potential).with_suffix(".card.json").read_text())
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


def model_error(potential: str) -> ErrorBand | None:
    """The error of a potential on its hull, as measured on known crystals; None where nobody has measured it."""
    card = read_card(potential)
    try:
        below, above = (
            float(card[f"validation_{side}_80_mev"]["e_above_hull_mae_mev"]) / 1000 for side in ("below", "above")
        )
    except (KeyError, TypeError, ValueError):
        return None
    return ErrorBand(below, above)
