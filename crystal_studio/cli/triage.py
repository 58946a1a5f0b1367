"""``crystal-studio triage``: what a rule on energies and their uncertainties would have kept, lost and saved."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from crystal_studio.cli import common

if TYPE_CHECKING:
    from crystal_studio.analysis.triage import Outcome

SUMMARY = "which candidates are worth relaxing: what a limit on predicted energies keeps, loses and saves"
EXAMPLE = "crystal-studio triage battery.crystals --limit 0.5 --spread 0.2"

LIMITS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0)
"""eV/atom: limits that are tried where none is named."""


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    parser.add_argument("--where", default="", metavar="EXPRESSION", help="which candidates, as in list")
    parser.add_argument(
        "--limit", type=float, action="append", metavar="E", help="most eV/atom above the hull that is kept (repeat)"
    )
    parser.add_argument("--spread", type=float, metavar="E", help="largest uncertainty that is kept, eV/atom")
    parser.add_argument(
        "--sigmas",
        type=float,
        default=0.0,
        metavar="K",
        help="compare energy + K uncertainties; negative gives the benefit of the doubt (default: 0)",
    )
    parser.add_argument("--cutoff", type=float, default=0.1, metavar="E", help="stable up to, eV/atom (default: 0.1)")
    parser.add_argument(
        "--source",
        default="predicted",
        metavar="NAME",
        help="what decides: predicted (default), a learned model or a potential",
    )
    parser.add_argument(
        "--outside", action="store_true", help="trust predictions for crystals unlike the training data, too"
    )
    parser.add_argument("--by", default="", metavar="METHOD", help="who has the last word (default: most trusted)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.analysis.triage import Rule, curve
    from crystal_studio.campaign.triage import evidence
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(args.project) as reader:
        found = evidence(reader, args.source, args.by, args.where, args.outside)
    limits = sorted(args.limit or LIMITS)
    outcomes = curve(Rule(limits[0], args.spread, args.sigmas), found, args.cutoff, limits)
    return {
        "project": args.project,
        "source": args.source,
        "by": args.by,
        "cutoff": args.cutoff,
        "spread": args.spread,
        "sigmas": args.sigmas,
        "outside": args.outside,
        "candidates": len(found),
        "stable": outcomes[0].before.count,
        "rules": [_plain(one) for one in outcomes],
    }


def _plain(one: Outcome) -> dict[str, Any]:
    shares = {"kept": one.kept, "lost": one.lost, "saved": one.saved, "stable_among_kept": one.among_kept}
    return {"limit": one.rule.limit} | {
        name: {"count": s.count, "of": s.total, "interval": list(s.interval), "text": s.text}
        for name, s in shares.items()
    }


def text(document: dict[str, Any]) -> str:
    if not document["candidates"]:
        return "Nothing can be said yet: no candidate has both a prediction and a relaxed energy above hull."
    head = (
        f"{document['candidates']} candidates with a last word, {document['stable']} of them at most "
        f"{document['cutoff']:g} eV/atom above the hull; decided by {document['source']}"
    )
    rows = [
        {
            "limit, eV/atom": f"{one['limit']:g}",
            "stable kept": one["kept"]["text"],
            "stable lost": str(one["lost"]["count"]),
            "relaxations saved": one["saved"]["text"],
            "stable among kept": one["stable_among_kept"]["text"],
        }
        for one in document["rules"]
    ]
    return "\n".join([head, common.table(rows, tuple(rows[0]))])
