"""Which property models are installed, and how to load one."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from crystal_studio import paths
from crystal_studio.errors import ModelError
from crystal_studio.properties.protocol import FAMILY, TRIAGE, PropertyModel, PropertyModelClass
from crystal_studio.registry import Registry

DEFAULT = "properties-mp20-like"
TRIAGE_DEFAULT = "triage-mp20-like"

PROPERTY_MODELS: Registry[PropertyModelClass] = Registry(
    "property model", "crystal_studio.property_models", {}, ModelError
)
"""Classes of property models that other packages bring; those that we train lie in folders beside the generators."""


def installed() -> dict[str, dict[str, Any]]:
    """Cards of the installed property models, by name; no weights are read."""
    found = {}
    root = paths.models()
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        try:
            card = json.loads((folder / "card.json").read_text())
        except (OSError, ValueError):
            continue
        if isinstance(card, dict) and card.get("family") in (FAMILY, TRIAGE):
            found[folder.name] = card
    for name, entry in PROPERTY_MODELS.all().items():
        found.setdefault(name, dict(entry.card))
    return found


def load(name: str = DEFAULT) -> PropertyModel:
    """The model of that name (or in that folder), read once a process; ``ModelError`` with the remedy otherwise."""
    folder = Path(name) if (Path(name) / "card.json").exists() else paths.models() / name
    if (folder / "card.json").exists():
        return _read(folder.resolve())
    if name in PROPERTY_MODELS:
        return _made(name)
    known = ", ".join(installed()) or "none"
    raise ModelError(
        f"There is no property model {name!r}: installed are {known}."
        " Train one with 'crystal-studio train properties' or install Crystal Studio again."
    )


@lru_cache(maxsize=2)
def _read(folder: Path) -> PropertyModel:
    from crystal_studio.properties import storage, triage_storage

    try:
        family = json.loads((folder / "card.json").read_text()).get("family")
    except (OSError, ValueError, AttributeError):
        family = FAMILY  # whose reader says what is wrong
    return triage_storage.read(folder) if family == TRIAGE else storage.read(folder)


@lru_cache(maxsize=2)
def _made(name: str) -> PropertyModel:
    return PROPERTY_MODELS.get(name)()
