"""Requests as TOML and JSON, in text and in files."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import FileError


def to_toml(request: DesignRequest) -> str:
    """TOML text that ``from_toml`` and ``crystal-studio generate --request`` read."""
    import tomli_w

    return tomli_w.dumps(request.to_dict())


def from_toml(text: str, name: str = "This") -> DesignRequest:
    """The request of a TOML text; raises ``FileError`` where it is not TOML, ``RequestError`` where no request."""
    try:
        return DesignRequest.from_dict(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise FileError(f"{name} is not a request in TOML: {error}.") from error


def read(path: Path) -> DesignRequest:
    """The request in a file; raises ``FileError`` or ``RequestError``."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be read as a request: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not a request in TOML: it is no text.") from error
    return from_toml(text, str(path))


def write(request: DesignRequest, path: Path) -> None:
    """Write a request to a file; raises ``FileError``."""
    try:
        path.write_text(to_toml(request), encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}. Choose another folder.") from error


def to_json(request: DesignRequest) -> str:
    """Indented JSON."""
    return json.dumps(request.to_dict(), indent=2)
