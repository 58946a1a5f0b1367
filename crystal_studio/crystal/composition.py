"""Formulas and chemical systems of batches."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS, atomic_number
from crystal_studio.errors import RequestError

_TOKEN = re.compile(r"([A-Z][a-z]?)(\d*)|(\()|\)(\d*)")


Pairs = tuple[tuple[int, int], ...]
"""A composition: (atomic number, count) of each element, ascending."""


def parse_formula(text: str) -> dict[str, int]:
    """Atoms of each element of a formula such as "LiMn2O4" or "Ca3(PO4)2"; raises ``RequestError``."""
    text = text.strip()
    open_groups: list[dict[str, int]] = [{}]
    at = 0
    for match in _TOKEN.finditer(text):
        if match.start() != at:
            break
        symbol, number, opening, times = match.groups()
        if opening:
            open_groups.append({})
        elif symbol:
            atomic_number(symbol)
            open_groups[-1][symbol] = open_groups[-1].get(symbol, 0) + int(number or 1)
        elif len(open_groups) == 1 or not open_groups[-1]:
            break
        else:
            inner = open_groups.pop()
            for symbol, count in inner.items():
                open_groups[-1][symbol] = open_groups[-1].get(symbol, 0) + count * int(times or 1)
        at = match.end()
    counts = open_groups[0]
    if not text or at != len(text) or len(open_groups) > 1 or 0 in counts.values():
        raise RequestError(f"{text!r} is not a formula: write it like LiMn2O4 or Ca3(PO4)2.", "composition")
    return counts


def counts(structures: Structures) -> NDArray[np.int64]:
    """(B, 119) atoms of each element in the cell, column = atomic number; 0 for what is no element."""
    known = (structures.numbers > 0) & (structures.numbers < len(SYMBOLS))
    key = structures.crystal * 119 + np.where(known, structures.numbers, 0)
    return np.bincount(key, minlength=len(structures) * 119).reshape(-1, 119)


def reduced(composition: Pairs) -> Pairs:
    """The same in smallest whole numbers, elements in ascending order."""
    divisor = gcd(*(n for _, n in composition))
    return tuple(sorted((z, n // divisor) for z, n in composition))


def reduced_counts(structures: Structures) -> list[Pairs]:
    """B reduced compositions; () for an empty cell."""
    table = counts(structures)
    divisor = np.maximum(np.gcd.reduce(table, axis=1), 1)
    return [tuple((int(z), int(row[z])) for z in np.flatnonzero(row)) for row in table // divisor[:, None]]


@lru_cache(maxsize=100_000)
def _reduced(pairs: Pairs) -> str:
    from pymatgen.core import Composition

    with warnings.catch_warnings():
        # Noble gases have no electronegativity, which orders the formula; their place in it is as good as any.
        warnings.simplefilter("ignore", UserWarning)
        return Composition({SYMBOLS[z]: n for z, n in pairs}).reduced_formula


def formulas(structures: Structures) -> list[str]:
    """B reduced formulas, elements in order of electronegativity (pymatgen's convention)."""
    table = counts(structures)
    return [_reduced(tuple((int(z), int(row[z])) for z in np.flatnonzero(row))) if row.any() else "" for row in table]


def chemical_systems(structures: Structures) -> list[str]:
    """B chemical systems such as "Li-Mn-O", symbols in alphabetical order."""
    return ["-".join(sorted(SYMBOLS[z] for z in np.flatnonzero(row))) for row in counts(structures)]
