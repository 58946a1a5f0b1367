"""The bonds of the unit cell that are drawn: those that are known, or found by distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.app.viewer.drawn_atoms import without_metal_contacts
from crystal_studio.app.viewer.frameworks import Links
from crystal_studio.candidates.bonds import BondTable
from crystal_studio.crystal.neighbours import bonds as periodic_bonds


def by_distances(lattice: NDArray, numbers: NDArray[np.int64], fractional: NDArray[np.float64], scale: float) -> Links:
    """Bonds by distances: atoms i, j and the image of j."""
    if not len(numbers):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3), np.int64)
    links = periodic_bonds(lattice, numbers.astype(np.int16), fractional % 1.0, scale)
    # ``% 1`` may have moved atoms just below a face up by a cell: count images from our own choice.
    moved = np.round(fractional % 1.0 - fractional).astype(np.int64)
    i, j, image = without_metal_contacts(numbers, *links)
    return i, j, image + moved[j] - moved[i]


def stated(bonds: BondTable, lower: NDArray[np.int64]) -> Links:
    """Bonds that are known, as ``by_distances``; ``lower`` (n, 3) cells were taken off the atoms' coordinates."""
    i, j = bonds[0].astype(np.int64).T
    return i, j, bonds[1].astype(np.int64) + lower[j] - lower[i]
