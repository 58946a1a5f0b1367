"""What a request can fix of a crystal: its Wyckoff template, or orbits and lattice to keep and complete."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from math import isfinite
from typing import Any

from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.space_groups import tables
from crystal_studio.errors import RequestError

_POSITION = re.compile(r"^(\d*)([a-zA-Z])$")


def wyckoff_row(number: int, name: str, field: str = "template") -> int:
    """Row of the Wyckoff tables of a position written like "4a" or "a"; raises ``RequestError``."""
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
    """From "4a 4b 8c" or "4a,4b,8c"; a count before a cross repeats: "2x8c"."""
    names: list[str] = []
    for part in re.split(r"[\s,;]+", text.strip()):
        if not part:
            continue
        match = re.match(r"^(?:(\d+)[x*])?(\d*[a-zA-Z])$", part)
        if match is None:
            raise RequestError(f"{part!r} is not a Wyckoff position: write the template like 4a,4b,8c.", "template")
        names += [match.group(2)] * int(match.group(1) or 1)
    return tuple(names)


@dataclass(frozen=True)
class KeptOrbit:
    """One orbit that stays: element symbol, Wyckoff position ("4a"), fractional coordinates of one of its atoms."""

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

    @staticmethod
    def from_dict(plain: dict[str, Any]) -> Kept:
        """From lists and strings, as ``dataclasses.asdict`` gives them."""
        orbits = tuple(
            KeptOrbit(str(o["element"]), str(o["wyckoff"]), tuple(float(v) for v in o["position"]))  # type: ignore[arg-type]
            for o in plain.get("orbits", ())
        )
        return Kept(orbits, tuple(float(v) for v in plain.get("cell", ())), int(plain.get("added", 0)))
