"""``crystal-studio new``: an empty project file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crystal_studio.cli import common

SUMMARY = "create an empty project file"
EXAMPLE = "crystal-studio new battery.crystals"


def arguments(parser: argparse.ArgumentParser) -> None:
    common.project_argument(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.project.store import ProjectWriter

    path = Path(args.project)
    with ProjectWriter.create(path):
        pass
    return {"project": str(path.resolve())}


def text(document: dict[str, Any]) -> str:
    return f"Created {document['project']}"
