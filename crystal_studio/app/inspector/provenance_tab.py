"""The tab of where a candidate comes from."""

from __future__ import annotations

import json
from dataclasses import asdict

from crystal_studio.app.inspector.facts import CandidateFacts, as_lines
from crystal_studio.app.inspector.parts import FactGrid, scrolled
from crystal_studio.app.inspector.tab import Tab


def _moment(text: str) -> str:
    """ "2026-11-21T04:46:05+00:00" as "2026-11-21 04:46:05 UTC"."""
    return text.replace("T", " ").replace("+00:00", " UTC")


class ProvenanceTab(Tab):
    """Everything that is needed to make the candidate again."""

    def __init__(self) -> None:
        super().__init__()
        self._document: dict[str, object] = {}

    def fill(self, facts: CandidateFacts) -> None:
        """Show one candidate."""
        row, campaign = facts.row, facts.campaign
        candidate = {"id": row.id, "number": row.number, "source": row.source, "created": row.created}
        self._document = {"candidate": candidate, "campaign": asdict(campaign)}
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
        for title, block in (("Request", campaign.request), ("Made with", campaign.provenance)):
            lines = as_lines(block)
            if lines:
                grid.group(title)
            for indent, name, text in lines:
                # Hashes have no place to break a line: give them one.
                shown = "\u200b".join(text[k : k + 16] for k in range(0, len(text), 16)) if len(text) > 40 else text
                grid.text("\u2003" * indent + name, shown, text)
        grid.finish()
        self._replace(scrolled(grid))

    def as_text(self) -> str:
        """Request and provenance as JSON."""
        return json.dumps(self._document, indent=2, ensure_ascii=False, default=str)
