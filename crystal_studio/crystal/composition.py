"""Formulas and chemical systems of batches."""

from __future__ import annotations

import warnings
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS


def counts(structures: Structures) -> NDArray[np.int64]:
    """(B, 119) atoms of each element in the cell, column = atomic number."""
    key = structures.crystal * 119 + structures.numbers
    return np.bincount(key, minlength=len(structures) * 119).reshape(-1, 119)


@lru_cache(maxsize=100_000)
def _reduced(pairs: tuple[tuple[int, int], ...]) -> str:
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
