"""``crystal-studio export``: candidates as files."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crystal_studio.cli import common
from crystal_studio.errors import FileError

SUMMARY = "write candidates to files"
EXAMPLE = """crystal-studio export battery.crystals --format cif --to cifs --where "status == 'passed'" """


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    from crystal_studio.exchange.exporters import exporters

    formats = "; ".join(f"{name}: {one.help[:1].lower()}{one.help[1:]}" for name, one in exporters.all().items())
    parser.add_argument("--format", required=True, metavar="FORMAT", help=formats.replace("%", "%%"))
    parser.add_argument("--to", required=True, metavar="DIR", help="folder to write to, made if it is not there")
    common.selection_arguments(parser)
    parser.add_argument("--name", default="{id}_{formula}_{space_group}", metavar="PATTERN", help="names of the files")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--geometry",
        default="current",
        metavar="WHICH",
        help="current (relaxed where it was, the default), generated, or that of a method such as chgnet",
    )
    which.add_argument(
        "--generated", action="store_const", const="generated", dest="geometry", help="the same as --geometry generated"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace files of the same names in the folder")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.campaign import candidate_columns
    from crystal_studio.exchange import export
    from crystal_studio.exchange.exporters import exporter
    from crystal_studio.project.queries import ProjectReader

    exporter(args.format)
    with ProjectReader(args.project) as reader:
        ids, _ = common.selection(reader, args)
        rows = reader.by_ids(ids)
        names = export.file_names(
            [r.id for r in rows], [r.formula for r in rows], [r.space_group or 0 for r in rows], args.name
        )
        if rows and not args.overwrite:
            _refuse_existing(export.targets(names, args.format, args.to))
        made = reader.batch(ids, args.geometry)
    columns = candidate_columns.of_geometry(candidate_columns.columns(rows), made.structures, args.geometry)
    problems: list[dict[str, str]] = []

    def report(problem: Any) -> None:
        problems.append({"name": problem.name, "reason": problem.text})
        common.log(f"{problem.name}: {problem.text}")

    # A symmetrised CIF of what was generated comes straight from the asymmetric unit.
    crystals = made if args.geometry == "generated" else export.as_they_stand(made)
    files = export.export(crystals, names, args.format, args.to, columns=columns, report=report) if rows else []
    return {
        "project": args.project,
        "folder": args.to,
        "format": args.format,
        "geometry": args.geometry,
        "candidates": len(rows),
        "files": [str(file.resolve()) for file in files],
        "problems": problems,
    }


def _refuse_existing(targets: Sequence[Path]) -> None:
    """Raises ``FileError`` where a file to be written is there already."""
    there = [target for target in targets if target.exists()]
    if there:
        which = f"{there[0]} is there" if len(there) == 1 else f"{there[0]} and {len(there) - 1} more files are there"
        raise FileError(
            f"{which} already, so nothing was written: choose another folder with --to, or replace with --overwrite."
        )


def text(document: dict[str, Any]) -> str:
    if not document["candidates"]:
        return "No candidate matches: nothing was written."
    return f"Wrote {document['candidates']} candidates to {len(document['files'])} files in {document['folder']}"
