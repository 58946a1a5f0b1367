"""What the live plots show, counted by the database off the GUI thread."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.errors import KnownError

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader
    from crystal_studio.project.rows import CampaignRow

TOP_GROUPS, TOP_ELEMENTS, NEWEST = 10, 16, 12


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


AXES: dict[str, tuple[float, float, int]] = {
    "e_hull": (-0.2, 1.0, 48),
    "formation_energy": (-4.0, 1.0, 50),
    "pld": (0.0, 20.0, 40),
    "surface_area": (0.0, 6000.0, 40),
    "co2_working_capacity": (-1.0, 7.0, 40),
}
"""Of the quantities that are plotted: from where to where, in how many bins."""

Pair = tuple[str, str]
ENERGIES: Pair = ("e_hull", "formation_energy")


@dataclass(frozen=True)
class Statistics:
    """What the run page plots of one campaign; ``values`` by the names of the quantities, two of them."""

    values: dict[str, Histogram]
    groups: Bars
    elements: Bars
    newest: tuple[int, ...]


def group_bars(found: Mapping[int, int], training: NDArray | None) -> Bars:
    """Shares of the commonest space groups, in order of their numbers; ``found`` candidates by group."""
    counts = np.zeros(230, np.int64)
    for group, number in found.items():
        counts[int(group) - 1] = number
    top = np.sort(np.argsort(-counts, kind="stable")[:TOP_GROUPS])
    top = top[counts[top] > 0]
    return _bars(top, counts, training, [str(i + 1) for i in top])


def element_bars(found: Mapping[str, int], training: NDArray | None) -> Bars:
    """Share of candidates that hold each of the commonest elements, in order of atomic number.

    ``found`` candidates by chemical system, such as "Li-Mn-O".
    """
    counts = np.zeros(len(SYMBOLS), np.int64)
    for system, number in found.items():
        for symbol in system.split("-"):
            if symbol in SYMBOLS:
                counts[SYMBOLS.index(symbol)] += number
    top = np.sort(np.argsort(-counts, kind="stable")[:TOP_ELEMENTS])
    top = top[counts[top] > 0]
    full = None
    if training is not None:
        full = np.zeros(len(SYMBOLS))
        full[: len(training)] = training
    return _bars(top, counts, full, [SYMBOLS[i] for i in top], whole=max(sum(found.values()), 1))


def _bars(top: NDArray, counts: NDArray, training: NDArray | None, names: list[str], whole: int = 0) -> Bars:
    shares = counts[top] / max(whole or counts.sum(), 1)
    other = np.zeros(0)
    if training is not None and training.sum() > 0:
        other = training[top] / training.sum()
    return Bars(tuple(names), shares.astype(np.float64), other.astype(np.float64))


def pair(campaign: CampaignRow, held: Collection[str] = ()) -> Pair:
    """The two quantities that are plotted of a campaign that has no energies: pores where it has any (``held``), or
    where its funnel measures them and finds no energies."""
    stages = _stages(campaign)
    if not held and not ("pores" in stages and "stability" not in stages):
        return ENERGIES
    co2 = "co2_working_capacity" in held or ("adsorption" in stages and not held)
    return "pld", "co2_working_capacity" if co2 else "surface_area"


def _stages(campaign: CampaignRow) -> set[str]:
    """Names of the stages that a campaign asks for; none where it asks for none that are known here."""
    from crystal_studio.design.funnel import Funnel
    from crystal_studio.funnel.stages import expand

    asked = campaign.request.get("funnel") or "none"
    try:
        return {stage.stage for stage in expand(asked if isinstance(asked, str) else Funnel.of(asked)).stages}
    except KnownError:
        return set()


def read(reader: ProjectReader, campaign_id: int) -> Statistics:
    """Everything the plots of a campaign need, counted by the database."""
    from crystal_studio.project import statistics

    campaign = reader.campaign(campaign_id)
    where = statistics.of_campaign(campaign)
    training_groups: NDArray | None = None
    try:
        from crystal_studio.data.marginals import marginals

        training_groups = np.asarray(marginals().space_group_counts, np.float64)
    except KnownError:
        pass

    def histogram(name: str, low: float, high: float, bins: int) -> Histogram:
        counts, outside = statistics.histogram(reader, name, low, high, bins, where)
        return Histogram(np.linspace(low, high, bins + 1), counts, outside)

    values = {name: histogram(name, *AXES[name]) for name in ENERGIES}
    if not any(values[name].total for name in ENERGIES):
        pores = {name: histogram(name, *AXES[name]) for name in AXES if name not in ENERGIES}
        shown = pair(campaign, frozenset(name for name in pores if pores[name].total))
        values = {name: (values | pores)[name] for name in shown}
    return Statistics(
        values=values,
        groups=group_bars(
            statistics.counts(reader, "space_group", where),
            training_groups if tuple(values) == ENERGIES else None,  # crystals, not frameworks
        ),
        elements=element_bars(statistics.counts(reader, "chemsys", where), None),
        newest=tuple(statistics.newest(reader, NEWEST, where)),
    )
