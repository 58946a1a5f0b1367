"""How a check says what is wrong."""

from __future__ import annotations


class NotConforming(AssertionError):
    """An adapter does not do what its protocol says."""


def require(condition: object, message: str) -> None:
    """Raise ``NotConforming`` where the condition does not hold."""
    if not condition:
        raise NotConforming(message)
