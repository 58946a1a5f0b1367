"""A request as the command line that runs the same, derived from what core and options declare."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crystal_studio.design.chemistry import ChemicalSystem
from crystal_studio.design.forms import form
from crystal_studio.design.funnel import Asked
from crystal_studio.design.request import DesignRequest
from crystal_studio.design.request_text import to_toml
from crystal_studio.generators import registry
from crystal_studio.generators.flags import flag_of

END = "END_OF_REQUEST"
ALWAYS = ("count", "seed", "device", "funnel")
"""Fields that are said also where they have their default."""


def to_command(request: DesignRequest, project: Path | str) -> str:
    """The ``crystal-studio generate`` line that runs this request.

    A request of which some part stands in no option (orbits that are kept) is handed over whole, as a here-document
    of the shell. Raises ``ModelError`` where its model is not installed.
    """
    start = ["crystal-studio", "generate", str(project)]
    family = registry.families.get(registry.card(request.model).family)
    words: list[str] = []
    for owner in (request, family.options.of(request)):
        for field in form(type(owner)):
            value = getattr(owner, field.name)
            if field.name == "chemical_system" and request.composition:
                continue  # it follows from the composition
            if value == field.default and field.name not in ALWAYS:
                continue
            said = WORDS[field.kind](field.flag if owner is request else flag_of(family.name, field.name), value)
            if said is None:
                return f"{shlex.join([*start, '--request', '-'])} <<'{END}'\n{to_toml(request)}{END}\n"
            words += said
    return shlex.join(start + words)


def _one(flag: str, text: str) -> list[str]:
    # A value that begins like an option would be taken for one.
    return [f"{flag}={text}"] if text.startswith("-") else [flag, text]


def _plain(flag: str, value: Any) -> list[str]:
    return _one(flag, repr(value) if isinstance(value, float) else str(value))


def _flag(flag: str, value: bool) -> list[str]:
    return [flag if value else f"--no-{flag[2:]}"]


def _chemical_system(flag: str, system: ChemicalSystem) -> list[str]:
    words = ["--chemsys", "-".join(system.elements), "--mode", system.mode] if system.elements else []
    for option, symbols in (("--require", system.required), ("--exclude", system.excluded)):
        if symbols:
            words += [option, "-".join(symbols)]
    return words


def _space_groups(flag: str, numbers: tuple[int, ...]) -> list[str]:
    return [word for number in numbers for word in ("--space-group", str(number))]


def _funnel(flag: str, funnel: Asked) -> list[str] | None:
    """One that has a name of the user's own is handed over whole: on another machine nobody knows it."""
    if isinstance(funnel, str):
        return _one(flag, funnel)
    words = [stage.word for stage in funnel.stages]
    if funnel.name or not words or None in words:
        return None
    return [part for word in words if word for part in ("--stage", word)]


def _targets(flag: str, targets: tuple[Any, ...]) -> list[str]:
    return [word for t in targets for word in ("--target", f"{t.name}={float(t.low)!r}:{float(t.high)!r}")]


def _template(flag: str, names: tuple[str, ...]) -> list[str]:
    return _one(flag, ",".join(names))


def _cell(flag: str, cell: tuple[float, ...]) -> list[str]:
    return _one(flag, " ".join(repr(value) for value in cell))


def _in_no_option(flag: str, value: Any) -> None:
    return None


WORDS: dict[str, Callable[[str, Any], list[str] | None]] = {
    **dict.fromkeys(
        ("int", "float", "choice", "text", "picked", "file", "composition", "model", "device", "potential"), _plain
    ),
    "flag": _flag,
    "funnel": _funnel,
    "chemical_system": _chemical_system,
    "space_groups": _space_groups,
    "targets": _targets,
    "template": _template,
    "cell": _cell,
    "keep": _in_no_option,
    "names": _in_no_option,
}
"""How each kind of field is said; None where no option can say it."""
