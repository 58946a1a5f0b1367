"""Requests as TOML and JSON, in text and in files."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import FileError


def to_toml(request: DesignRequest) -> str:
    """TOML text that ``from_text`` and ``crystal-studio generate --request`` read."""
    import tomli_w

    return tomli_w.dumps(request.to_dict())


def from_text(text: str, name: str = "This") -> DesignRequest:
    """The request of a text in TOML or JSON; raises ``FileError`` for any other, ``RequestError`` where it is none."""
    if not text.strip():
        raise FileError(f"{name} is empty: it holds no request.")
    kind = "JSON" if text.lstrip().startswith("{") else "TOML"  # no document in TOML begins so
    try:
        found = json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise FileError(f"{name} is not a request in {kind}: {error}.") from error
    return DesignRequest.from_dict(found)


def read(path: Path) -> DesignRequest:
    """The request in a file; raises ``FileError`` or ``RequestError``."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be read as a request: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not a request in TOML or JSON: it is no text.") from error
    return from_text(text, str(path))


def write(request: DesignRequest, path: Path) -> None:
    """Write a request to a file; raises ``FileError``."""
    try:
        path.write_text(to_toml(request), encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}. Choose another folder.") from error


def to_json(request: DesignRequest) -> str:
    """Indented JSON."""
    return json.dumps(request.to_dict(), indent=2)
