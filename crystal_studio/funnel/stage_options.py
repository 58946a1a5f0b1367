"""What can be set of a stage: declared once, at the fields of its class, for window, command line and docs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from crystal_studio.design.declared import Options
    from crystal_studio.design.forms import FormField

DECLARED = "declared"
"""Under which key the metadata of a field holds its declaration."""


def option(default: Any, title: str, help: str, **more: Any) -> Any:
    """A field of a stage's dataclass that its users may set: its default, and what ``declare`` says of it.

    Fields without it are the stage's own business. Types are those of ``design/forms.py``: int, float, bool, str,
    Literal, and tuples of names with ``kind="names"``.
    """
    return dataclasses.field(default=default, metadata={DECLARED: (title, help, more)})


def time_limit(seconds: float) -> Any:
    """The option of costly stages how long a worker may take for one candidate, seconds."""
    return option(
        seconds, "Time limit", "time for one candidate", unit="s", low=1, high=1_000_000, step=60, advanced=True
    )


def largest_force(fmax: float) -> Any:
    """The option of stages that relax by a potential at which force (eV/Angstrom) they are done."""
    return option(
        fmax,
        "Largest force",
        "largest force at which a crystal is at rest",
        unit="eV/Å",
        low=0.0001,
        high=10,
        step=0.01,
    )


def most_evaluations(most: int) -> Any:
    """The option of stages that relax by a potential how many evaluations of it they make for one candidate."""
    return option(most, "Steps, at most", "evaluations of energy, forces and stress", low=1, high=100_000)


@cache
def options(stage: type) -> type[Options]:
    """The options of a stage's class, as families of models have them: validated, with defaults, fit for a form."""
    from crystal_studio.design.declared import Options, declare

    types = get_type_hints(stage)
    annotations, declared = {}, {}
    for field in dataclasses.fields(stage) if dataclasses.is_dataclass(stage) else ():
        if DECLARED in field.metadata:
            title, help, more = field.metadata[DECLARED]
            annotations[field.name] = types[field.name]
            declared[field.name] = declare(field.default, title, help, **more)
    body = {"__module__": stage.__module__, "__annotations__": annotations, "called": "this stage", **declared}
    return type(f"{stage.__name__}Options", (Options,), body)


def fields(stage: type) -> tuple[FormField, ...]:
    """The same as plain descriptions, in their order."""
    from crystal_studio.design.forms import form

    return form(options(stage))


def read(stage: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options as the stage's class takes them, from plain values; raises ``RequestError`` that names the option."""
    found = options(stage)(**dict(given))
    return {name: getattr(found, name) for name in given}


def values(stage: Any) -> dict[str, Any]:
    """What the options of a stage are set to, as plain lists, strings and numbers."""
    kind: type = type(stage)
    chosen = {name: getattr(stage, name) for name in options(kind).names()}
    return options(kind)(**chosen).plain()


def unusual(stage: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some options that differ from the usual ones, validated; raises ``RequestError``."""
    whole = options(stage)(**dict(given))
    usual = options(stage)().plain()
    return {name: value for name, value in whole.plain().items() if value != usual[name]}
