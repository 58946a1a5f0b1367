"""The Wyckoff positions of a space group as a reader of the International Tables looks for them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Position:
    """One Wyckoff position; ``free`` names its free coordinates, ``coordinates`` gives one of its points."""

    letter: str
    multiplicity: int
    site_symmetry: str
    degrees_of_freedom: int
    free: str
    coordinates: str
    centring: int

    @property
    def name(self) -> str:
        """Such as "4a"."""
        return f"{self.multiplicity}{self.letter}"

    @property
    def fixed(self) -> bool:
        """Whether the position holds one orbit at most."""
        return self.degrees_of_freedom == 0


@cache
def positions(number: int) -> tuple[Position, ...]:
    """The positions of a group, "a" first."""
    from crystal_studio.crystal.space_groups import tables

    table = tables()
    return tuple(
        Position(
            table.letter[row],
            int(table.multiplicity[row]),
            table.site_symmetry[row],
            int(table.degrees_of_freedom[row]),
            ", ".join("xyz"[k] for k in range(3) if table.linear[row][:, k].any()),
            coordinates(table.linear[row], table.origin[row]),
            int(table.n_centring[number - 1]),
        )
        for row in table.wyckoff_rows(number)[::-1]
    )


def coordinates(linear: NDArray[np.float64], origin: NDArray[np.float64]) -> str:
    """A representative point linear @ (x, y, z) + origin in words: "x, x+1/2, 0"."""
    return ", ".join(_term(linear[i], float(origin[i])) for i in range(3))


def _term(factors: NDArray[np.float64], shift: float) -> str:
    text = ""
    for name, factor in zip("xyz", factors, strict=True):
        if factor:
            size = Fraction(float(abs(factor))).limit_denominator(12)
            sign = "\u2212" if factor < 0 else "+" if text else ""
            text += f"{sign}{'' if size == 1 else size}{name}"
    fraction = Fraction(shift).limit_denominator(24)
    if not text:
        return str(fraction % 1)
    return text if fraction % 1 == 0 else f"{text}+{fraction % 1}"
