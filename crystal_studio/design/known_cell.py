"""A cell that is known, as it is typed: a, b, c in Angstrom and angles in degrees, or what the crystal system leaves
free of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal import lattice
from crystal_studio.crystal.space_groups import tables
from crystal_studio.errors import RequestError

TOLERANCE = 0.02
"""How far a cell may be off the shape of the crystal family (strain); it is brought to it."""
FAMILIES = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "hexagonal", "cubic")
FREE = ("a b c α β γ", "a b c β", "a b c", "a c", "a c", "a")
"""Of each family: what its cells leave free, in the order in which it is typed."""
_ANY_OF = (1, 3, 16, 75, 143, 195)
_HIGHEST_FIRST = (5, 4, 3, 2, 1, 0)
_DEVIATION = re.compile(r"\(\d+\)$")
LONGEST = 1000.0


def parse_cell(text: str) -> tuple[float, ...]:
    """The numbers of "5.38 5.44 7.64 90 90 90" or "5.64, 5.64, 9.52"; standard deviations as in 5.381(2) are left
    out. Raises ``RequestError``."""
    words = [_DEVIATION.sub("", word) for word in re.split(r"[\s,;]+", text.strip()) if word]
    try:
        return tuple(float(word) for word in words)
    except ValueError:
        raise RequestError(
            f"{text!r} is no cell: write a b c in Å and α β γ in degrees, like 5.38 5.44 7.64 90 90 90, or only what"
            " the crystal system leaves free.",
            "cell",
        ) from None


def as_text(cell: Sequence[float]) -> str:
    """The inverse: "5.38 5.44 7.64 90 90 90"."""
    return " ".join(f"{value:.10g}" for value in cell)


def check_numbers(cell: Sequence[float]) -> None:
    """Raise ``RequestError`` where numbers are no cell of any crystal system."""
    if not cell:
        return
    if len(cell) == 5 or len(cell) > 6:
        raise RequestError(
            f"The cell has {len(cell)} numbers: give a b c (Å) and α β γ (°), or only what the crystal system leaves"
            " free.",
            "cell",
        )
    if not all(isfinite(v) and v > 0 for v in cell) or max(cell[:3]) > LONGEST:
        raise RequestError(f"The cell needs lengths above 0 and up to {LONGEST:g} Å and angles above 0°.", "cell")
    if len(cell) == 6 and not _volume(cell) > 1e-3:
        raise RequestError(
            "These angles close to no cell: each lies between 0 and 180° and below the sum of the others.", "cell"
        )


def _volume(cell: Sequence[float]) -> float:
    a, b, c = cell[:3]
    x, y, z = np.cos(np.radians(cell[3:]))
    square = 1 - x * x - y * y - z * z + 2 * x * y * z
    return float(a * b * c * np.sqrt(max(square, 0.0))) if max(cell[3:]) < 180 else 0.0


def completed(cell: Sequence[float], number: int, field: str = "cell") -> tuple[float, ...]:
    """The six parameters of a cell of which a group's family needs as few as were given.

    Raises ``RequestError`` where the family needs another number of them.
    """
    if len(cell) == 6:
        return tuple(cell)
    family = int(lattice.family_rows(np.array([number]))[0])
    free = FREE[family].split()
    if len(cell) != len(free):
        how = FREE[family] if family == 0 else f"{FREE[family]}, or all of a b c α β γ"
        raise RequestError(
            f"{_crystal(family)} cell, which {_named(number)} needs, is given by {how}: not by {len(cell)}"
            f" number{'s' if len(cell) != 1 else ''}.",
            field,
        )
    a, rest = cell[0], cell[1:]
    shapes = (
        (),
        (*cell[:3], 90.0, cell[-1], 90.0),
        (*cell[:3], 90.0, 90.0, 90.0),
        (a, a, *rest, 90.0, 90.0, 90.0),
        (a, a, *rest, 90.0, 90.0, 120.0),
        (a, a, a, 90.0, 90.0, 90.0),
    )
    return shapes[family]


def shaped(cell: Sequence[float], number: int, field: str = "cell") -> NDArray[np.float64]:
    """(6,) k-vector of a cell in the family of a group; raises ``RequestError`` where it is of another shape."""
    raw = _k(completed(cell, number, field))
    held = lattice.constrain(raw, np.array([number]))
    if not np.isfinite(raw).all() or np.abs(raw - held).max() > TOLERANCE:
        family = int(lattice.family_rows(np.array([number]))[0])
        raise RequestError(
            f"The cell {as_text(cell)} does not have the shape of {_crystal(family).lower()} cell, which"
            f" {_named(number)} needs: give the conventional cell in its standard setting, or choose another group.",
            field,
        )
    return np.asarray(held[0])


def family_of(cell: Sequence[float], field: str = "cell") -> int:
    """Row of ``FAMILIES`` of the highest symmetry that a cell of six parameters has the shape of.

    Raises ``RequestError`` where fewer are given: without a group nobody knows what is left free.
    """
    if len(cell) != 6:
        raise RequestError(
            "Without a space group all six parameters of the cell are needed, a b c α β γ: give them, or choose a"
            " group.",
            field,
        )
    raw = _k(cell)
    for family in _HIGHEST_FIRST:
        held = lattice.constrain(raw, np.array([_ANY_OF[family]]))
        if np.abs(raw - held).max() <= TOLERANCE:
            return family
    return 0


def _k(cell: Sequence[float]) -> NDArray[np.float64]:
    """(1, 6), NaN for what is no cell."""
    made = lattice.from_parameters(np.array(cell, float)[None])
    if np.isfinite(made).all() and np.linalg.det(made[0]) > 1e-3:
        return np.asarray(lattice.to_k(made))
    return np.full((1, 6), np.nan)


def _crystal(family: int) -> str:
    """With its article, as a sentence begins."""
    name = FAMILIES[family]
    return f"{'An' if name[0] == 'o' else 'A'} {name}"


def _named(number: int) -> str:
    return f"{tables().symbol[number - 1]} ({number})"
