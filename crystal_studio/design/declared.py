"""Validated, frozen objects whose fields say how they are asked for: in a form, on the command line, in help texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, ClassVar, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crystal_studio.errors import RequestError

SECTIONS = {
    "what": "what to make",
    "targets": "property targets (of models trained with them)",
    "sites": "sites and cell that are fixed (sites with one space group)",
    "how": "how to make it",
}
"""Where a field stands: key and heading."""


def declare(
    default: Any,
    title: str,
    help: str,
    *,
    section: str = "how",
    kind: str = "",
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    zero: str = "",
    labels: Mapping[str, tuple[str, str]] | None = None,
    advanced: bool = False,
    metavar: str = "",
) -> Any:
    """One field: its default, and what forms and the command line show of it.

    title : a few words, as beside a field of a form
    help : a phrase, as after an option of the command line
    section : a key of ``SECTIONS``
    kind : how it is asked for, where the type does not tell; see ``design/forms.py``
    low, high : bounds, both allowed; ``step`` is that of a spin box
    zero : what 0 (or an empty text) means, such as "no limit"
    labels : for each choice its title and a phrase on what it does
    advanced : whether a form shows it only when asked to
    metavar : the word that stands for the value in help texts
    """
    if section not in SECTIONS:
        raise ValueError(f"there is no section {section!r}")
    about: dict[str, Any] = {
        "section": section,
        "kind": kind,
        "unit": unit,
        "step": step,
        "zero": zero,
        "labels": {key: list(texts) for key, texts in (labels or {}).items()},
        "advanced": advanced,
        "metavar": metavar,
    }
    return Field(default, title=title, description=help, ge=low, le=high, json_schema_extra=about)


class Declared(BaseModel):
    """A frozen object that is valid once it exists; what is wrong is said as ``RequestError`` with its field.

    ``called`` is what messages name it.
    """

    called: ClassVar[str] = "request"
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _refusal(error, type(self)) from error


class Asked(Protocol):
    """A request, as far as options are concerned."""

    @property
    def options(self) -> Mapping[str, Any]: ...


class Options(Declared):
    """What one family of models lets a request say beyond its core; a family declares a subclass."""

    called: ClassVar[str] = "this kind of model"

    @classmethod
    def of(cls, request: Asked) -> Self:
        """Those of a request, validated; raises ``RequestError``."""
        return cls(**dict(request.options))

    def plain(self) -> dict[str, Any]:
        """Lists, strings and numbers, fit for JSON and TOML; what is not given (None) is left out."""
        return self.model_dump(mode="json", exclude_none=True)


def plain(value: Any) -> Any:
    """Options, dataclasses, mappings and sequences as dicts and lists, without what is None (TOML has no null)."""
    if isinstance(value, Options):
        return value.plain()
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


_FIELDS = {"chemical_system": "chemsys"}
"""Fields that messages and forms know under another name."""


def _refusal(error: ValidationError, model: type[Declared]) -> RequestError:
    """The first fault as a sentence that says what to do, with the name of its field."""
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    name = path[0] if path else ""
    field = model.model_fields.get(name)
    if field is None:
        if issubclass(model, Options):
            known = ", ".join(model.model_fields) or "none"
            return RequestError(f"There is no option {name!r} for {model.called}: its options are {known}.", name)
        unknown = sorted(str(e["loc"][0]) for e in error.errors() if e["type"] == "extra_forbidden")
        text = f"The {model.called} has unknown fields: {', '.join(unknown)}."
        return RequestError(text, unknown[0] if unknown else name)
    title, context = field.title or name, first.get("ctx", {})
    bounds = {k: getattr(m, k) for m in field.metadata for k in ("ge", "le") if getattr(m, k, None) is not None}
    if first["type"] in ("greater_than_equal", "less_than_equal") and len(path) == 1:
        if len(bounds) == 2:
            text = f"{title}: the value must lie between {bounds['ge']:g} and {bounds['le']:g}."
        elif bounds.get("ge") == 0:
            text = f"{title}: the value cannot be negative."
        else:
            side, bound = ("least", bounds["ge"]) if "ge" in bounds else ("most", bounds["le"])
            text = f"{title}: the value must be at {side} {bound:g}."
    elif first["type"] == "literal_error" and len(path) == 1:
        text = f"{title}: {first['input']!r} is unknown, choose one of {context['expected']}."
    elif first["type"] == "finite_number":
        text = f"{title}: the value must be a finite number."
    else:
        why = f"{first['msg'][:1].lower()}{first['msg'][1:]}"
        if issubclass(model, Options):
            text = f"{title} is malformed: {why}."
        else:
            text = f"The {model.called} is malformed: {'.'.join(path)}: {why}."
    return RequestError(text, _FIELDS.get(name, name))
