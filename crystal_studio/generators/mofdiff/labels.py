"""What is known of the pores of a framework, as numbers of order one: what z is to tell, and what a request aims at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Label:
    """One quantity: its name and unit, and its scale; ``to_scale`` keeps NaN."""

    name: str
    unit: str
    to_scale: Callable[[NDArray], NDArray]


LABELS = (
    Label("lcd", "Å", lambda v: (np.log(np.maximum(v, 0.5)) - 1.8) / 0.4),
    Label("pld", "Å", lambda v: (np.log(np.maximum(v, 0.5)) - 1.45) / 0.4),
    Label("surface_area", "m²/g", lambda v: (np.sqrt(np.maximum(v, 0)) - 27) / 20),
    Label("void_fraction", "", lambda v: (np.clip(v, 0, 1) - 0.54) / 0.115),
)
NAMES = tuple(label.name for label in LABELS)


def scaled(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """(B, P) values in the units of ``LABELS`` as numbers of order one; NaN stays NaN."""
    return np.stack([label.to_scale(values[:, i]) for i, label in enumerate(LABELS)], 1).astype(np.float32)
