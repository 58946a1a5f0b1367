"""Values on their way into the project file and back: plain Python, without NaN."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from crystal_studio.candidates.quantities import COUNT, FLAG, LABEL


def plain(value: Any) -> Any:
    """What JSON can hold: numpy becomes Python, tuples lists, and numbers that are not finite None."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.tolist()]
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    return str(value)


def to_json(values: Mapping[str, Any]) -> str:
    """A mapping as the file holds it; "" for an empty one."""
    return json.dumps(plain(values), ensure_ascii=False) if values else ""


def from_json(text: str) -> dict[str, Any]:
    """The inverse of ``to_json``, of a text whose checksum held."""
    return json.loads(text) if text else {}


def finite(value: Any) -> float | None:
    """A number as a column of real numbers holds it: None for what is not finite, never a negative zero."""
    if value is None:
        return None
    number = float(value)
    return number + 0.0 if math.isfinite(number) else None


def typed(kind: str, value: float | None, label: str | None) -> Any:
    """A stored value as its kind of quantity wants it: bool, int, str or float."""
    if kind == LABEL:
        return label
    if value is None:
        return None
    if kind == FLAG:
        return bool(value)
    return int(value) if kind == COUNT else value
