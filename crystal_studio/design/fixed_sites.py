"""What a request can fix of a crystal: its Wyckoff template, or orbits and lattice to keep and complete."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from crystal_studio.crystal.elements import SYMBOLS, atomic_number
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError

_POSITION = re.compile(r"^(\d*)([a-zA-Z])$")


def wyckoff_row(number: int, name: str, field: str = "template") -> int:
    """Row of the Wyckoff tables of a position written like "4a" or "a"; raises ``RequestError``."""
    from crystal_studio.crystal.space_groups import tables  # with numpy, which no declaration needs

    table = tables()
    match = _POSITION.match(name.strip())
    for row in table.wyckoff_rows(number) if match else ():
        multiplicity, letter = match.groups() if match else ("", "")
        if table.letter[row] == letter and multiplicity in ("", str(table.multiplicity[row])):
            return int(row)
    known = ", ".join(f"{table.multiplicity[r]}{table.letter[r]}" for r in table.wyckoff_rows(number)[::-1])
    raise RequestError(
        f"{table.symbol[number - 1]} ({number}) has no Wyckoff position {name!r}: it has {known}.", field
    )


def check_occupancy(number: int, rows: list[int], field: str) -> None:
    """Raise ``RequestError`` where a position without free parameters is used twice."""
    from crystal_studio.crystal.space_groups import tables

    table = tables()
    for row, times in Counter(rows).items():
        if times > 1 and table.degrees_of_freedom[row] == 0:
            name = f"{table.multiplicity[row]}{table.letter[row]}"
            raise RequestError(
                f"The position {name} of {table.symbol[number - 1]} ({number}) has no free parameter and holds one"
                f" orbit only: leave out {times - 1} of the {times}.",
                field,
            )


def parse_template(text: str) -> tuple[str, ...]:
    """From "4a 4b 8c" or "4a,4b,8c"; a count before a cross repeats: "2x8c".

    An element stands before its positions and holds up to the next comma or element: "Ca 4c, Ti 4a, O 4c 8d".
    """
    names: list[str] = []
    for clause in re.split(r"[,;]", text):
        element = ""
        for part in clause.split():
            if part in SYMBOLS[1:]:
                element = part
                continue
            match = re.match(r"^(?:(\d+)[x*])?(\d*[a-zA-Z])$", part)
            if match is None:
                raise RequestError(
                    f"{part!r} is not a Wyckoff position: write the template like 4a,4b,8c or Ca 4c, O 4c 8d.",
                    "template",
                )
            names += [on_position(element, match.group(2))] * int(match.group(1) or 1)
        if element and clause.split()[-1] == element:
            raise RequestError(f"{element} has no position: write it like {element} 4c.", "template")
    return tuple(names)


def template_text(template: Sequence[str]) -> str:
    """The inverse, as a person would write it: "4a 4b 2x8c", "Ca 4c, O 4c 8d"."""
    clauses: list[tuple[str, list[str]]] = []
    for name, count in Counter(template).items():
        element, position = split_position(name)
        if not clauses or clauses[-1][0] != element:
            clauses.append((element, []))
        clauses[-1][1].append(f"{count}x{position}" if count > 1 else position)
    return ", ".join(" ".join([element, *positions] if element else positions) for element, positions in clauses)


def on_position(element: str, position: str) -> str:
    """One orbit of a template: "O 4c", or "4c" where the element is open."""
    return f"{element} {position}" if element else position


def split_position(name: str) -> tuple[str, str]:
    """Element (empty: open) and Wyckoff position of one orbit of a template."""
    element, _, position = name.strip().rpartition(" ")
    return element.strip(), position


@dataclass(frozen=True)
class KeptOrbit:
    """One orbit that stays: element symbol, Wyckoff position ("4a"), fractional coordinates of one of its atoms."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    element: str
    wyckoff: str
    position: tuple[float, float, float]

    def __post_init__(self) -> None:
        atomic_number(self.element)
        if len(self.position) != 3 or not all(isfinite(v) for v in self.position):
            raise RequestError("A kept orbit needs three fractional coordinates.", "keep")


@dataclass(frozen=True)
class Kept:
    """What stays of a given crystal while the rest is generated (keep-and-complete).

    ``orbits`` in the standard setting of the request's one space group; ``cell``: a, b, c (Angstrom) and
    alpha, beta, gamma (degrees) of the conventional cell, empty if the lattice is free; ``added``: how many
    orbits are to be added, 0 for as many as crystals of the group have.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    orbits: tuple[KeptOrbit, ...] = ()
    cell: tuple[float, ...] = ()
    added: int = 0

    def __post_init__(self) -> None:
        if self.cell and (len(self.cell) != 6 or not all(isfinite(v) and v > 0 for v in self.cell)):
            raise RequestError("The kept cell needs three lengths and three angles, all positive.", "keep")
        if self.added < 0:
            raise RequestError("The number of orbits to add cannot be negative.", "keep")
        if not self.orbits and not self.cell:
            raise RequestError("Nothing is kept: choose orbits or the lattice, or leave the structure out.", "keep")


def check_sites(template: tuple[str, ...], keep: Kept | None, request: DesignRequest) -> None:
    """Raise ``RequestError`` where the sites fixed contradict each other or the rest of the request.

    They need one space group that has their positions; no position without free parameters is used twice.
    """
    for field, asked in (("template", bool(template)), ("keep", keep is not None)):
        if asked and len(request.space_groups) != 1:
            what = "A Wyckoff template" if field == "template" else "A structure to keep"
            raise RequestError(f"{what} needs exactly one space group: choose it.", field)
    if template and keep is not None:
        raise RequestError("Choose a Wyckoff template or a structure to keep, not both.", "template")
    if template:
        number = request.space_groups[0]
        named = [split_position(name) for name in template]
        check_occupancy(number, [wyckoff_row(number, position) for _, position in named], "template")
        strange = sorted({e for e, _ in named if e and e not in request.chemical_system.allowed})
        if strange:
            raise RequestError(
                f"In the template but not among the elements allowed: {', '.join(strange)}. Allow them or leave their"
                " positions without an element.",
                "template",
            )
    if keep is not None:
        number = request.space_groups[0]
        check_occupancy(number, [wyckoff_row(number, o.wyckoff, "keep") for o in keep.orbits], "keep")
        outside = sorted({o.element for o in keep.orbits} - set(request.chemical_system.allowed))
        if outside:
            raise RequestError(
                f"Kept but not among the elements allowed: {', '.join(outside)}. Allow them or drop their orbits.",
                "keep",
            )
