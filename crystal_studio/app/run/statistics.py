"""The arrays behind the live plots, read and counted off the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.errors import KnownError

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

TOP_GROUPS, TOP_ELEMENTS = 10, 16


@dataclass(frozen=True)
class Bars:
    """Named bars, and what the training data has in their place (empty where unknown)."""

    names: tuple[str, ...]
    shares: NDArray[np.float64]
    training: NDArray[np.float64]


@dataclass(frozen=True)
class Histogram:
    """``counts`` in the bins between ``edges``; ``outside`` finite values beyond the edges."""

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    outside: int

    @property
    def total(self) -> int:
        return int(self.counts.sum()) + self.outside


@dataclass(frozen=True)
class Statistics:
    """What the run page plots of one campaign."""

    e_hull: Histogram
    formation_energy: Histogram
    groups: Bars
    elements: Bars
    newest: tuple[int, ...]


def histogram(values: NDArray[np.float64], low: float, high: float, bins: int) -> Histogram:
    """Counts of the finite values in equal bins from ``low`` to ``high``."""
    values = values[np.isfinite(values)]
    counts, edges = np.histogram(values, bins=bins, range=(low, high))
    return Histogram(edges, counts, int(len(values) - counts.sum()))


def group_bars(space_group: NDArray, training: NDArray | None) -> Bars:
    """Shares of the commonest space groups, in order of their numbers."""
    counts = np.bincount(space_group.astype(np.int64), minlength=231)[1:231]
    top = np.sort(np.argsort(-counts, kind="stable")[:TOP_GROUPS])
    top = top[counts[top] > 0]
    return _bars(top, counts, training, [str(i + 1) for i in top])


def element_bars(systems: NDArray, training: NDArray | None) -> Bars:
    """Share of candidates that hold each of the commonest elements, in order of atomic number."""
    counts = np.zeros(len(SYMBOLS), np.int64)
    for system, number in zip(*np.unique(systems.astype(str), return_counts=True), strict=True):
        for symbol in str(system).split("-"):
            if symbol in SYMBOLS:
                counts[SYMBOLS.index(symbol)] += number
    top = np.sort(np.argsort(-counts, kind="stable")[:TOP_ELEMENTS])
    top = top[counts[top] > 0]
    full = None
    if training is not None:
        full = np.zeros(len(SYMBOLS))
        full[: len(training)] = training
    return _bars(top, counts, full, [SYMBOLS[i] for i in top], whole=max(len(systems), 1))


def _bars(top: NDArray, counts: NDArray, training: NDArray | None, names: list[str], whole: int = 0) -> Bars:
    shares = counts[top] / max(whole or counts.sum(), 1)
    other = np.zeros(0)
    if training is not None and training.sum() > 0:
        other = training[top] / training.sum()
    return Bars(tuple(names), shares.astype(np.float64), other.astype(np.float64))


def read(reader: ProjectReader, campaign_id: int) -> Statistics:
    """Everything the plots of a campaign need; takes time that grows with its size."""
    where = f"campaign_id == {campaign_id}"
    columns = reader.columns(["id", "e_hull", "formation_energy", "space_group", "chemsys"], where)
    training_groups: NDArray | None = None
    try:
        from crystal_studio.data.marginals import marginals

        training_groups = np.asarray(marginals().space_group_counts, np.float64)
    except KnownError:
        pass
    return Statistics(
        e_hull=histogram(np.asarray(columns["e_hull"], np.float64), -0.2, 1.0, 48),
        formation_energy=histogram(np.asarray(columns["formation_energy"], np.float64), -4.0, 1.0, 50),
        groups=group_bars(np.asarray(columns["space_group"]), training_groups),
        elements=element_bars(np.asarray(columns["chemsys"], object), None),
        newest=tuple(int(i) for i in np.sort(np.asarray(columns["id"], np.int64))[::-1][:12]),
    )
