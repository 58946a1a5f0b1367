"""Where the shipped resources and models lie, in a checkout, a wheel and a frozen program."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def _root() -> Path:
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen:
        return Path(frozen)
    package = Path(__file__).resolve().parent
    # A wheel carries both folders inside the package; a checkout beside it.
    return package if (package / "resources").is_dir() else package.parent


def resources() -> Path:
    """Folder of tables and statistics computed by the project."""
    return Path(os.environ.get("CRYSTAL_STUDIO_RESOURCES") or _root() / "resources")


def models() -> Path:
    """Folder of trained weights, one folder a model."""
    return Path(os.environ.get("CRYSTAL_STUDIO_MODELS") or _root() / "models")
