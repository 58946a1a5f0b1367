"""What the project file says of a campaign, for the Run page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crystal_studio.app.numbers_text import plural, span
from crystal_studio.campaign.events import StageCount
from crystal_studio.campaign.reasons import by_kind
from crystal_studio.project.rows import CampaignRow

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader

STATES = {
    "running": "Running",
    "paused": "Paused",
    "finished": "Finished",
    "cancelled": "Stopped",
    "failed": "Failed",
}

UNFINISHED = ("running", "paused", "cancelled", "failed")
"""States from which a campaign can be carried on."""


def is_import(row: CampaignRow) -> bool:
    """Whether a campaign is what came out of files, not out of a model."""
    return row.request.get("model") == "import"


def state_text(row: CampaignRow) -> str:
    """The state in a word; structures from files were never run."""
    return "Imported" if is_import(row) else STATES.get(row.state, row.state)


def latest(campaigns: Sequence[CampaignRow]) -> CampaignRow | None:
    """The campaign to look at first: the newest that was run, else the newest import."""
    return next((c for c in reversed(campaigns) if not is_import(c)), campaigns[-1] if campaigns else None)


def reason_filter(campaign: int, stage: str, kind: str) -> str:
    """The filter that lists the candidates which a stage rejected for a kind of reason.

    A kind has "…" where the reasons of candidates differ; what stands between is looked for.
    """
    parts = [part.strip() for part in kind.split("…")]
    words = [f" and {part!r} in reason" for part in parts if len(part) > 2]
    return f"campaign_id == {campaign} and stage == {stage!r} and status == 'rejected'{''.join(words)}"


def history(row: CampaignRow) -> list[str]:
    """What is known of a campaign of an earlier time, as lines of the log."""
    if is_import(row):
        names = [str(f).rsplit("/", 1)[-1] for f in row.provenance.get("files", ())]
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        moment = row.created.replace("T", " ")[:19]
        return [f"Imported {moment} UTC: {plural(row.requested, 'structure')} from {', '.join(names[:5])}{more}."]
    lines = [f"Started {row.created.replace('T', ' ')[:19]} UTC, {plural(row.requested, 'candidate')} asked for."]
    made = {name: row.provenance.get(name) for name in ("model", "device", "potential")}
    told = [f"{name} {value}" for name, value in made.items() if isinstance(value, str | int | float) and value]
    if told:
        lines.append(f"Made with {', '.join(told)}.")
    state = STATES.get(row.state, row.state)
    lines.append(f"{state} after {span(row.seconds)} of work." if row.seconds else f"{state}.")
    return lines


def funnel_counts(reader: ProjectReader, campaign: int) -> list[StageCount]:
    """The funnel of a campaign as the project file has it, stages that nothing has reached included."""
    from crystal_studio.funnel.stages import for_funnel

    found = {name: (entered, passed, failed, why) for name, entered, passed, failed, why in reader.funnel(campaign)}
    titles = {stage.name: stage.title for stage in for_funnel(str(reader.campaign(campaign).request["funnel"]))}
    titles |= {name: name.replace("_", " ").capitalize() for name in found if name not in titles}
    nothing: tuple[int, int, int, dict[str, int]] = (0, 0, 0, {})
    counts = []
    for name, title in titles.items():
        entered, passed, failed, reasons = found.get(name, nothing)
        counts.append(StageCount(name, title, entered, passed, failed, 0.0, by_kind(reasons)))
    return counts
