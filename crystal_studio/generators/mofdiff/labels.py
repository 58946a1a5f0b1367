"""What is known of a framework's pores and of the CO2 that it gives back, as numbers of order one: what z is to tell,
and what a request aims at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Label:
    """One quantity: its name and unit, and its scale and back; both keep NaN.

    kept : what stays as it is where blocks are exchanged for others whose points lie alike: "nodes" where nodes are,
        "" where none are
    """

    name: str
    unit: str
    to_scale: Callable[[NDArray], NDArray]
    from_scale: Callable[[NDArray], NDArray]
    kept: str = "nodes"


LABELS = (
    Label("lcd", "Å", lambda v: (np.log(np.maximum(v, 0.5)) - 1.8) / 0.4, lambda x: np.exp(0.4 * x + 1.8)),
    Label("pld", "Å", lambda v: (np.log(np.maximum(v, 0.5)) - 1.45) / 0.4, lambda x: np.exp(0.4 * x + 1.45)),
    Label(
        "surface_area",
        "m²/g",
        lambda v: (np.sqrt(np.maximum(v, 0)) - 27) / 20,
        lambda x: np.maximum(20 * x + 27, 0) ** 2,
        "",
    ),
    Label("void_fraction", "", lambda v: (np.clip(v, 0, 1) - 0.54) / 0.115, lambda x: np.clip(0.115 * x + 0.54, 0, 1)),
    Label(
        "co2_working_capacity",
        "mmol/g",
        lambda v: (np.sqrt(np.maximum(v, 0)) - 1) / 0.45,
        lambda x: np.maximum(0.45 * x + 1, 0) ** 2,
        "",
    ),
)
NAMES = tuple(label.name for label in LABELS)


def scaled(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """(B, P) values in the units of ``LABELS`` as numbers of order one; NaN stays NaN."""
    return np.stack([label.to_scale(values[:, i]) for i, label in enumerate(LABELS)], 1).astype(np.float32)


def unscaled(numbers: NDArray) -> NDArray[np.float64]:
    """The reverse of ``scaled``."""
    return np.stack([label.from_scale(numbers[:, i].astype(float)) for i, label in enumerate(LABELS)], 1)
