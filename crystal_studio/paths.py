"""Where the shipped resources and models lie, in a checkout, a wheel and a frozen program, and what the user keeps."""

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


def own_models() -> Path:
    """Folder of the models that the user has trained from others; that of all models where one is named for them."""
    from platformdirs import user_data_path

    given = os.environ.get("CRYSTAL_STUDIO_MODELS")
    return Path(given) if given else user_data_path("crystal-studio", False) / "models"


def model(name: str) -> Path:
    """Folder of a model by its name, a shipped one before one of the user's; it need not exist."""
    shipped = models() / name
    return shipped if (shipped / "card.json").exists() else own_models() / name


def configuration() -> Path:
    """The user's own folder of what the program is set to; it need not exist."""
    given = os.environ.get("CRYSTAL_STUDIO_CONFIG")
    if given:
        return Path(given)
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData/Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "crystal-studio"


def references() -> Path:
    """Folder of the user's own reference sets, one folder a set."""
    from platformdirs import user_data_path

    given = os.environ.get("CRYSTAL_STUDIO_REFERENCES")
    return Path(given) if given else user_data_path("crystal-studio", False) / "references"
