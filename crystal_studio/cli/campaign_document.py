"""What a campaign holds, as a document for ``--json`` and as text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from crystal_studio.cli import common

if TYPE_CHECKING:
    from crystal_studio.project.queries import ProjectReader
    from crystal_studio.project.rows import CampaignRow
    from crystal_studio.project.triaged import Triaged

STATUSES = {
    "passed": "passed",
    "rejected": "rejected",
    "error": "could not be judged (resume tries them again)",
    "waiting": "waiting for an answer",
    "pending": "pending",
    "unjudged": "not judged",
}
"""Every status of a candidate, and how it is said."""


def summary(project: str, campaign_id: int) -> dict[str, Any]:
    """What a campaign holds: state, counts by stage, rates, candidate ids."""
    from crystal_studio.candidates.verdicts import ERROR, WAITING
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(project) as reader:
        row = reader.campaign(campaign_id)
        if row.kind == "judge":
            ids = [int(i) for i in row.request["ids"]]
        else:
            ids = reader.ids(f"campaign_id == {campaign_id}").tolist()
        statuses = {candidate.id: candidate.status for candidate in reader.by_ids(ids)}
        counts = Counter(statuses.values())
        funnel = reader.funnel(campaign_id)
        sun = _sun(reader, row)
    return {
        "project": project,
        "campaign_id": campaign_id,
        "name": row.name,
        "kind": row.kind,
        "state": row.state,
        "requested": row.requested,
        "generated": len(ids),
        **{status: counts[status] for status in STATUSES},
        "seconds": round(row.seconds, 3),
        "candidates_per_second": round(len(ids) / row.seconds, 4) if row.seconds else 0.0,
        "stages": [
            {
                "stage": found.stage,
                "entered": found.entered,
                "passed": found.passed,
                "marked": found.marked,
                "failed": found.rejected,
                "error": found.error,
                "waiting": found.waiting,
                "reasons": {code: n for code, n in found.reasons.items() if code not in (ERROR, WAITING)},
            }
            for found in funnel
        ],
        "sun": sun,
        "candidate_ids": ids,
        "passed_ids": [i for i in ids if statuses.get(i) == "passed"],
        "request": dict(row.request),
        "provenance": dict(row.provenance),
    }


def _sun(reader: ProjectReader, campaign: CampaignRow) -> list[dict[str, Any]]:
    """Stable, unique and novel candidates by every potential that was asked, and by their consensus."""
    from crystal_studio.project import accounting
    from crystal_studio.project.statistics import of_campaign
    from crystal_studio.project.triaged import triaged

    among = of_campaign(campaign)
    asked = accounting.voices(reader, among)
    after_triage = dict(zip([m.name for m in asked], triaged(reader, asked, among), strict=False))
    found = []
    for voice, shares in zip(asked, accounting.accounts(reader, asked, among), strict=True):
        one: dict[str, Any] = {"by": voice.name, "cutoff": accounting.CUTOFF}
        if voice.name in after_triage:
            one["triage"] = _triage(after_triage[voice.name])
        for name in ("stable", "stable_novel", "sun"):
            share = getattr(shares, name)
            one[name] = {"count": share.count, "of": share.total, "interval": list(share.interval), "text": share.text}
        found.append(one)
    return found


def _triage(found: Triaged) -> dict[str, Any]:
    """S.U.N. rate of the model, by the random share, and of those that the triage chose."""
    low, high = found.model.interval
    chosen = found.best.sun
    return {
        "model": {"value": found.model.value, "interval": [low, high], "drawn": found.drawn.sun.total},
        "chosen": {"count": chosen.count, "of": chosen.total, "interval": list(chosen.interval)},
        "text": found.text,
    }


def text(document: dict[str, Any]) -> str:
    """The same for people."""
    from crystal_studio.funnel import reasons

    judged = document["kind"] == "judge"
    made = "candidates" if judged else f"of {document['requested']} generated"
    told = [f"{document['generated']} {made}"]
    told += [f"{document[status]} {said}" for status, said in STATUSES.items() if document[status]]
    lines = [
        f"Campaign {document['campaign_id']} ({document['name']}): {document['state']} after "
        f"{document['seconds']:.1f} s; {', '.join(told)}"
    ]
    if document["stages"]:
        columns = [name for name in ("marked", "error", "waiting") if any(stage[name] for stage in document["stages"])]
        rows = [stage | {"stage": reasons.stage_title(stage["stage"])} for stage in document["stages"]]
        lines.append(common.table(rows, ("stage", "entered", "passed", "failed", *columns)))
    for stage in document["stages"]:
        lines += [
            f"  {reasons.stage_title(stage['stage'])}: {count} x {reasons.title(stage['stage'], code)}"
            for code, count in stage["reasons"].items()
        ]
    for one in document["sun"]:
        limit = f"at most {one['cutoff']:g} eV/atom above the hull"
        found = f"Stable ({limit}), unique and novel by {one['by']}: {one['sun']['text']}"
        lines.append(found + (" found, not all were relaxed" if "triage" in one else ""))
        if "triage" in one:
            lines.append(f"  {one['triage']['text']}")
    return "\n".join(lines)
