"""``crystal-studio models``: the installed models with their cards."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from crystal_studio import paths
from crystal_studio.cli import common

if TYPE_CHECKING:
    from crystal_studio.generators.protocol import ModelCard

SUMMARY = "show the installed models with their cards"
EXAMPLE = "crystal-studio models --json"
ASKED = ("composition", "space_groups", "max_atoms")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="only this model, with everything its card says")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from crystal_studio.errors import ModelError
    from crystal_studio.generators import registry
    from crystal_studio.properties import registry as properties

    cards = registry.installed()
    cards |= {name: _property_card(name, card) for name, card in properties.installed().items()}
    if args.name:
        if args.name not in cards:
            raise ModelError(f"There is no model {args.name!r}: installed are {', '.join(cards) or 'none'}.")
        cards = {args.name: cards[args.name]}
    families = {card.family for card in cards.values()} if args.name else registry.families.names()
    return {
        "folder": str(paths.models()),
        "models": [asdict(card) for card in cards.values()],
        "families": [_family(name) for name in registry.families.names() if name in families],
    }


def _property_card(name: str, card: dict[str, Any]) -> ModelCard:
    """The card of a property model as generators have them; one of another package says only what it is."""
    from crystal_studio.generators import registry
    from crystal_studio.generators.protocol import ModelCard

    if (paths.model(name) / "card.json").exists():
        return registry.read_card(paths.model(name))
    title = str(card.get("title", name))
    return ModelCard(name, str(card.get("family", "")), title, str(card.get("licence", "")), {}, {}, 0, "", ())


def _family(name: str) -> dict[str, Any]:
    """What a family of generators can be asked for, and its options."""
    from crystal_studio.design.forms import form
    from crystal_studio.generators import registry

    family = registry.families.get(name)
    return {
        "name": family.name,
        "title": family.title,
        "capabilities": asdict(family.capabilities),
        "options": [asdict(field) | {"flag": field.flag} for field in form(family.options)],
    }


def text(document: dict[str, Any]) -> str:
    if not document["models"]:
        return f"No model is installed in {document['folder']}."
    rows = [m | {"elements": len(m["elements"]), "trained on": _data(m["data"])} for m in document["models"]]
    lines = [common.table(rows, ("name", "family", "parameters", "elements", "licence", "trained on"))]
    lines += [f"{m['name']}: {m['title']}" + (f"\n  {m['notes']}" if m["notes"] else "") for m in document["models"]]
    for family in document["families"]:
        flags = ", ".join(option["flag"] for option in family["options"]) or "none"
        able = [name.replace("_", " ") for name in ASKED if family["capabilities"][name]]
        lines.append(f"{family['title']} models take {', '.join(able) or 'elements only'}; options: {flags}")
    return "\n".join(lines)


def _data(about: dict[str, Any]) -> str:
    """Like "mp20.parquet, 27136 crystals"."""
    name = about.get("name") or about.get("file") or ""
    return f"{name}, {about['crystals']} crystals" if name and "crystals" in about else str(name)
