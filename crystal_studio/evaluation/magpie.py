"""Compositional fingerprints: Magpie's statistics of elemental properties.

Ward et al., npj Comput. Mater. 2, 16028 (2016).

The 22 properties and 6 statistics are those of matminer's preset "magpie"; their
scaling is that of the published evaluation (CDVAE), see ``resources/magpie``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.crystal.element_properties import PROPERTIES, element_properties

STATISTICS: tuple[str, ...] = ("minimum", "maximum", "range", "mean", "avg_dev", "mode")

LABELS: tuple[str, ...] = tuple(f"{statistic} {name}" for name in PROPERTIES for statistic in STATISTICS)
"""Names of the features: six statistics of the first property, six of the second, ..."""

N_FEATURES = len(LABELS)


@cache
def _scaling() -> dict[str, NDArray[np.float64]]:
    with np.load(paths.resources() / "magpie" / "magpie.npz") as stored:
        return {name: stored[name] for name in ("mean", "std")}


def magpie_features(counts: NDArray) -> NDArray[np.float64]:
    """(B, 132) features of compositions.

    counts : (B, 118) atoms or fractions of each element, hydrogen first; or (B, 119), column = atomic number.

    NaN where a property of one of the elements is unknown, and in the whole row of an empty composition.
    """
    amounts = np.asarray(counts, float)
    if amounts.shape[1] == 119:
        amounts = amounts[:, 1:]
    if amounts.shape[1] != 118:
        raise ValueError(f"compositions need 118 or 119 columns, not {amounts.shape[1]}")
    # Few elements a crystal: a list of them, padded, is far shorter than 118 columns.
    width = max(int((amounts > 0).sum(1).max(initial=0)), 1)
    order = np.argsort(-amounts, axis=1, kind="stable")[:, :width]
    amount = np.take_along_axis(amounts, order, 1)
    present = np.asarray(amount > 0)[..., None]
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = (amount / amount.sum(1, keepdims=True))[..., None]
        values = np.where(present, element_properties()[order + 1], 0.0)
        least = np.where(present, values, np.inf).min(1)
        most = np.where(present, values, -np.inf).max(1)
        mean = (fraction * values).sum(1)
        spread = (fraction * np.abs(values - mean[:, None])).sum(1)
        # The commonest element; the smallest value where several are equally common.
        commonest = np.asarray(np.isclose(amount, amount.max(1, keepdims=True)))[..., None] & present
        mode = np.where(commonest, values, np.inf).min(1)
        features = np.stack([least, most, most - least, mean, spread, mode], axis=-1)
    features[(amounts <= 0).all(1)] = np.nan
    return features.reshape(len(features), N_FEATURES)


def scaled(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Features less the published means over the published standard deviations; 0 where unknown."""
    scaling = _scaling()
    result = (features - scaling["mean"]) / scaling["std"]
    return np.where(np.isnan(result), 0.0, result)
