"""Beginning an improvement, or finding the one that was begun with the same words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crystal_studio.campaign import parts as run_parts
from crystal_studio.campaign.improving.plan import ImproveOptions, ImprovePlan
from crystal_studio.campaign.improving.tools import Tools
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import FileError, RequestError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import RoundRow
from crystal_studio.project.store import ProjectWriter, bring_up_to_date


def plan_of(
    request: DesignRequest,
    options: ImproveOptions,
    data: str = "",
    first: int = 0,
    tools: Tools | None = None,
) -> ImprovePlan:
    """A plan that can be carried out; raises ``KnownError`` where it cannot."""
    tools = tools or Tools()
    request = request.with_(model=run_parts.default_model(request.model))
    tools.family(request.model)
    tools.folder(request.model)
    potential, guard = tools.methods(request, options.check > 0)
    if data and not Path(data).exists():
        raise FileError(f"There is no file {data}: name the base data, or leave --data out.")
    return ImprovePlan(request, options, potential, guard, str(Path(data).resolve()) if data else "", first)


def start(project: Path | str, plan: ImprovePlan) -> int:
    """The id of a new improvement in a project, made if it is not there; of the last one where that has the same plan.

    More rounds than the last one was asked for carry it on. Raises ``KnownError``.
    """
    project = Path(project)
    if project.exists():
        bring_up_to_date(project)
        with ProjectReader(project) as reader:
            rows = reader.rounds()
            seconds = _seconds_of_first(reader, plan)
    else:
        rows, seconds = [], 0.0
        if plan.first:
            raise RequestError(f"{project} does not exist: it has no campaign {plan.first}.", "first")
    opened = ProjectWriter.open(project) if project.exists() else ProjectWriter.create(project)
    with opened as writer:
        if rows and _alike(plan, ImprovePlan.from_dict(rows[-1].plan)):
            writer.set_round(replace(rows[-1], plan=plan.to_dict()))
            return rows[-1].improvement
        row = writer.begin_improvement(plan.to_dict(), plan.request.model)
        if plan.first:
            spent = {"seconds": {"generating": round(seconds, 1)}}
            writer.set_round(replace(row, campaign_id=plan.first, state="checking", figures=spent, seconds=seconds))
        return row.improvement


def last(project: Path | str) -> RoundRow:
    """The last round of a project's last improvement; raises ``RequestError`` where there is none."""
    bring_up_to_date(project)
    with ProjectReader(project) as reader:
        rows = reader.rounds()
    if not rows:
        raise RequestError(f"{project} holds no improvement: begin one with crystal-studio improve {project} --model …")
    return rows[-1]


def _alike(one: ImprovePlan, other: ImprovePlan) -> bool:
    """But for the number of rounds and the device."""
    plans = []
    for plan in (one, other):
        said = plan.to_dict()
        plans.append(said | {"options": said["options"] | {"rounds": 0}, "request": said["request"] | {"device": ""}})
    return plans[0] == plans[1]


def _seconds_of_first(reader: ProjectReader, plan: ImprovePlan) -> float:
    """Of the campaign that serves as round 0; raises ``RequestError`` where it cannot."""
    if not plan.first:
        return 0.0
    row = reader.campaign(plan.first)
    if row.kind != "generate" or row.state != "finished":
        raise RequestError(f"Campaign {row.id} is not finished, or generated nothing: name another one.", "first")
    model = DesignRequest.from_dict(dict(row.request)).model
    if model != plan.request.model:
        raise RequestError(
            f"Campaign {row.id} was made by {model}, not by {plan.request.model}: name another one.", "first"
        )
    return row.seconds
