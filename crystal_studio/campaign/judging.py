"""A funnel, or single stages, for candidates that the project already holds: imported ones too."""

from __future__ import annotations

from pathlib import Path

from crystal_studio.campaign import parts as run_parts
from crystal_studio.campaign.devices import resolve
from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.campaign.parts import RunParts
from crystal_studio.campaign.provenance import machine, of_stages
from crystal_studio.design import funnel
from crystal_studio.errors import RequestError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

KIND = "judge"
"""Kind of the campaign that a judging is stored as."""


def start(project: Path | str, request: JudgeRequest, name: str = "", parts: RunParts | None = None) -> int:
    """Write a judging into a project and return its id as a campaign; nothing is judged yet.

    Raises ``KnownError`` where there is nothing to judge, or a stage, funnel, potential or device is not known.
    """
    if not request.ids:
        raise RequestError("No candidate matches: there is nothing to judge.", "where")
    device = resolve(request.device)
    with ProjectReader(project) as reader:
        there = {row.id for row in reader.by_ids(request.ids)}
        missing = [i for i in request.ids if i not in there]
        if missing:
            raise RequestError(f"{project} has no candidate {missing[0]}.", "ids")
        parts = parts or run_parts.for_request(request, device.name, tuple(reader.found(request.ids)))
    if not parts.stages:
        raise RequestError("The funnel none has no stages: choose quick or full.", "funnel")
    with ProjectWriter.open(project) as writer:
        asked = request.to_dict() | {"stages": [stage.name for stage in parts.stages]}
        made = machine(device) | of_stages(parts.stages)
        return writer.add_campaign(name or title(request), asked, made, len(request.ids), kind=KIND)


def title(request: JudgeRequest) -> str:
    """A short name such as "12 candidates · relaxation, stability"."""
    count = len(request.ids)
    return f"{count} {'candidate' if count == 1 else 'candidates'} · {funnel.title(request.funnel)}"
