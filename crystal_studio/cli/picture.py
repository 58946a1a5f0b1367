"""``crystal-studio picture``: a structure drawn off screen."""

from __future__ import annotations

import argparse
from typing import Any

from crystal_studio.cli import common

SUMMARY = "draw one candidate into a PNG, off screen"
EXAMPLE = "crystal-studio picture battery.crystals 17 --to spinel.png --style polyhedra"


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    parser.add_argument("id", type=int, metavar="ID", help="the candidate's id, as list shows it")
    parser.add_argument("--to", required=True, metavar="FILE.png", help="where to write the picture")
    parser.add_argument(
        "--style", default="ball-stick", help="ball-stick (default), space-filling, polyhedra, wireframe or framework"
    )
    common.size_argument(parser, "1200x1000")
    parser.add_argument("--generated", action="store_true", help="as generated, also where it has been relaxed")
    parser.add_argument("--colour-by", default="element", help="element (default), orbit or block")
    parser.add_argument("--no-hydrogens", action="store_true", help="leave hydrogen atoms out of the picture")
    parser.add_argument("--dark", action="store_true", help="on a dark background")
    parser.add_argument("--transparent", action="store_true", help="without a background")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(args.project) as reader:
        row = reader.candidate(args.id)
        candidate = reader.batch([row.id], "generated" if args.generated else "current")
    structure = candidate.structures
    from crystal_studio.app.viewer import picture
    from crystal_studio.mof.makeup import makeup_of

    path = picture.render(
        structure.lattice[0],
        structure.numbers,
        structure.positions,
        args.to,
        style=args.style,
        size=args.size,
        dark=args.dark,
        orbit=structure.orbit,
        colour_by=args.colour_by,
        transparent=args.transparent,
        hydrogens=not args.no_hydrogens,
        bonds=None if candidate.bonds is None else candidate.bonds.of(0),
        makeup=makeup_of(candidate),
    )
    return {"file": str(path.resolve()), "id": row.id, "formula": row.formula, "style": args.style, "size": args.size}


def text(document: dict[str, Any]) -> str:
    return f"Drew {document['formula']} into {document['file']}"
