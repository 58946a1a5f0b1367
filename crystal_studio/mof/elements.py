"""Which elements count as metals in a framework."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import SYMBOLS

_NO_METALS = (1, 2, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 32, 33, 34, 35, 36, 52, 53, 54, 85, 86)

IS_METAL: NDArray[np.bool_] = ~np.isin(np.arange(len(SYMBOLS)), (0, *_NO_METALS))
"""(119,) by atomic number; Sb, Sn, Bi and Po are metals, Ge, As and Te are not."""

DONORS: tuple[int, ...] = (7, 8, 9, 16, 17, 34, 35, 53)
"""Atomic numbers of those that hold a metal by a lone pair: N, O, F, S, Cl, Se, Br, I."""

ALKALI: tuple[int, ...] = (3, 11, 19, 37, 55, 87, 4, 12, 20, 38, 56, 88)
"""Alkali and alkaline earth metals."""

RARE_EARTH: tuple[int, ...] = (*range(57, 72), *range(89, 104))
"""Lanthanides and actinides."""

NO_TERMINAL_OXO: tuple[int, ...] = (
    *ALKALI,
    *(13, 21, 22, 25, 26, 27, 28, 29, 30, 31, 39, 40, 47, 48, 49, 57, 72, 81, 89),
)
"""Metals of which no terminal oxide is known (MOFChecker's list, by A. Rosen)."""
