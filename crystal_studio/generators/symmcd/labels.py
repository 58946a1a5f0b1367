"""Property labels that a network can be conditioned on: names, units and scales.

Classifier-free guidance (Ho and Salimans, 2022) needs one network that knows a
label and also does without it. A label enters as a few smooth features of its
scaled value and a flag that it is there; an absent label is all zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Label:
    """One property: its column in data and targets, its unit, the range seen in training, its scale.

    ``to_scale`` maps values to numbers of order one; NaN stays NaN. ``opposite``: the value that guidance leads away
    from; NaN: from what is drawn without this label. ``apart``: a target nearer to it than this has none. ``of_cell``:
    whether guidance leads the lattice too.
    """

    name: str
    unit: str
    low: float
    high: float
    to_scale: Callable[[NDArray], NDArray]
    opposite: float = float("nan")
    apart: float = 0.0
    of_cell: bool = True


LABELS = (
    Label("formation_energy_per_atom", "eV/atom", -4.5, 1.5, lambda v: (v + 1.3) / 1.1),
    Label(
        "e_above_hull",
        "eV/atom",
        0.0,
        1.0,
        lambda v: np.sqrt(np.clip(v, 0, 2)) * 3 - 0.7,
        opposite=0.3,
        apart=0.15,
        of_cell=False,
    ),
    Label("band_gap", "eV", 0.0, 9.0, lambda v: np.log1p(np.clip(v, 0, 20)) * 2 - 0.7),
    Label("density", "g/cm3", 0.3, 22.0, lambda v: (np.log(np.clip(v, 0.05, 40)) - 1.75) / 0.5),
)
NAMES = tuple(label.name for label in LABELS)
_RATES = (0.5, 1.0, 2.0, 4.0)
MAX_DISTINCT = 9
"""Numbers of distinct elements told apart; more count as this many."""
WIDTH = len(LABELS) * (2 + 2 * len(_RATES)) + MAX_DISTINCT + 2
"""Features of one crystal's labels."""


def opposites(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, 4) what guidance leads away from, for targets (B, 4) in the units of ``LABELS``; NaN: from no label.

    What is shown without labels is nearly all within 0.08 eV/atom of the hull, so that there is little to tell it from
    a crystal on the hull; guidance contrasts that with less stable ones.
    """
    away = np.array([label.opposite for label in LABELS])
    apart = np.array([label.apart for label in LABELS])
    return np.where(np.abs(values - away) >= apart, away, np.nan)


def of_cell(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(B,) whether guidance leads the lattice towards targets (B, 4).

    Towards the hull it does not: what is less stable lies in larger cells once it is relaxed, and away from these
    guidance would press those of all others.
    """
    return np.asarray(np.isfinite(values[:, [label.of_cell for label in LABELS]]).any(1))


def embed(
    values: NDArray, distinct: NDArray[np.int64] | None = None, balanced: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """Features (B, 51) of what is known of B crystals.

    values : (B, 4) in the units of ``LABELS``, NaN where absent
    distinct : (B,) number of distinct elements, 0 where absent
    balanced : (B,) 1 for a composition that is valid by charge neutrality and electronegativity, 0 for
        one that is not, -1 where absent
    """
    scaled = np.stack([label.to_scale(values[:, i]) for i, label in enumerate(LABELS)], 1)
    there = np.isfinite(scaled)
    z = np.where(there, scaled, 0.0)[..., None]
    phase = z * np.array(_RATES)
    features = np.concatenate([np.ones_like(z), z, np.sin(phase), np.cos(phase)], -1)
    properties = (features * there[..., None]).reshape(len(values), -1)
    absent = np.zeros(len(values), np.int64)
    distinct = absent if distinct is None else np.minimum(distinct, MAX_DISTINCT)
    balanced = absent - 1 if balanced is None else balanced
    count = distinct[:, None] == np.arange(1, MAX_DISTINCT + 1)
    flag = balanced[:, None] == np.arange(2)
    return np.concatenate([properties, count, flag], 1).astype(np.float32)


def distinct_elements(elements: NDArray[np.int64], n_orbits: NDArray[np.int64]) -> NDArray[np.int64]:
    """(B,) number of distinct categories among the first ``n_orbits`` of each row of elements (B, M)."""
    width = elements.shape[1]
    padded = np.where(np.arange(width) < n_orbits[:, None], elements.astype(np.int64), -1)
    ordered = np.sort(padded, axis=1)
    new = np.diff(ordered, axis=1, prepend=-1) != 0
    return (new & (ordered >= 0)).sum(1)
