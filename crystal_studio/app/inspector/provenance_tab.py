"""The tab of where a candidate comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from crystal_studio.app.inspector.facts import CandidateFacts, as_lines
from crystal_studio.app.inspector.parts import FactGrid, scrolled
from crystal_studio.app.inspector.tab import Tab
from crystal_studio.campaign.provenance import stages_by_name
from crystal_studio.design import funnel
from crystal_studio.funnel import stage_options
from crystal_studio.funnel.reasons import stage_title
from crystal_studio.funnel.stage_registry import STAGES
from crystal_studio.funnel.stage_table import written
from crystal_studio.project.rows import CampaignRow


def _moment(text: str) -> str:
    """ "2026-11-21T04:46:05+00:00" as "2026-11-21 04:46:05 UTC"."""
    return text.replace("T", " ").replace("+00:00", " UTC")


def stage_facts(stage: Mapping[str, Any]) -> str:
    """A stage as a campaign keeps it: "version 1, only marks; least distance 0.6, least volume 5.5 Å³/atom"."""
    name, reasons = str(stage["stage"]), "rejects" if stage["rejects"] else "only marks"
    kind = STAGES.get(name) if name in STAGES else None
    known = {field.name: field for field in stage_options.fields(kind)} if kind is not None else {}
    if kind is not None and not kind.reasons:
        reasons = "finds values"
    said = []
    for option, value in stage["options"].items():
        field = known.get(option)
        said.append(f"{field.title.lower()} {written(field, value)}" if field else f"{option} {value}")
    return "; ".join(filter(None, (f"version {stage['version']}, {reasons}", ", ".join(said))))


class ProvenanceTab(Tab):
    """Everything that is needed to make the candidate again."""

    def __init__(self) -> None:
        super().__init__()
        self._document: dict[str, object] = {}

    def fill(self, facts: CandidateFacts) -> None:
        """Show one candidate."""
        row, campaign = facts.row, facts.campaign
        candidate = {"id": row.id, "number": row.number, "source": row.source, "created": row.created}
        self._document = {
            "candidate": candidate,
            "campaign": asdict(campaign),
            "judged by": [asdict(run) for run in facts.runs if run.id != campaign.id],
        }
        grid = FactGrid()
        grid.group("Candidate")
        for name, value in candidate.items():
            grid.text(
                "Number in the campaign" if name == "number" else name.capitalize(),
                _moment(str(value)) if name == "created" else str(value),
            )
        grid.group("Campaign")
        grid.text("Name", campaign.name)
        grid.text("State", campaign.state)
        grid.text("Started", _moment(campaign.created))
        for run in facts.runs:
            self._add_stages(grid, run)
        request = {name: value for name, value in campaign.request.items() if name != "funnel"}
        request |= {"funnel": funnel.title(campaign.request["funnel"])} if "funnel" in campaign.request else {}
        made = {name: value for name, value in campaign.provenance.items() if name != "stages"}
        for title, block in (("Request", request), ("Made with", made)):
            lines = as_lines(block)
            if lines:
                grid.group(title)
            for indent, name, text in lines:
                # Hashes have no place to break a line: give them one.
                shown = "\u200b".join(text[k : k + 16] for k in range(0, len(text), 16)) if len(text) > 40 else text
                grid.text("\u2003" * indent + name, shown, text)
        grid.finish()
        self._replace(scrolled(grid))

    @staticmethod
    def _add_stages(grid: FactGrid, run: CampaignRow) -> None:
        """Which version of each stage judged in one run, and how it was set."""
        kept = stages_by_name(run.provenance)
        if kept:
            grid.group("Stages" if run.kind != "judge" else f"Stages of “{run.name}”")
        for name, stage in kept.items():
            grid.text(stage_title(name), stage_facts(stage))

    def as_text(self) -> str:
        """Request and provenance as JSON."""
        return json.dumps(self._document, indent=2, ensure_ascii=False, default=str)
