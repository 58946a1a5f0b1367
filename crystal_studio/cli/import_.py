"""``crystal-studio import``: structures from files as candidates."""

from __future__ import annotations

import argparse
from typing import Any

from crystal_studio.cli import common

SUMMARY = "bring CIF, POSCAR, extxyz or ASE db files in as candidates; what cannot be read is reported and skipped"
EXAMPLE = "crystal-studio import battery.crystals known/*.cif"


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    parser.add_argument("files", nargs="+", metavar="FILE", help="structure files")
    parser.add_argument("--symprec", type=float, default=0.01, help="tolerance of the symmetry in Angstrom (0.01)")
    parser.add_argument("--name", default="", help="what to call the campaign that holds them")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.campaign.importing import import_files

    imported = import_files(args.project, args.files, args.symprec, args.name)
    for file, reason in imported.problems:
        common.log(f"skipped {file}: {reason}")
    return {
        "project": args.project,
        "campaign_id": imported.campaign_id,
        "imported": len(imported.ids),
        "candidate_ids": list(imported.ids),
        "skipped": [{"file": file, "reason": reason} for file, reason in imported.problems],
    }


def text(document: dict[str, Any]) -> str:
    skipped = f", skipped {len(document['skipped'])}" if document["skipped"] else ""
    return f"Imported {document['imported']} structures into {document['project']}{skipped}"
