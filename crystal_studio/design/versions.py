"""Requests of earlier versions, as project files and TOML files hold them, brought to the present form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crystal_studio.errors import RequestError

VERSION = 3
"""1: all fields side by side, written without a version. 2: core and ``options``. 3: the funnel may be a table of its
stages."""

MOVED = ("max_orbits", "guidance", "template", "keep", "sampler", "steps")
"""Fields of version 1 that are options of the family symmcd, then the only one."""


def version_of(funnel: object) -> int:
    """The first version that can say a request with this funnel, so that earlier programs read what they can."""
    return 2 if isinstance(funnel, str) else VERSION


def upgraded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the present version, without the version itself; raises ``RequestError`` for a later one.

    What states no version is of version 1, unless it has ``options``.
    """
    fields = {str(name): value for name, value in values.items()}
    version = fields.pop("version", 2 if "options" in fields else 1)
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        raise RequestError(
            f"The request is of version {version}, this program reads up to {VERSION}: update Crystal Studio.",
            "version",
        )
    if version == 1:
        if "options" in fields:
            raise RequestError("A request of version 1 has no options: leave the version out.", "version")
        options = {name: fields.pop(name) for name in MOVED if name in fields}
        fields["options"] = options
    return fields
