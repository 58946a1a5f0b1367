"""Chemical elements: symbols, atomic numbers, covalent radii."""

from __future__ import annotations

from functools import cache

import numpy as np
from ase.data import atomic_masses, chemical_symbols, covalent_radii
from numpy.typing import NDArray

from crystal_studio.errors import RequestError

SYMBOLS: tuple[str, ...] = tuple(chemical_symbols[:119])
"""Index = atomic number; index 0 is the placeholder "X"."""

COVALENT_RADII: NDArray[np.float64] = np.asarray(covalent_radii[:119])
"""Angstrom (Cordero et al. 2008); 0.2 where none is known."""

MASSES: NDArray[np.float64] = np.asarray(atomic_masses[:119])
"""Standard atomic weights, unified atomic mass units."""


@cache
def _numbers() -> dict[str, int]:
    return {symbol: z for z, symbol in enumerate(SYMBOLS) if z}


def atomic_number(symbol: str) -> int:
    """Atomic number of a symbol; raises ``RequestError`` for anything that is no element."""
    try:
        return _numbers()[symbol]
    except KeyError:
        raise RequestError(f"{symbol!r} is not a chemical element.", "chemsys") from None
