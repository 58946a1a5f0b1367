"""Which families of generators there are, which of their models are installed, and how to load one."""

from __future__ import annotations

import json
from pathlib import Path

from crystal_studio import paths
from crystal_studio.design.forms import form
from crystal_studio.errors import ModelError
from crystal_studio.generators.family import Family
from crystal_studio.generators.protocol import Generator, ModelCard, PropertyRange
from crystal_studio.registry import Registry

families: Registry[Family] = Registry(
    "family of models",
    "crystal_studio.families",
    {
        "symmcd": "crystal_studio.generators.symmcd.family:FAMILY",
        "adaptive-cell": "crystal_studio.generators.adaptive_cell.family:FAMILY",
        "mofdiff": "crystal_studio.generators.mofdiff.family:FAMILY",
    },
    ModelError,
    check=lambda family: form(family.options),
)
"""Families that generate crystals; models of other kinds may lie in the same folder."""


def folder(name: str) -> Path:
    """Folder of an installed model; raises ``ModelError``."""
    path = paths.model(name)
    if not name or not (path / "card.json").exists():
        raise _no_model(name)
    return path


def read_card(folder: Path) -> ModelCard:
    """The card of one model folder; raises ``ModelError`` if it is malformed."""
    path = folder / "card.json"
    try:
        raw = json.loads(path.read_text())
        return ModelCard(
            name=folder.name,
            family=raw["family"],
            title=raw["title"],
            licence=raw["licence"],
            data=raw["data"],
            training=raw["training"],
            parameters=int(raw["parameters"]),
            sha256=raw["sha256"],
            elements=tuple(raw["elements"]),
            limits=raw.get("limits", {}),
            notes=raw.get("notes", ""),
            labels=tuple(
                PropertyRange(str(v["name"]), str(v["unit"]), float(v["low"]), float(v["high"]))
                for v in raw.get("labels", ())
            ),
            revision=families.get(raw["family"]).revision if raw["family"] in families else 1,
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The model card {path} cannot be read: install the model again.") from error


def installed() -> dict[str, ModelCard]:
    """Cards of the models that can generate, by name; folders with a malformed card are left out.

    Those whose family can answer any request for a crystal come first: the first is the default.
    """
    found: dict[str, ModelCard] = {}
    roots = dict.fromkeys((paths.models(), paths.own_models()))
    for folder in [folder for root in roots if root.is_dir() for folder in sorted(root.iterdir())]:
        if folder.name not in found and (folder / "card.json").exists():
            try:
                card = read_card(folder)
            except ModelError:
                continue
            if card.family in families:
                found[folder.name] = card
    for family in families.all().values():
        for card in family.cards():
            found.setdefault(card.name, card)

    def special(item: tuple[str, ModelCard]) -> bool:
        able = families.get(item[1].family).capabilities
        return bool(able.needs) or not able.general

    return dict(sorted(found.items(), key=special))


def default() -> str:
    """Name of the model used when a request names none; raises ``ModelError`` if none is installed."""
    names = list(installed())
    if not names:
        raise ModelError(
            f"No trained model is installed in {paths.models()}:"
            " install Crystal Studio again or run 'crystal-studio train'."
        )
    return names[0]


def card(name: str) -> ModelCard:
    """The card of an installed model, of the default one for an empty name; raises ``ModelError``."""
    name = name or default()
    if paths.model(name).is_dir():
        found = read_card(paths.model(name))
        if found.family not in families:
            raise ModelError(f"The model {name} is of the unknown family {found.family!r}: update Crystal Studio.")
        return found
    known = installed()
    if name not in known:
        raise _no_model(name)
    return known[name]


def load(name: str, device: str = "cpu") -> Generator:
    """A generator on a device ("cpu", "cuda:0", "mps"); an empty name means the default model."""
    found = card(name)
    return families.get(found.family).load(paths.model(found.name), found, device)


def _no_model(name: str) -> ModelError:
    return ModelError(f"There is no model {name!r}: installed are {', '.join(installed()) or 'none'}.")
