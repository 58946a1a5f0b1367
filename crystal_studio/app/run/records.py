"""What the project file says of a campaign, for the Run page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crystal_studio.app.dft import asking, collecting
from crystal_studio.app.numbers_text import count, plural, span
from crystal_studio.campaign.dft_request import BUNDLE, is_dft
from crystal_studio.campaign.events import StageCount
from crystal_studio.campaign.provenance import stages_by_name
from crystal_studio.design import funnel
from crystal_studio.errors import KnownError
from crystal_studio.project.rows import CampaignRow, StageCounts

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
    return row.kind == "import"


def can_be_carried_on(reader: ProjectReader, row: CampaignRow) -> bool:
    """Whether something of a campaign is left to do here; what was not computed by DFT when it was stopped is not."""
    if is_import(row) or (row.state == "cancelled" and is_dft(row.request)):
        return False
    return row.state in UNFINISHED or len(reader.errors(row.id)) > 0


def done_so_far(reader: ProjectReader, row: CampaignRow) -> str:
    """Like "12 of 40 candidates are made"."""
    made, judged = made_and_judged(reader, row.id)
    done, verb = (made, "made") if row.kind == "generate" else (judged, "computed" if is_dft(row.request) else "judged")
    return f"{count(done)} of {plural(row.requested, 'candidate')} {'is' if row.requested == 1 else 'are'} {verb}"


def state_text(row: CampaignRow, live: bool = False, elsewhere: bool = False) -> str:
    """The state in a word; structures from files were never run.

    What the project file calls running was cut off, unless it runs in this window (``live``) or another window or
    command is at work on the project (``elsewhere``).
    """
    if is_import(row):
        return "Imported"
    if row.state == "running" and not live:
        return "Running elsewhere" if elsewhere else "Interrupted"
    asked = collecting.request_of(row)
    if asked is not None and asked.submit == BUNDLE:
        return "Handed over"
    return STATES.get(row.state, row.state)


def latest(campaigns: Sequence[CampaignRow]) -> CampaignRow | None:
    """The campaign to look at first: the newest that was run, else the newest import."""
    return next((c for c in reversed(campaigns) if not is_import(c)), campaigns[-1] if campaigns else None)


def made_and_judged(reader: ProjectReader, campaign: int) -> tuple[int, int]:
    """How many candidates a campaign has, and how many of them nothing more will be done with."""
    if reader.campaign(campaign).kind == "judge":
        whole = reader.campaign(campaign).requested
        waiting = sum(stage.waiting for stage in reader.funnel(campaign))
        return whole, whole - len(reader.pending(campaign)[0]) - waiting
    return reader.count(f"campaign_id == {campaign}"), reader.count(
        f"campaign_id == {campaign} and status != 'pending'"
    )


def reason_filter(row: CampaignRow, stage: str, code: str) -> str:
    """The filter that lists the candidates which a stage rejected, or marked, for a reason.

    Those of a judging belong to other campaigns, so for one the campaign is left open.
    """
    own = "" if row.kind == "judge" else f"campaign_id == {row.id} and "
    if not stages_by_name(row.provenance).get(stage, {}).get("rejects", True):
        return f"{own}{f'{stage}:{code}'!r} in marks"
    return f"{own}stage == {stage!r} and reason == {code!r}"


def history(row: CampaignRow, state: str) -> list[str]:
    """What is known of a campaign of an earlier time, as lines of the log; ``state`` of it in a word."""
    if is_dft(row.request):
        return _history_of_dft(row, state)
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
    lines.append(f"{state} after {span(row.seconds)} of work." if row.seconds else f"{state}.")
    return lines


def _history_of_dft(row: CampaignRow, state: str) -> list[str]:
    asked = collecting.request_of(row)
    lines = [f"Handed in {row.created.replace('T', ' ')[:19]} UTC: {plural(row.requested, 'candidate')}."]
    if asked is not None:
        lines += [f"{asking.in_words(asked)}.", f"Jobs in {asked.folder}."]
        if asked.submit == BUNDLE:
            return [*lines, "It runs elsewhere: when it has, choose Collect DFT results in the menu Explore."]
    return [*lines, f"{state} after {span(row.seconds)} of work." if row.seconds else f"{state}."]


def funnel_counts(reader: ProjectReader, campaign: int) -> list[StageCount]:
    """The funnel of a campaign as the project file has it, stages that nothing has reached included."""
    from crystal_studio.funnel.reasons import stage_title
    from crystal_studio.funnel.stages import expand

    found = {counts.stage: counts for counts in reader.funnel(campaign)}
    row = reader.campaign(campaign)
    asked = list(stages_by_name(row.provenance))
    if not asked:  # an earlier program wrote no list of them
        try:
            asked = [stage.stage for stage in expand(funnel.asked(row.request.get("funnel", "none"))).stages]
        except KnownError:  # a stage of an extension that is not installed any more
            asked = []
    return [
        StageCount(name, stage_title(name), c.passed, c.rejected, c.error, c.waiting, c.reasons, marked=c.marked)
        for name in dict.fromkeys([*asked, *found])
        for c in [found.get(name, StageCounts(name))]
    ]
