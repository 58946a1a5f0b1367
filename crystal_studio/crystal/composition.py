"""Compositions, formulas and chemical systems of batches."""

from __future__ import annotations

import warnings
from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS

Pairs = tuple[tuple[int, int], ...]
"""A composition: (atomic number, count) of each element, ascending."""


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
def formula(pairs: Pairs) -> str:
    """Reduced, elements in order of electronegativity (pymatgen's convention)."""
    from pymatgen.core import Composition

    with warnings.catch_warnings():
        # Noble gases have no electronegativity, which orders the formula; their place in it is as good as any.
        warnings.simplefilter("ignore", UserWarning)
        return Composition({SYMBOLS[z]: n for z, n in pairs}).reduced_formula


def formulas(structures: Structures) -> list[str]:
    """B reduced formulas; "" for an empty cell."""
    table = counts(structures)
    return [formula(tuple((int(z), int(row[z])) for z in np.flatnonzero(row))) if row.any() else "" for row in table]


def chemical_systems(structures: Structures) -> list[str]:
    """B chemical systems such as "Li-Mn-O", symbols in alphabetical order."""
    return ["-".join(sorted(SYMBOLS[z] for z in np.flatnonzero(row))) for row in counts(structures)]
