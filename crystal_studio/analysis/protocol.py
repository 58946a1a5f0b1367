"""What an analysis of one crystal gives: columns to be plotted or written, and a few figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Tell = Callable[[str], None]
"""Hears what a long analysis is doing, in a few words."""


def silent(text: str) -> None:
    """For nobody to hear."""


@dataclass(frozen=True)
class Column:
    """One column of a table: ``title`` for people, ``unit`` ("" where it has none) and ``format`` of its numbers."""

    title: str
    unit: str = ""
    format: str = ".4g"

    @property
    def heading(self) -> str:
        """Title and unit."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


@dataclass(frozen=True)
class Analysis:
    """A table with equally long columns, and single figures beside it.

    title : what was found out
    columns : by key, in order; values : the same keys, plain numbers, texts or None
    figures : (title, value, unit) of what is worth a line of its own
    notes : sentences on how it was found and what limits it
    """

    title: str
    columns: Mapping[str, Column]
    values: Mapping[str, Sequence[Any]]
    figures: tuple[tuple[str, Any, str], ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The table row by row."""
        return [dict(zip(self.values, row, strict=True)) for row in zip(*self.values.values(), strict=True)]
