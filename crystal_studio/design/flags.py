"""How the options that several families declare are called on one command line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from crystal_studio.design.declared import Options
from crystal_studio.design.forms import FormField, form


@dataclass(frozen=True)
class Argument:
    """An option of one or more families: the same flag means the same kind of field in each of them.

    ``fields`` are those fields by family; their defaults may differ.
    """

    flag: str
    fields: Mapping[str, FormField]

    @property
    def dest(self) -> str:
        """Where argparse puts the value."""
        return "option_" + self.flag[2:].replace("-", "_")

    @property
    def field(self) -> FormField:
        """That of the first family."""
        return next(iter(self.fields.values()))


def arguments(families: Mapping[str, type[Options]], taken: Collection[str]) -> tuple[Argument, ...]:
    """The options of families by their names; a flag that means something else gets its family's name before it."""
    found: dict[str, dict[str, FormField]] = {}
    for name, options in families.items():
        for field in form(options):
            flag = field.flag
            if flag in taken or (flag in found and not _alike(next(iter(found[flag].values())), field)):
                flag = f"--{name.replace('_', '-')}-{flag[2:]}"
            found.setdefault(flag, {})[name] = field
    return tuple(Argument(flag, fields) for flag, fields in found.items())


def _alike(one: FormField, other: FormField) -> bool:
    return (one.kind, [c.value for c in one.choices]) == (other.kind, [c.value for c in other.choices])
