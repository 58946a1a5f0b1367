"""``crystal-studio list``: candidates as a table."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from crystal_studio.cli import common

if TYPE_CHECKING:
    from crystal_studio.candidates.objectives import Ranking

SUMMARY = "list candidates, filtered and sorted"
EXAMPLE = """crystal-studio list battery.crystals --where "e_hull < 0.1 and space_group in (166, 227)" --sort e_hull"""
CORE = ("id", "formula", "space_group", "n_atoms", "n_orbits", "density", "stage", "status")
"""Columns of every table; quantities that occur follow, then the reason."""


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    common.selection_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.candidates.registry import quantities
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(args.project) as reader:
        ids, ranking = common.selection(reader, args)
        rows = reader.by_ids(ids)
        matching = reader.count(args.where)
    there = {name for row in rows for name in row.values}
    return {
        "project": args.project,
        "count": len(rows),
        "matching": matching,
        "quantities": [name for name in quantities() if name in there] + sorted(there.difference(quantities())),
        "candidates": [common.plain(row) | ({"pareto_rank": ranking.rank(row.id)} if ranking else {}) for row in rows],
    } | ({} if ranking is None else _compared(ranking))


def _compared(ranking: Ranking) -> dict[str, Any]:
    return {
        "pareto": {
            "objectives": [str(objective) for objective in ranking.objectives],
            "compared": ranking.compared,
            "front": len(ranking.front),
        }
    }


def text(document: dict[str, Any]) -> str:
    from crystal_studio.candidates.registry import quantities

    told = document.get("pareto")
    if told and not told["compared"]:
        return f"No candidate that matches has a value of each of {', '.join(told['objectives'])}: nothing is compared."
    if not document["candidates"]:
        return "No candidate matches."
    known = quantities()
    rows = [
        row | {name: known[name].text(row.get(name), beside=row) for name in document["quantities"] if name in known}
        for row in document["candidates"]
    ]
    front = ("pareto_rank",) if told else ()
    lines = [common.table(rows, (*CORE[:2], *front, *CORE[2:], *document["quantities"], "reason"))]
    if told:
        first = f"{told['front']} of {told['compared']} candidates are on the Pareto front"
        return "\n".join([*lines, f"{first} of {', '.join(told['objectives'])}"])
    more = document["matching"] - document["count"]
    return "\n".join(lines + ([f"... and {more} more"] if more > 0 else []))
