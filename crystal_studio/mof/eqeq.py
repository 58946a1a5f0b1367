"""Partial charges by extended charge equilibration: EQeq (Wilmer, Kim and Snurr, J. Phys. Chem. Lett. 3, 2506 (2012)).

Electronegativity and hardness of each atom come from its measured ionisation energies (NIST, as pymatgen tabulates
them) about the charge that its element usually bears; charges interact through space, damped where atoms overlap, over
all periodic images (Ewald).
"""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.mof.bonds import neighbours

COULOMB = 14.4
"""eV Angstrom."""
SCREENING = 1.2
"""Of the paper: lambda."""
HYDROGEN_AFFINITY = -2.0
"""eV, of the paper: hydrogen bears no electron as a free atom does."""

CENTRES: dict[str, int] = {
    **dict.fromkeys(("Li", "Na", "K", "Rb", "Cs", "Ag"), 1),
    **dict.fromkeys(("Be", "Mg", "Ca", "Sr", "Ba", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Pd", "Cd", "Pb"), 2),
    **dict.fromkeys(("Al", "Ga", "In", "Sc", "Y", "Cr", "Bi"), 3),
    **dict.fromkeys(SYMBOLS[57:72], 3),
    **dict.fromkeys(("Ti", "V", "Zr", "Nb", "Mo", "Hf"), 4),
}
"""Charges about which the energy of an atom is expanded, its usual ones in frameworks; 0 of all other elements."""

NEAREST = 0.3
"""Angstrom, no two atoms are nearer."""

REACH = 12.0
"""Angstrom of the sum over pairs."""
_SPLIT = 3.4 / REACH
"""1/Angstrom, where the sum over pairs hands over to that over waves; both are then good to 1e-5."""
_FARTHEST_WAVE = 7.0 * _SPLIT


def charges(lattice: NDArray[np.float64], numbers: NDArray, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) charges in e of one sound crystal, their sum 0; NaN where an element's energies are not known or atoms
    are on top of each other.

    lattice (3, 3) Angstrom, numbers (n,), positions (n, 3) fractional.
    """
    constants = np.array([_constants(int(z)) for z in numbers])
    if not np.isfinite(constants).all() or (neighbours(lattice, positions, NEAREST)[2] < NEAREST).any():
        return np.full(len(numbers), np.nan)
    negativity, hardness = constants.T
    matrix = np.diag(hardness) + SCREENING * COULOMB / 2 * _interaction(lattice, positions, hardness)
    n = len(numbers)
    whole = np.zeros((n + 1, n + 1))
    whole[:n, :n], whole[n, :n], whole[:n, n] = matrix, 1.0, -1.0
    return np.linalg.solve(whole, np.append(-negativity, 0.0))[:n]


@cache
def _constants(number: int) -> tuple[float, float]:
    """Electronegativity and hardness of an element, eV; NaN where its energies are not known."""
    from pymatgen.core import Element

    element = Element(SYMBOLS[number])
    centre = CENTRES.get(element.symbol, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what pymatgen does not know
        try:
            affinity = HYDROGEN_AFFINITY if number == 1 else element.electron_affinity
        except KeyError:
            return np.nan, np.nan
        energies = [affinity, *(element.ionization_energies or ())]
    if len(energies) < centre + 2 or energies[centre] is None or energies[centre + 1] is None:
        return np.nan, np.nan
    low, high = energies[centre], energies[centre + 1]
    return (low + high) / 2 - centre * (high - low), high - low


def _interaction(lattice: NDArray, positions: NDArray, hardness: NDArray) -> NDArray[np.float64]:
    """(n, n) in 1/Angstrom: what a unit charge on one atom and its images does to another."""
    n, volume = len(positions), abs(float(np.linalg.det(lattice)))
    out = np.zeros((n, n))
    pairs, _, distance = neighbours(lattice, positions, REACH)
    a = np.sqrt(hardness[pairs[:, 0]] * hardness[pairs[:, 1]]) / COULOMB
    overlap = np.exp(-((a * distance) ** 2)) * (2 * a - a * a * distance - 1 / distance)
    from scipy.special import erfc

    near = erfc(_SPLIT * distance) / distance + overlap
    own = pairs[:, 0] == pairs[:, 1]
    np.add.at(out, (pairs[:, 0], pairs[:, 1]), np.where(own, 2 * near, near))
    np.add.at(out, (pairs[~own, 1], pairs[~own, 0]), near[~own])
    waves = _waves(lattice)
    square = (waves**2).sum(1)
    weight = np.sqrt(8 * np.pi / volume * np.exp(-square / (4 * _SPLIT**2)) / square)
    phase = (positions @ lattice) @ waves.T
    for part in (np.cos(phase) * weight, np.sin(phase) * weight):
        out += part @ part.T
    return out - np.diag(np.full(n, 2 * _SPLIT / np.sqrt(np.pi))) - np.pi / (_SPLIT**2 * volume)


def _waves(lattice: NDArray) -> NDArray[np.float64]:
    """(G, 3) half of the reciprocal vectors that count, 1/Angstrom."""
    reduced = reduce_cells(np.asarray(lattice)[None])[0][0]
    reciprocal = 2 * np.pi * np.linalg.inv(reduced).T
    most = np.floor(_FARTHEST_WAVE * np.linalg.norm(reduced, axis=1) / (2 * np.pi)).astype(int)
    sides = [np.arange(-m, m + 1) for m in most.tolist()]
    steps = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, 3)
    steps = steps[(len(steps) // 2) + 1 :]  # of each wave and its opposite the second
    waves = steps @ reciprocal
    return waves[(waves**2).sum(1) <= _FARTHEST_WAVE**2]
