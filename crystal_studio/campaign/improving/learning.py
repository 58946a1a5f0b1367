"""What a round is to learn from: crystals of all rounds before it, and of other campaigns of the project."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.campaign.improving import figures
from crystal_studio.campaign.improving.figures import Outcome
from crystal_studio.campaign.improving.plan import ImprovePlan
from crystal_studio.campaign.improving.selection import Selected, answering, nothing_found, select, select_far
from crystal_studio.crystal.batches import Structures
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import RoundRow


@dataclass(frozen=True)
class Chosen:
    """found : what is near the hull; far : what to lead away from, None where that is not learnt
    made : the candidates of round 0, beside which no element is to be learnt much more often
    """

    found: Selected
    far: Selected | None
    made: Structures


def choose(reader: ProjectReader, row: RoundRow, plan: ImprovePlan, failures: bool) -> Chosen:
    """For the training of ``row``; ``failures``: whether its family learns from them, where the request aims at the
    hull. Raises ``KnownError`` where nothing was found."""
    near, potential = plan.options.near, plan.potential
    rounds = [r for r in reader.rounds(row.improvement) if r.campaign_id is not None]
    read = [figures.read(reader, r.campaign_id or 0, potential, plan.guard) for r in rounds if r.number < row.number]
    own = {r.campaign_id for r in rounds}
    outcomes = read + (_others(reader, plan, own) if plan.options.earlier else [])
    found = select(reader, outcomes, near, potential)
    if not len(found):
        raise nothing_found(reader, outcomes, near)
    aimed = failures and any(target.name == "e_above_hull" for target in plan.request.targets)
    far = select_far(reader, outcomes, near, potential) if aimed else None
    return Chosen(found, far, reader.structures(read[0].ids.tolist()))


def _others(reader: ProjectReader, plan: ImprovePlan, own: set[int | None]) -> list[Outcome]:
    """The other finished campaigns of the project that generated, as far as they answer the request."""
    there = [c.id for c in reader.campaigns() if c.kind == "generate" and c.state == "finished" and c.id not in own]
    read = [figures.read(reader, number, plan.potential, plan.guard) for number in there]
    return [answering(outcome, plan.request.chemical_system) for outcome in read]
