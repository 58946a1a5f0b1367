"""Numbers on their way into the project file: plain Python, without NaN."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from crystal_studio.project.schema import VALUE_COLUMNS


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


def to_column(name: str, value: Any) -> Any:
    """A plain value as the candidates' column holds it; a group 0 means that none was found."""
    if value is None:
        return None
    converted = VALUE_COLUMNS[name](value)
    if name == "detected_space_group" and converted == 0:
        return None
    return converted
