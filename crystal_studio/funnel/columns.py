"""Columns of findings and notes."""

from __future__ import annotations

from collections.abc import Sequence

from numpy import empty
from numpy.typing import NDArray


def objects(items: Sequence[object]) -> NDArray:
    """A column of Python objects, None where there is nothing."""
    column = empty(len(items), object)
    column[:] = list(items)
    return column
