"""Options of the command line drawn from declared fields, and read back."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from crystal_studio.design.flags import Argument
from crystal_studio.design.forms import FormField
from crystal_studio.errors import RequestError

_TYPES = {"int": int, "float": float}


def add_option(group: Any, argument: Argument, titles: Mapping[str, str]) -> None:
    """An option of some families; it is told which, by ``titles``, where there are others."""
    defaults = {titles[name]: _default(field) for name, field in argument.fields.items()}
    if len(titles) == 1:
        note = ""
    elif len(set(defaults.values())) > 1:
        note = f" ({'; '.join(f'{title}: {value}' for title, value in defaults.items())})"
    else:
        note = f" ({' and '.join(defaults)})"
    field = replace(argument.field, help=argument.field.help + note)
    add_field(group, argument.flag, argument.dest, field, tell_default=len(set(defaults.values())) == 1)


def add_field(group: Any, flag: str, dest: str, field: FormField, tell_default: bool = True) -> None:
    """One option; its value is None where it is not given."""
    default = _default(field) if tell_default else ""
    end = f" (default: {default})" if default else ""
    help = (field.help + end).replace("%", "%%")
    if field.kind == "flag":
        group.add_argument(flag, dest=dest, action=argparse.BooleanOptionalAction, default=None, help=help)
    elif field.kind == "choice":
        said = "; ".join(f"{c.value}: {_within(c.help)}" for c in field.choices if c.help) or field.help
        values = [c.value for c in field.choices]
        group.add_argument(flag, dest=dest, choices=values, help=(said + end).replace("%", "%%"))
    elif field.kind in ("space_groups", "targets"):
        group.add_argument(flag, dest=dest, action="append", metavar=field.metavar, help=help)
    else:
        type_ = _TYPES.get(field.kind, str)
        group.add_argument(flag, dest=dest, type=type_, metavar=field.metavar or None, help=help)


def values(
    args: argparse.Namespace, arguments: Collection[Argument], family: str, whose: str, choice: str
) -> dict[str, Any]:
    """Those given, by the names of the family's fields; raises ``RequestError`` for one of another family.

    ``whose`` and ``choice`` word that: "SymmCD models", "--model".
    """
    found: dict[str, Any] = {}
    for argument in arguments:
        value = getattr(args, argument.dest)
        if value is None:
            continue
        if family not in argument.fields:
            has = ", ".join(_flags(arguments, family)) or "none"
            raise RequestError(
                f"{argument.flag} is no option of {whose}: theirs are {has}. Leave it out, or choose another {choice}.",
                argument.field.name,
            )
        found[argument.fields[family].name] = value
    return found


def _flags(arguments: Iterable[Argument], family: str) -> list[str]:
    return [a.flag for a in arguments if family in a.fields]


def _within(phrase: str) -> str:
    """A phrase as it stands within a sentence: without its capital, unless that belongs to a name."""
    return phrase[:1].lower() + phrase[1:] if phrase.split(" ")[0][1:].rstrip(",").islower() else phrase


def _default(field: FormField) -> str:
    """The default as it is said; empty where nothing is the default."""
    if field.zero and not field.default:
        return field.zero
    if field.kind == "float":
        return f"{field.default:g}"
    return "" if field.default in ("", (), None) else str(field.default)
