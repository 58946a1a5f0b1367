"""``crystal-studio resume``: carries on what was paused or killed, and tries again what could not be judged."""

from __future__ import annotations

import argparse
from typing import Any

from crystal_studio.cli import campaign_document, common, run_campaign

SUMMARY = "carry on every unfinished campaign of a project (paused, killed, failed), and try errors again"
EXAMPLE = "crystal-studio resume battery.crystals"


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    parser.add_argument("--campaign", type=int, metavar="ID", help="only this one, a cancelled one too")
    run_campaign.arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.campaign.unfinished import to_resume
    from crystal_studio.project.queries import ProjectReader
    from crystal_studio.project.store import bring_up_to_date

    bring_up_to_date(args.project)
    with ProjectReader(args.project) as reader:
        chosen = [reader.campaign(args.campaign).id] if args.campaign is not None else to_resume(reader)
    documents = []
    for campaign_id in chosen:
        documents.append(run_campaign.run(args, campaign_id))
        if documents[-1]["state"] == "paused":
            break
    return {"project": args.project, "campaigns": documents}


def text(document: dict[str, Any]) -> str:
    if not document["campaigns"]:
        return "Nothing to resume: every campaign is finished or cancelled."
    return "\n".join(campaign_document.text(campaign) for campaign in document["campaigns"])
