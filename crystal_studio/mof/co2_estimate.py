"""CO2 that a rigid framework gives back, estimated in less than a second: how strongly it holds the first molecules
everywhere in its cell, and how they get in each other's way.

Where the ideal gas would have density rho0, the framework holds rho = rho0 w / (1 + v <rho0 w>): w is the mean
Boltzmann factor (``co2_boltzmann.py``) and <> the mean over a ball of volume v about the place, which has room for one
molecule. It is Langmuir's isotherm for each place by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.element_data import MASSES
from crystal_studio.mof.co2_boltzmann import Boltzmann, boltzmann, henry
from crystal_studio.mof.co2_field import field
from crystal_studio.mof.force_field import wells

ROOM = 60.0
"""Angstrom cubed that a molecule has to itself."""

DENSEST = 1e5
"""Molecules in 1 A^3 of an ideal gas where the framework holds them: any place like this is full."""

COLD, WARM = (298.0, 0.15), (363.0, 0.1)
"""K and bar of CO2 at which it is taken up from flue gas, and given back."""

K_B = 1.380649e7
"""Boltzmann's constant in Pa Angstrom^3 / K."""
BAR = 1e5


@dataclass(frozen=True)
class Estimate:
    """Of one framework: mmol/g at the state of adsorption and at that of regeneration, Henry coefficients there
    (mmol/(g bar)), and the heat that the first molecules set free at the first (kJ/mol)."""

    uptake: float
    kept: float
    henry: float
    henry_warm: float
    heat: float

    @property
    def working_capacity(self) -> float:
        """mmol/g."""
        return self.uptake - self.kept


def known_to_uff(numbers: NDArray) -> bool:
    """Whether UFF knows all elements."""
    return bool((numbers < len(wells())).all() and np.isfinite(wells()[numbers]).all())


def estimate(
    lattice: NDArray[np.float64],
    numbers: NDArray,
    positions: NDArray[np.float64],
    charges: NDArray[np.float64],
    cold: tuple[float, float] = COLD,
    warm: tuple[float, float] = WARM,
) -> Estimate:
    """Of one sound crystal of elements that UFF knows; ``cold`` and ``warm``: K and bar of CO2."""
    found = field(lattice, numbers, positions, charges)
    factors = boltzmann(found, (cold[0], warm[0]))
    grams = MASSES[numbers].sum()
    uptake, kept = (
        molecules(factor, pressure * BAR, found.lattice) / grams * 1000
        for factor, (_, pressure) in zip(factors, (cold, warm), strict=True)
    )
    first, second = (henry(factor, lattice, numbers) for factor in factors)
    return Estimate(uptake, kept, first, second, factors[0].heat)


def molecules(factor: Boltzmann, pressure: float, lattice: NDArray[np.float64]) -> float:
    """That a cell takes up at a pressure (Pa)."""
    density = np.minimum(pressure / (K_B * factor.temperature) * factor.factor.astype(np.float64), DENSEST)
    voxel = abs(float(np.linalg.det(lattice))) / density.size
    return float((density / (1 + crowding(density, lattice))).sum() * voxel)


def crowding(density: NDArray[np.float64], lattice: NDArray[np.float64], room: float = ROOM) -> NDArray[np.float64]:
    """(a, b, c) molecules that would be in the ball about each place, at such densities (1/A^3)."""
    shape = density.shape
    mean = np.fft.irfftn(np.fft.rfftn(density) * _ball(lattice, shape, room), s=shape, axes=(0, 1, 2))
    return room * np.maximum(mean, 0)


def _ball(lattice: NDArray[np.float64], shape: tuple[int, ...], volume: float) -> NDArray[np.float64]:
    """Transform of the mean over a ball, at the waves of a real transform."""
    a, b, c = shape
    waves = np.stack(
        np.meshgrid(np.fft.fftfreq(a, 1 / a), np.fft.fftfreq(b, 1 / b), np.fft.rfftfreq(c, 1 / c), indexing="ij"), -1
    )
    k = 2 * np.pi * np.linalg.norm(waves @ np.linalg.inv(lattice).T, axis=-1)
    x = k * (3 * volume / (4 * np.pi)) ** (1 / 3)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(x > 1e-3, 3 * (np.sin(x) - x * np.cos(x)) / x**3, 1.0)
