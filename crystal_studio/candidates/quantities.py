"""What can be known of a candidate: one entry a quantity drives columns, filters, plots, export and tooltips."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NUMBER, COUNT, FLAG, LABEL = "number", "count", "flag", "label"
"""Kinds of quantities: a real number, a whole number, true or false, a short text."""

AT_MOST = "≤ "
"""Before a value that is an upper bound."""

METHOD_KINDS = ("experiment", "dft", "potential", "force_field", "reference", "geometry", "learned")
"""Kinds of methods, the most trusted first. A learned prediction never stands for the quantity itself."""


@dataclass(frozen=True)
class Quantity:
    """One quantity of a candidate.

    name : the key in filters, files and the command line, such as ``e_hull``
    title : for people, such as "Energy above hull"
    symbol : rich text (HTML) for narrow headings and axes, such as "E<sub>hull</sub>"
    unit : "" where it has none
    format : Python format of a value, such as ".3f"
    better : "low", "high" or "" where neither is
    description : one sentence for tooltips
    stored : "quantities" (a row a method) or "column" (part of what the candidate is, read off its geometry)
    shown : whether tables show it unasked
    learned : whether learned models predict it, so that ``predicted_<name>`` stands beside it
    bounded_by : the flag that says of a candidate that its value is an upper bound, "" where there is none
    """

    name: str
    title: str
    symbol: str = ""
    unit: str = ""
    format: str = ".3f"
    better: str = ""
    kind: str = NUMBER
    description: str = ""
    stored: str = "quantities"
    shown: bool = True
    learned: bool = False
    bounded_by: str = ""

    def is_bound(self, beside: Mapping[str, Any] | None) -> bool:
        """Whether another value of the candidate says that this one is an upper bound."""
        return bool(self.bounded_by and beside and beside.get(self.bounded_by))

    @property
    def digits(self) -> int:
        """Decimals of a value; 0 where it is no real number."""
        return int(self.format[1:-1]) if self.kind == NUMBER and self.format.startswith(".") else 0

    @property
    def heading(self) -> str:
        """A narrow heading in plain text: "Ehull"."""
        return re.sub(r"<[^>]*>", "", self.symbol) or self.title

    @property
    def axis(self) -> str:
        """Title and unit, as beside an axis: "Density, g/cm³"."""
        return f"{self.title}, {self.unit}" if self.unit else self.title

    def text(self, value: Any, unit: bool = False, beside: Mapping[str, Any] | None = None) -> str:
        """A value as people read it; "" for none. ``beside`` holds the other values of the candidate, of which a flag
        may say that this one is an upper bound."""
        if value is None or value != value:
            return ""
        if self.kind == LABEL:
            return str(value)
        if self.kind == FLAG:
            return "yes" if value else "no"
        body = str(int(value)) if self.kind == COUNT else format(float(value), self.format)
        body = f"{AT_MOST}{body}" if self.is_bound(beside) else body
        return f"{body} {self.unit}" if unit and self.unit else body


_FREE = "-free"


@dataclass(frozen=True)
class Method:
    """How a value was found: ``name`` is its key ("chgnet"), ``kind`` one of ``METHOD_KINDS``."""

    name: str
    kind: str
    title: str = ""

    def __post_init__(self) -> None:
        if self.kind not in METHOD_KINDS:
            raise ValueError(f"unknown kind of method {self.kind!r}: choose one of {', '.join(METHOD_KINDS)}")

    @property
    def free_of_symmetry(self) -> Method:
        """The same of a geometry that kept no symmetry; only crystals that it lowered have a value."""
        return Method(self.name + _FREE, self.kind, f"{self.title}, free of symmetry")

    @property
    def is_free(self) -> bool:
        """Whether it is ``free_of_symmetry`` of another."""
        return self.name.endswith(_FREE)
