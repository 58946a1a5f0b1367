"""``crystal-studio list``: candidates as a table."""

from __future__ import annotations

import argparse
from typing import Any

from crystal_studio.cli import common

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
        rows = reader.candidates(args.where, args.sort, args.descending, args.limit)
        matching = reader.count(args.where)
    there = {name for row in rows for name in row.values}
    return {
        "project": args.project,
        "count": len(rows),
        "matching": matching,
        "quantities": [name for name in quantities() if name in there] + sorted(there.difference(quantities())),
        "candidates": [common.plain(row) for row in rows],
    }


def text(document: dict[str, Any]) -> str:
    from crystal_studio.candidates.registry import quantities

    if not document["candidates"]:
        return "No candidate matches."
    known = quantities()
    rows = [
        row | {name: known[name].text(row.get(name), beside=row) for name in document["quantities"] if name in known}
        for row in document["candidates"]
    ]
    more = document["matching"] - document["count"]
    lines = [common.table(rows, (*CORE, *document["quantities"], "reason"))]
    return "\n".join(lines + ([f"... and {more} more"] if more > 0 else []))
