"""Options as text: how what is typed is read, how a value is written, and the words beside a field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crystal_studio.design import known_cell
from crystal_studio.design.forms import FormField
from crystal_studio.errors import RequestError

TYPED: dict[str, tuple[Callable[[str], Any], Callable[[Any], str]]] = {
    "names": (lambda text: _names(text), ", ".join),
    "cell": (known_cell.parse_cell, known_cell.as_text),
}
"""Kinds of fields whose text is read and written: how. What cannot be read raises ``RequestError``."""


def says(field: FormField, text: str, value: Any) -> bool:
    """Whether a text of one of those kinds is read as this value."""
    try:
        return list(TYPED[field.kind][0](text)) == list(value)
    except RequestError:
        return False


def written(field: FormField, value: Any) -> str:
    """The value of an option as it is written."""
    return TYPED[field.kind][1](value) if field.kind in TYPED else str(value)


def titled(field: FormField) -> str:
    """Title and unit."""
    return f"{field.title}, {field.unit}" if field.unit else field.title


def told(field: FormField) -> str:
    """What a field does, and between which bounds."""
    if field.low is None or field.high is None:
        return sentence(field.help)
    return f"{sentence(field.help)}; {field.low:,.12g} to {field.high:,.12g}"


def sentence(text: str) -> str:
    """A phrase with a capital."""
    return text[:1].upper() + text[1:]


def _names(text: str) -> list[str]:
    """Names with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]
