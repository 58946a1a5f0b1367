"""How much a ranking is worth: what share of the hits stands among its first tenth, and whether chances come true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.share import Share


@dataclass(frozen=True)
class Enrichment:
    """What the first ``part`` of a ranking holds: ``found`` of all hits, and the ``rate`` of hits in it."""

    part: float
    found: Share
    rate: Share


def enrichment(score: NDArray, hits: NDArray, parts: Sequence[float] = (0.1, 0.2, 0.3)) -> list[Enrichment]:
    """Of n candidates ranked by score (n,), the highest first, those of equal score in their order; NaN come last.

    hits : (n,) whether each is what is sought
    """
    order = ranking(score)
    hits = np.asarray(hits, bool)[order]
    out = []
    for part in parts:
        size = int(np.ceil(part * len(order)))
        count = int(hits[:size].sum())
        out.append(Enrichment(part, Share(count, int(hits.sum())), Share(count, size)))
    return out


def ranking(score: NDArray) -> NDArray[np.int64]:
    """Places (n,) of the highest first; of equal scores the earlier first, NaN last."""
    return np.argsort(-np.nan_to_num(np.asarray(score, float), nan=-np.inf), kind="stable")


@dataclass(frozen=True)
class Bin:
    """Candidates whose chance was told alike: how many, the mean of what was ``told``, and the share that ``came``."""

    told: float
    came: Share


def reliability(chance: NDArray, hits: NDArray, edges: Sequence[float] = (0, 0.05, 0.1, 0.2, 0.4, 0.6, 1)) -> list[Bin]:
    """Of chances (n,) in bins between edges, whether they come true; empty bins are left out."""
    known = np.isfinite(chance)
    chance, hits = np.asarray(chance)[known], np.asarray(hits, bool)[known]
    place = np.clip(np.searchsorted(edges, chance, side="right") - 1, 0, len(edges) - 2)
    out = []
    for b in range(len(edges) - 1):
        inside = place == b
        if inside.any():
            out.append(Bin(float(chance[inside].mean()), Share(int(hits[inside].sum()), int(inside.sum()))))
    return out


def calibration_error(chance: NDArray, hits: NDArray) -> float:
    """Mean over candidates of how far their bin's chance lies from what came (expected calibration error)."""
    bins = reliability(chance, hits)
    total = sum(one.came.total for one in bins)
    return float(sum(one.came.total * abs(one.told - one.came.value) for one in bins) / max(total, 1))


def brier(chance: NDArray, hits: NDArray) -> float:
    """Mean squared error of chances."""
    known = np.isfinite(chance)
    return float(((np.asarray(chance)[known] - np.asarray(hits, float)[known]) ** 2).mean()) if known.any() else np.nan
