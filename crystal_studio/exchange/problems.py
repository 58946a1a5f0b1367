"""What could not be read or written, named, without stopping the rest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """``name`` of the file or structure and one plain sentence about it."""

    name: str
    text: str
