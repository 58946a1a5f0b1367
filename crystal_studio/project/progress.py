"""How far runs have come: what their stages said, who is still on the way, who could not be judged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from crystal_studio.project.rows import CampaignRow, StageCounts

_LATER = "EXISTS (SELECT 1 FROM verdicts w WHERE w.candidate_id = v.candidate_id AND w.stage = v.stage AND w.id > v.id)"
"""Whether a later run has judged the candidate of a verdict ``v`` by its stage again."""


def funnel(db: sqlite3.Connection, campaign_id: int | None) -> list[StageCounts]:
    """What every stage said in one run, or (None) what it says now of all candidates, in the order of work."""
    chosen, values = "", []
    if campaign_id is not None:
        chosen, values = "WHERE v.campaign_id = ?", [int(campaign_id)]
    elif db.execute("SELECT 1 FROM campaigns WHERE kind = 'judge' LIMIT 1").fetchone():
        chosen = f"WHERE NOT {_LATER}"
    found = db.execute(
        f"SELECT v.stage, v.status, v.reason, count(*), min(v.id) FROM verdicts v {chosen} "
        "GROUP BY v.stage, v.status, v.reason",
        values,
    )
    return _stage_counts(found)


def _stage_counts(found: Iterable[tuple[str, str, str, int, int]]) -> list[StageCounts]:
    """From (stage, status, reason, number, first verdict) one row a stage, in the order of work."""
    first: dict[str, int] = {}
    counts: dict[str, dict[str, int]] = {}
    reasons: dict[str, dict[str, int]] = {}
    for stage, status, reason, number, earliest in found:
        first[stage] = min(earliest, first.get(stage, earliest))
        of_stage = counts.setdefault(stage, {})
        of_stage[status] = of_stage.get(status, 0) + number
        if reason and status == "passed":
            of_stage["marked"] = of_stage.get("marked", 0) + number
        if reason:
            codes = reasons.setdefault(stage, {})
            codes[reason] = codes.get(reason, 0) + number
    return [
        StageCounts(
            stage, **counts[stage], reasons=dict(sorted(reasons.get(stage, {}).items(), key=lambda item: -item[1]))
        )
        for stage in sorted(first, key=first.__getitem__)
    ]


def pending(db: sqlite3.Connection, row: CampaignRow) -> list[tuple[int, str]]:
    """Candidates still on their way in a run and the last stage each has passed; see ``ProjectReader.pending``."""
    if row.kind == "judge":
        return _unjudged(db, row)
    return db.execute(
        "SELECT c.id, coalesce((SELECT v.stage FROM verdicts v WHERE v.candidate_id = c.id "
        f"AND v.status = 'passed' AND NOT {_LATER} ORDER BY v.id DESC LIMIT 1), '') FROM candidates c "
        "WHERE c.campaign_id = ? AND c.status IN ('pending', 'error') ORDER BY c.id",
        (row.id,),
    ).fetchall()


def _unjudged(db: sqlite3.Connection, row: CampaignRow) -> list[tuple[int, str]]:
    """Candidates of a judge's request that have not been through its stages in this run, and how far each has come."""
    stages = [str(stage) for stage in row.request.get("stages", ())]
    said: dict[int, dict[str, str]] = {}
    for i, stage, status in db.execute(
        "SELECT candidate_id, stage, status FROM verdicts WHERE campaign_id = ?", (row.id,)
    ):
        said.setdefault(i, {})[stage] = status
    out = []
    for i in sorted({int(i) for i in row.request.get("ids", ())}):
        mine = said.get(i, {})
        if "rejected" in mine.values() or "waiting" in mine.values():
            continue
        reached = ""
        for stage in stages:
            if mine.get(stage) != "passed":
                out.append((i, reached))
                break
            reached = stage
    return out


def errors(db: sqlite3.Connection, campaign_id: int) -> list[int]:
    """Candidates that one run could not judge and nobody has judged by that stage since."""
    found = db.execute(
        f"SELECT DISTINCT v.candidate_id FROM verdicts v WHERE v.campaign_id = ? AND v.status = 'error' "
        f"AND NOT {_LATER} ORDER BY v.candidate_id",
        (campaign_id,),
    )
    return [i for (i,) in found]
