"""Which crystals go through the network together: padding costs time, and so does every further batch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CALL, ORBIT = 12.0, 0.025
"""Milliseconds of one step of the sampler on one busy CPU core: whatever the batch is, mostly for reading the weights,
and for each orbit, padding included. The network packs orbits without padding: what it takes for them is the same
however crystals are grouped."""


def batches(n_orbits: NDArray[np.int64], most: int = 512) -> list[NDArray[np.int64]]:
    """Index arrays that cut B crystals into batches to be padded to their largest orbit count.

    Crystals are sorted by orbit count and cut where the estimated time is least (dynamic
    programming over the distinct counts); at most ``most`` crystals go together.
    """
    counts, sizes = np.unique(n_orbits, return_counts=True)
    many = np.concatenate([[0], np.cumsum(sizes)])
    best, cut = [0.0], [0]
    for end in range(1, len(counts) + 1):
        m = int(counts[end - 1])
        crystals = many[end] - many[:end]
        costs = np.array(best) + np.ceil(crystals / most) * CALL + crystals * m * ORBIT
        cut.append(int(costs.argmin()))
        best.append(float(costs.min()))
    order = np.argsort(n_orbits, kind="stable")
    pieces: list[NDArray[np.int64]] = []
    end = len(counts)
    while end:
        rows = order[many[cut[end]] : many[end]]
        pieces = np.array_split(rows, -(-len(rows) // most)) + pieces
        end = cut[end]
    return pieces
