"""How the options of all families are called on one command line."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crystal_studio.design.forms import FormField, form
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators import registry


@dataclass(frozen=True)
class Argument:
    """An option of one or more families: the same flag means the same kind of field in each of them."""

    flag: str
    dest: str
    field: FormField
    families: tuple[str, ...]


def family_arguments() -> tuple[Argument, ...]:
    """The options of all families; a flag that means something else already gets the family's name before it."""
    core = {field.flag for field in form(DesignRequest)}
    found: dict[str, Argument] = {}
    for name, family in registry.families.all().items():
        for field in form(family.options):
            flag = field.flag
            if flag in core or (flag in found and not _alike(found[flag].field, field)):
                flag = f"--{name.replace('_', '-')}-{flag[2:]}"
            if flag in found:
                found[flag] = replace(found[flag], families=(*found[flag].families, name))
            else:
                found[flag] = Argument(flag, "option_" + flag[2:].replace("-", "_"), field, (name,))
    return tuple(found.values())


def _alike(one: FormField, other: FormField) -> bool:
    return (one.kind, [c.value for c in one.choices]) == (other.kind, [c.value for c in other.choices])


def flag_of(family: str, name: str) -> str:
    """The flag of one option of a family: "--max-orbits"."""
    return next(a.flag for a in family_arguments() if a.field.name == name and family in a.families)
