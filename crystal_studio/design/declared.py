"""Validated, frozen objects whose fields say how they are asked for: in a form, on the command line, in help texts.

pydantic validates them. It is loaded for the first object that is made: what is declared can be read without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from crystal_studio.errors import RequestError

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

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
    offers: str = "",
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
    offers : of what is ``picked``, the function that says what there is, "package.module:function"; ``offers.py``
    """
    if section not in SECTIONS:
        raise ValueError(f"there is no section {section!r}")
    about: dict[str, Any] = {
        "section": section,
        "kind": kind,
        "unit": unit,
        "step": step,
        "zero": zero,
        "labels": dict(labels or {}),
        "advanced": advanced,
        "metavar": metavar,
        "offers": offers,
    }
    # pydantic reads the first four by these names.
    said = {"title": title, "description": help, "ge": low, "le": high, DECLARED: about}
    return field(default=default, metadata=said)


DECLARED = "declared"
"""Under which key the metadata of a field holds how it is asked for."""


class Declared:
    """A frozen object that is valid once it exists; what is wrong is said as ``RequestError`` with its field.

    Subclasses are frozen dataclasses, made by keywords. ``called`` is what messages name them; ``given`` may take
    values in other forms, ``__post_init__`` looks at them together.
    """

    called: ClassVar[str] = "request"
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    __pydantic_config__: ClassVar = {"extra": "forbid", "allow_inf_nan": False, "validate_default": False}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        dataclass(init=False, frozen=True)(cls)

    def __init__(self, **values: Any) -> None:
        from pydantic import ValidationError

        try:
            _adapter(type(self)).validator.validate_python(self.given(values), self_instance=self)
        except ValidationError as error:
            raise _refusal(error, type(self)) from error

    @classmethod
    def stated(cls, **values: Any) -> Self:
        """Of values that nobody looks at, each of them valid and of its type: for what the program itself states."""
        made = object.__new__(cls)
        for one in fields(cls):
            default = one.default if one.default_factory is MISSING else one.default_factory()
            object.__setattr__(made, one.name, values.get(one.name, default))
        return made

    @classmethod
    def given(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Values as they are validated, from those that were given."""
        return values

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the fields, in their order."""
        return tuple(one.name for one in fields(cls))


_ADAPTERS: dict[type[Declared], TypeAdapter[Any]] = {}


def _adapter(model: type[Declared]) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    if model not in _ADAPTERS:
        _ADAPTERS[model] = TypeAdapter(model)
    return _ADAPTERS[model]


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
        found: dict[str, Any] = plain(asdict(self))
        return found


def plain(value: Any) -> Any:
    """Dataclasses, mappings and sequences as dicts and lists, without what is None (TOML has no null)."""
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
    faulty = next((one for one in fields(model) if one.name == name), None)
    if faulty is None:
        if issubclass(model, Options):
            known = ", ".join(model.names()) or "none"
            return RequestError(f"There is no option {name!r} for {model.called}: its options are {known}.", name)
        unknown = sorted(str(e["loc"][0]) for e in error.errors() if e["type"] == "unexpected_keyword_argument")
        text = f"The {model.called} has unknown fields: {', '.join(unknown)}."
        return RequestError(text, unknown[0] if unknown else name)
    title, context = faulty.metadata.get("title") or name, first.get("ctx", {})
    bounds = {k: faulty.metadata[k] for k in ("ge", "le") if faulty.metadata.get(k) is not None}
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
