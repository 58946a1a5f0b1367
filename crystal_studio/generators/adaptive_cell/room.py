"""How many atoms a known cell holds, by the volume that the elements are expected to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SPREAD = 0.2
"""Standard deviation of the logarithm of a cell's volume over that expected of its atoms (0.13 to 0.22 by family)."""
MOST_OFF = 0.6
"""Logarithm of the two volumes' ratio beyond which a known cell cannot be meant for these atoms (a factor of 1.8)."""


@dataclass(frozen=True)
class Room:
    """volume : cubic Angstrom of the conventional cell; volumes : (119,) cubic Angstrom expected of each element."""

    volume: float
    volumes: NDArray[np.float64]

    def expected(self, atoms: Mapping[int, int]) -> float:
        """Cubic Angstrom that these atoms are expected to take."""
        return float(sum(n * self.volumes[z] for z, n in atoms.items()))

    def odds(self, atoms: Mapping[int, int]) -> float:
        """How well these atoms (count by atomic number) fill the cell, from 0 to 1."""
        off = abs(np.log(self.volume / self.expected(atoms)))
        return float(np.exp(-0.5 * (off / SPREAD) ** 2)) if off <= MOST_OFF else 0.0

    def most(self, formula: Mapping[int, int]) -> int:
        """Atoms of the conventional cell, in whole formula units, that it may hold at most."""
        units = int(self.volume * np.exp(MOST_OFF) / self.expected(formula))
        return units * sum(formula.values())
