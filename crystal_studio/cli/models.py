"""``crystal-studio models``: the installed models with their cards."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from crystal_studio.cli import common

SUMMARY = "show the installed models with their cards"
EXAMPLE = "crystal-studio models --json"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="only this model, with everything its card says")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio import paths
    from crystal_studio.errors import ModelError
    from crystal_studio.generators import registry

    cards = registry.installed()
    if args.name:
        if args.name not in cards:
            raise ModelError(f"There is no model {args.name!r}: installed are {', '.join(cards) or 'none'}.")
        cards = {args.name: cards[args.name]}
    return {"folder": str(paths.models()), "models": [asdict(card) for card in cards.values()]}


def text(document: dict[str, Any]) -> str:
    if not document["models"]:
        return f"No model is installed in {document['folder']}."
    rows = [m | {"elements": len(m["elements"]), "trained on": _data(m["data"])} for m in document["models"]]
    lines = [common.table(rows, ("name", "family", "parameters", "elements", "licence", "trained on"))]
    lines += [f"{m['name']}: {m['title']}" + (f"\n  {m['notes']}" if m["notes"] else "") for m in document["models"]]
    return "\n".join(lines)


def _data(about: dict[str, Any]) -> str:
    """Like "mp20.parquet, 27136 crystals"."""
    name = about.get("name") or about.get("file") or ""
    return f"{name}, {about['crystals']} crystals" if name and "crystals" in about else str(name)
