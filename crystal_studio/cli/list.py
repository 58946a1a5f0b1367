"""``crystal-studio list``: candidates as a table."""

from __future__ import annotations

import argparse
from typing import Any

from crystal_studio.cli import common

SUMMARY = "list candidates, filtered and sorted"
EXAMPLE = """crystal-studio list battery.crystals --where "e_hull < 0.1 and space_group in (166, 227)" --sort e_hull"""
COLUMNS = (
    "id", "formula", "space_group", "n_atoms", "n_orbits", "density", "stage", "status", "energy_per_atom", "e_hull",
    "novel", "nearest_known", "reason",
)  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    common.selection_arguments(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(args.project) as reader:
        rows = reader.candidates(args.where, args.sort, args.descending, args.limit)
        matching = reader.count(args.where)
    return {
        "project": args.project,
        "count": len(rows),
        "matching": matching,
        "candidates": [common.plain(row) for row in rows],
    }


def text(document: dict[str, Any]) -> str:
    if not document["candidates"]:
        return "No candidate matches."
    more = document["matching"] - document["count"]
    lines = [common.table(document["candidates"], COLUMNS)]
    return "\n".join(lines + ([f"... and {more} more"] if more > 0 else []))
