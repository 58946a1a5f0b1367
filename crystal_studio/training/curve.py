"""The learning curve: means of an epoch's figures, one line of JSON an epoch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor


class Means:
    """Means of named figures, weighted by the crystals that each was found for."""

    def __init__(self) -> None:
        self.count = 0
        self._sums: dict[str, float] = {}

    def add(self, values: Mapping[str, float | Tensor], count: int) -> None:
        """Figures of ``count`` crystals."""
        self.count += count
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value) * count

    def values(self, prefix: str = "") -> dict[str, float]:
        """The means so far; nothing where nothing was added."""
        return {prefix + name: value / self.count for name, value in self._sums.items()}


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """To the digits of a learning curve."""
    return {name: round(value, 5) for name, value in values.items()}


def append(folder: Path, row: Mapping[str, float]) -> None:
    """One more line of ``curve.jsonl``."""
    with (folder / "curve.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
