"""How the options of all families of generators are called on the command line of ``generate``."""

from __future__ import annotations

from crystal_studio.design.flags import Argument, arguments
from crystal_studio.design.forms import form
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators import registry

RESERVED = frozenset(
    (
        "--help", "--json", "--request", "--chemsys", "--mode", "--require", "--exclude", "--space-group", "--target",
        "--stage", "--keep-orbits", "--keep-elements", "--keep-lattice", "--add", "--symprec", "--name", "--workers",
        "--engine", "--max-minutes",
    )
)  # fmt: skip
"""What ``generate`` calls otherwise, beside the fields of the request."""


def family_arguments() -> tuple[Argument, ...]:
    """The options of all families."""
    core = RESERVED | {field.flag for field in form(DesignRequest)}
    return arguments({name: family.options for name, family in registry.families.all().items()}, core)


def flag_of(family: str, name: str) -> str:
    """The flag of one option of a family: "--max-orbits"."""
    return next(a.flag for a in family_arguments() if family in a.fields and a.fields[family].name == name)
