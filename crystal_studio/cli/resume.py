"""``crystal-studio resume``: carries on what was paused or killed."""

from __future__ import annotations

import argparse
from typing import Any

from crystal_studio.cli import carry, common

SUMMARY = "carry on every unfinished campaign of a project (paused, killed or failed)"
EXAMPLE = "crystal-studio resume battery.crystals"


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    parser.add_argument("--campaign", type=int, metavar="ID", help="only this one, a cancelled one too")
    common.worker_argument(parser)
    parser.add_argument(
        "--max-minutes", type=float, default=0.0, metavar="M", help="pause each after so long (default: no limit)"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(args.project) as reader:
        if args.campaign is not None:
            chosen = [reader.campaign(args.campaign).id]
        else:
            chosen = [row.id for row in reader.campaigns() if row.state in ("running", "paused", "failed")]
    documents = []
    for campaign_id in chosen:
        documents.append(carry.carry_on(args.project, campaign_id, args.workers, args.max_minutes))
        if documents[-1]["state"] == "paused":
            break
    return {"project": args.project, "campaigns": documents}


def text(document: dict[str, Any]) -> str:
    if not document["campaigns"]:
        return "Nothing to resume: every campaign is finished or cancelled."
    return "\n".join(carry.text(campaign) for campaign in document["campaigns"])
