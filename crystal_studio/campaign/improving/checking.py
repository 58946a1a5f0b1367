"""What a round is measured by: the check by the second potential, the figures, and the sentence at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.campaign.improving import figures
from crystal_studio.campaign.improving.distances import distances
from crystal_studio.campaign.improving.plan import ImprovePlan
from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.data.datasets import Dataset
from crystal_studio.design.funnel import ChosenStage, Funnel
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import RoundRow


def sample(reader: ProjectReader, row: RoundRow, plan: ImprovePlan) -> NDArray[np.int64]:
    """Ids of the near-hull candidates of a round that the second potential judges, drawn at random, ascending."""
    if not plan.guard or row.campaign_id is None:
        return np.zeros(0, np.int64)
    outcome = figures.read(reader, row.campaign_id, plan.potential, plan.guard)
    near = outcome.ids[outcome.sun(plan.options.near)]
    rng = np.random.default_rng([plan.request.seed, row.number])
    return np.sort(rng.permutation(near)[: plan.options.check])


def request(plan: ImprovePlan, ids: NDArray[np.int64]) -> JudgeRequest:
    """The judging of that sample."""
    stage = ChosenStage(stage="consensus", options={"cutoff": plan.options.near, "potentials": [plan.guard]})
    return JudgeRequest.of(
        ids.tolist(), funnel=Funnel(stages=(stage,)), potential=plan.request.potential, device=plan.request.device
    )


def counted(
    reader: ProjectReader, row: RoundRow, plan: ImprovePlan, checked: NDArray[np.int64], base: Dataset
) -> dict[str, Any]:
    """All figures of a round whose campaign and check are done."""
    assert row.campaign_id is not None
    outcome = figures.read(reader, row.campaign_id, plan.potential, plan.guard)
    known = figures.counted(reader, outcome, plan.options.near, plan.potential)
    if plan.guard:
        known |= figures.guarded(outcome, checked, plan.options.near, known[f"alone_{figures.NEAR}"])
    made = reader.batch(outcome.ids.tolist(), "generated")
    train = base.columns["split"].astype(str) == "train"
    groups = np.where(made.space_group > 0, made.space_group, made.asked_space_group)
    shown = base.structures.take(train)
    return known | distances(made.structures, groups, shown, base.columns["space_group"][train])


def summary(rows: Sequence[RoundRow]) -> str:
    """What came out, in one sentence."""
    key = f"alone_{figures.NEAR}"
    best = max((row for row in rows if row.kept), key=lambda row: row.figures[key]["share"])
    first, last = (100 * row.figures[key]["share"] for row in (rows[0], best))
    made = f"{rows[-1].number} round{'s' if rows[-1].number != 1 else ''}"
    return (
        f"{made}; stable, unique and novel at {best.figures['near']:g} eV/atom: {first:.1f}% of the candidates of "
        f"{rows[0].model}, {last:.1f}% of those of {best.model}"
    )
