"""What one evaluation by a potential tells of a crystal that is not relaxed: its energy, and how hard it is pulled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.potentials.reduced import Gradient, ReducedCell

PULLS = ("largest", "forces", "strains", "pressure", "shear", "free_positions", "free_strains", "atoms")
"""Columns of ``Look.pulls``."""


@dataclass(frozen=True)
class Look:
    """B crystals, in the coordinates that symmetry leaves free; NaN where the potential has no answer.

    energy_per_atom : (B,) eV
    pulls : (B, 8), columns ``PULLS``: largest force or virial an atom (eV/Angstrom, eV), root mean squares an atom of
        the slopes along free positions and free strains, trace and traceless norm of the virial (eV/atom), free
        positions an atom, free strains, atoms of the primitive cell
    """

    energy_per_atom: NDArray[np.float64]
    pulls: NDArray[np.float64]

    @staticmethod
    def unknown(size: int) -> Look:
        """Nothing known yet."""
        return Look(np.full(size, np.nan), np.full((size, len(PULLS)), np.nan))

    def take_in(self, row: int, cell: ReducedCell, found: Gradient) -> None:
        """What was found of one crystal at its start."""
        atoms, free = len(cell.numbers), cell.n_displacements
        slopes, largest = cell.gradient(found, np.eye(3))
        virial = 0.5 * (found.virial + found.virial.T) / atoms
        pressure = float(np.trace(virial))
        self.energy_per_atom[row] = found.energy / atoms
        self.pulls[row] = (
            largest,
            np.linalg.norm(slopes[:free]) / np.sqrt(atoms),
            np.linalg.norm(slopes[free:]) / np.sqrt(atoms),
            pressure,
            np.linalg.norm(virial - np.eye(3) * pressure / 3),
            free / atoms,
            len(cell) - free,
            atoms,
        )
