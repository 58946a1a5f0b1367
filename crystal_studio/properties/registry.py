"""Which property models are installed, and how to load one."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from crystal_studio import paths
from crystal_studio.errors import ModelError
from crystal_studio.properties.protocol import PropertyModel

FAMILY = "properties"
DEFAULT = "properties-mp20-like"


def installed() -> dict[str, dict[str, Any]]:
    """Cards of the installed property models, by name; nothing heavy is imported."""
    found = {}
    root = paths.models()
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        try:
            card = json.loads((folder / "card.json").read_text())
        except (OSError, ValueError):
            continue
        if isinstance(card, dict) and card.get("family") == FAMILY:
            found[folder.name] = card
    return found


def load(name: str = DEFAULT) -> PropertyModel:
    """The model of that name (or in that folder), read once a process; ``ModelError`` with the remedy otherwise."""
    folder = Path(name) if (Path(name) / "card.json").exists() else paths.models() / name
    if not (folder / "card.json").exists():
        known = ", ".join(installed()) or "none"
        raise ModelError(
            f"There is no property model {name!r}: installed are {known}."
            " Train one with 'crystal-studio train properties' or install Crystal Studio again."
        )
    return _read(folder.resolve())


@lru_cache(maxsize=2)
def _read(folder: Path) -> PropertyModel:
    from crystal_studio.properties.storage import read

    return read(folder)
