"""Rows of a flat array that belong to a choice of ragged groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def offsets_of(counts: NDArray) -> NDArray[np.int64]:
    """(B + 1,) where each of B groups with ``counts`` rows starts and ends."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def rows_of(offsets: NDArray[np.int64], index: NDArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """New offsets (K + 1,) of the groups ``index`` (K,), and the flat rows that they hold, in that order."""
    counts = np.diff(offsets)[index]
    chosen = offsets_of(counts)
    return chosen, np.arange(chosen[-1]) + np.repeat(offsets[:-1][index] - chosen[:-1], counts)
