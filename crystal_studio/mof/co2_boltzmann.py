"""How likely a molecule of gas is to be anywhere in a rigid framework: its mean Boltzmann factor over all directions.

Its centre stands on the points of the grid; between them the field of its ends is interpolated by cubic polynomials.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.element_data import MASSES
from crystal_studio.mof.co2_field import Field

GAS = 8.314462618
"""J/(mol K)."""

AVOGADRO = 0.602214076
"""Molecules in 1 A^3 at 1 mol per 1e-24 cm^3: mol/cm3 times this are molecules per A^3."""

LAYS = 48
"""Ways of a molecule to lie."""
_WALL = 2e4
"""K: what is higher is as high as this for interpolation."""
_INSIDE = 0.9 * _WALL
"""K: where the end of a molecule is as high as this, it stands in an atom, whatever its centre gains by that."""
_LARGEST = 60.0
"""Of energies over temperature, in either sign."""


@dataclass(frozen=True)
class Boltzmann:
    """Mean factor (a, b, c) at one temperature (K), and the mean energy (K) where the gas stands, its average over what
    is taken up."""

    temperature: float
    factor: NDArray[np.float32]
    energy: float

    @property
    def henry_factor(self) -> float:
        """Mean over the cell: taken up over the ideal gas in as much room."""
        return float(self.factor.mean(dtype=np.float64))

    @property
    def heat(self) -> float:
        """kJ/mol set free by the first molecules."""
        return GAS * (self.temperature - self.energy) / 1000


def lays(count: int = LAYS) -> NDArray[np.float64]:
    """(count, 3) directions, even over half a sphere (Fibonacci's lattice)."""
    k = np.arange(count) + 0.5
    z, angle = k / count, np.pi * (1 + 5**0.5) * k
    flat = np.sqrt(1 - z * z)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), z], 1)


def boltzmann(field: Field, temperatures: Sequence[float], count: int = LAYS) -> list[Boltzmann]:
    """At each temperature (K)."""
    shape = field.end.shape
    total = [np.zeros(shape, np.float32) for _ in temperatures]
    energy = np.zeros(len(temperatures))
    for u in energies(field, count):
        np.clip(u, np.float32(-_LARGEST * min(temperatures)), np.float32(_LARGEST * max(temperatures)), out=u)
        for k, temperature in enumerate(temperatures):
            factor = np.exp(u * np.float32(-1 / temperature))
            total[k] += factor
            energy[k] += float(np.vdot(u, factor))
    return [
        Boltzmann(t, total[k] / np.float32(count), energy[k] / max(float(total[k].sum(dtype=np.float64)), 1e-300))
        for k, t in enumerate(temperatures)
    ]


def energies(field: Field, count: int) -> Iterator[NDArray[np.float32]]:
    """K, (a, b, c) of a molecule with its centre on each point, for one of ``lays(count)`` after the other."""
    away = field.bond * lays(count) @ np.linalg.inv(field.step)
    reach = int(np.ceil(np.abs(away).max())) + 2
    wide = np.pad(np.minimum(field.end, np.float32(_WALL)), reach, mode="wrap")
    for steps in away:
        u = _moved(wide, steps, reach, field.end.shape)
        other = _moved(wide, -steps, reach, field.end.shape)
        inside = np.maximum(u, other) > np.float32(_INSIDE)
        u += other
        u += field.centre
        u[inside] = np.inf
        yield u


def _moved(wide: NDArray[np.float32], steps: NDArray, reach: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """(a, b, c) values at a place that is so many steps (3,) away from each point, by cubic interpolation; ``wide``
    goes on by ``reach`` points at each side."""
    out = wide
    for axis in range(3):
        first = int(np.floor(steps[axis]))
        f = float(steps[axis]) - first
        weights = (
            -f * (f - 1) * (f - 2) / 6,
            (f * f - 1) * (f - 2) / 2,
            -f * (f + 1) * (f - 2) / 2,
            f * (f * f - 1) / 6,
        )
        start = reach + first - 1
        parts = []
        for k, weight in enumerate(weights):
            at: list[slice] = [slice(None)] * 3
            at[axis] = slice(start + k, start + k + shape[axis])
            parts.append(out[tuple(at)] * np.float32(weight))
        total = parts[0]
        for part in parts[1:]:
            total += part
        out = total
    return out


def henry(found: Boltzmann, lattice: NDArray[np.float64], numbers: NDArray) -> float:
    """mmol/(g bar)."""
    volume = abs(float(np.linalg.det(lattice)))
    density = MASSES[numbers].sum() / AVOGADRO / volume * 1e6  # g/m3
    return found.henry_factor / (GAS * found.temperature * density) * 1e3 * 1e5
