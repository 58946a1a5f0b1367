"""``crystal-studio judge``: a funnel, or single stages, for candidates that the project holds."""

from __future__ import annotations

import argparse
from typing import Any

from crystal_studio.cli import campaign_document, common, funnel_arguments, run_campaign

SUMMARY = "judge stored candidates, imported ones too: a funnel, or single stages"
EXAMPLE = """crystal-studio judge battery.crystals --where "status == 'unjudged'"
  crystal-studio judge battery.crystals --where "e_hull < 0.05" --stage relaxation:fmax=0.03 --potential chgnet"""


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    common.selection_arguments(parser)
    parser.add_argument("--funnel", metavar="NAME", help="quick (default), full, one that is saved, or a file of one")
    funnel_arguments.add_stages(parser)
    parser.add_argument(
        "--potential",
        action="append",
        metavar="NAME",
        help="potential that relaxes (default: chgnet); repeated: one after the other, each with its own values",
    )
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda, cuda:1 or mps")
    parser.add_argument("--name", default="", help="what to call it in the list of campaigns")
    run_campaign.arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.campaign import judging
    from crystal_studio.campaign.judge_request import JudgeRequest
    from crystal_studio.project.queries import ProjectReader
    from crystal_studio.project.store import bring_up_to_date

    bring_up_to_date(args.project)
    with ProjectReader(args.project) as reader:
        ids, _ = common.selection(reader, args)
    funnel = funnel_arguments.read(args)
    documents: list[dict[str, Any]] = []
    for potential in args.potential or [JudgeRequest.potential]:
        request = JudgeRequest.of(ids, funnel=funnel, potential=potential, device=args.device)
        documents.append(run_campaign.run(args, judging.start(args.project, request, args.name)))
        if documents[-1]["state"] != "finished":
            break
    return documents[-1] | {"campaigns": documents}


def text(document: dict[str, Any]) -> str:
    return "\n".join(campaign_document.text(campaign) for campaign in document["campaigns"])
