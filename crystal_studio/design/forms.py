"""The fields of a request and of a family's options as plain descriptions, from which forms and options are drawn."""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from crystal_studio.design.declared import DECLARED, Declared

KINDS = (
    "int", "float", "choice", "flag", "text", "composition", "chemical_system", "space_groups", "targets", "template",
    "keep", "cell", "file", "names", "picked", "model", "device", "funnel", "potential",
)  # fmt: skip
"""How a field is asked for. ``template``: Wyckoff positions of all orbits; ``keep``: what stays of a given crystal;
``cell``: parameters of a cell, all six or as many as the crystal system leaves free; ``file``: the name of a file that
is read; ``flag``: yes or no; ``names``: any number of names; ``picked``: a text of words, each
one that is offered; the others as they are named."""


@dataclass(frozen=True)
class FormChoice:
    """One of the values of a choice: what is stored, what is shown, and a phrase on what it does."""

    value: str
    title: str
    help: str


@dataclass(frozen=True)
class FormField:
    """One field of a form.

    ``low`` and ``high``: bounds, None where there is none; ``zero``: what 0 or nothing means; ``section``: a key of
    ``declared.SECTIONS``. ``default`` is a Python value of the field's own type.
    """

    name: str
    title: str
    kind: str
    default: Any
    help: str
    section: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    step: float | None = None
    zero: str = ""
    choices: tuple[FormChoice, ...] = ()
    advanced: bool = False
    metavar: str = ""
    offers: str = ""

    @property
    def flag(self) -> str:
        """The option of the command line: "--max-orbits"."""
        return "--" + self.name.replace("_", "-")


_FORMS: dict[type[Declared], tuple[FormField, ...]] = {}


def form(model: type[Declared]) -> tuple[FormField, ...]:
    """The declared fields of a request or of options, in their order; undeclared ones are no part of a form."""
    if model not in _FORMS:
        types = get_type_hints(model)
        _FORMS[model] = tuple(_field(one, types[one.name]) for one in fields(model) if DECLARED in one.metadata)
    return _FORMS[model]


def _field(declared: Field[Any], type_: Any) -> FormField:
    name, said = declared.name, declared.metadata
    about = said[DECLARED]
    kind = about["kind"] or _kind(name, type_)
    if kind not in KINDS:
        raise TypeError(f"the field {name} is of the unknown kind {kind!r}")
    labels = about["labels"]
    values = get_args(type_) if get_origin(type_) is Literal else tuple(labels)
    choices = tuple(FormChoice(v, *labels.get(v, (str(v).capitalize(), ""))) for v in values)
    default = None if declared.default is MISSING else declared.default
    return FormField(
        name, said["title"], kind, default, said["description"], about["section"], about["unit"],
        said["ge"], said["le"], about["step"], about["zero"], choices, about["advanced"], about["metavar"],
        about["offers"],
    )  # fmt: skip


def _kind(name: str, type_: Any) -> str:
    kinds: dict[Any, str] = {bool: "flag", int: "int", float: "float", str: "text"}
    kind = "choice" if get_origin(type_) is Literal else kinds.get(type_, "")
    if not kind:
        raise TypeError(f"the type of the field {name} does not tell how to ask for it: declare its kind")
    return kind
