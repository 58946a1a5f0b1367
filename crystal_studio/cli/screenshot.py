"""``crystal-studio screenshot``: the real main window with a project open, as a picture."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crystal_studio.cli import common, display

SUMMARY = "draw the main window with a project open into a PNG; works without a display"
EXAMPLE = "crystal-studio screenshot battery.crystals --to window.png --page explore --theme dark"


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)
    parser.add_argument("--to", required=True, metavar="FILE.png", help="where to write the picture")
    common.size_argument(parser, "1600x1000")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--page", choices=("design", "run", "explore"), default="explore")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(args.project):  # so that a bad file is said before a screen is looked for
        pass
    width, height = args.size
    with display.screen(width + 200, height + 200):
        from crystal_studio.app import screenshot

        path = Path(screenshot.take(args.project, args.to, args.size, args.theme, args.page))
    return {"file": str(path.resolve()), "page": args.page, "theme": args.theme, "size": args.size}


def text(document: dict[str, Any]) -> str:
    return f"Drew the {document['page']} page into {document['file']}"
