"""A lot for each candidate: a number that is drawn once and for all, whoever asks and whenever."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def lots(seeds: NDArray, numbers: NDArray) -> NDArray[np.float64]:
    """(B,) in [0, 1), even, from the seed of the campaign that made each candidate and its number in it.

    SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) of both: the same on every machine.
    """
    with np.errstate(over="ignore"):
        mixed = _mixed(np.asarray(seeds, np.int64).astype(np.uint64))
        mixed = _mixed(mixed ^ np.asarray(numbers, np.int64).astype(np.uint64))
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
