"""Which trained models are installed, and how to load one."""

from __future__ import annotations

import json
from pathlib import Path

from crystal_studio import paths
from crystal_studio.errors import ModelError
from crystal_studio.generators.protocol import Generator, ModelCard, PropertyRange

FAMILIES = ("symmcd",)
"""Families that generate crystals; property models lie in the same folder."""


def folder(name: str) -> Path:
    """Folder of an installed model; raises ``ModelError``."""
    path = paths.models() / name
    if not name or not (path / "card.json").exists():
        known = ", ".join(installed()) or "none"
        raise ModelError(f"There is no model {name!r}: installed are {known}.")
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
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The model card {path} cannot be read: install the model again.") from error


def installed() -> dict[str, ModelCard]:
    """Cards of all models that have one, by name; folders with a malformed card are left out."""
    found: dict[str, ModelCard] = {}
    root = paths.models()
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if (folder / "card.json").exists():
            try:
                found[folder.name] = read_card(folder)
            except ModelError:
                continue
    return found


def default() -> str:
    """Name of the model used when a request names none; raises ``ModelError`` if none is installed."""
    names = [name for name, card in installed().items() if card.family in FAMILIES]
    if not names:
        raise ModelError(
            f"No trained model is installed in {paths.models()}:"
            " install Crystal Studio again or run 'crystal-studio train'."
        )
    return names[0]


def load(name: str, device: str = "cpu") -> Generator:
    """A generator on a device ("cpu", "cuda:0", "mps"); an empty name means the default model."""
    name = name or default()
    folder = paths.models() / name
    if not folder.is_dir():
        known = ", ".join(installed()) or "none"
        raise ModelError(f"There is no model {name!r}: installed are {known}.")
    card = read_card(folder)
    if card.family == "symmcd":
        from crystal_studio.generators.symmcd.model import SymmCD

        return SymmCD.load(folder, card, device)
    raise ModelError(f"The model {name} is of the unknown family {card.family!r}: update Crystal Studio.")
