"""What a rigid framework does to the sites of a gas everywhere in its cell, on a grid.

Dispersion (UFF and TraPPE, cut off and shifted) and charges (Ewald) are each a part that ends within a few Angstrom,
added atom by atom, and a smooth rest that is summed over waves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.mof.force_field import CUTOFF, GASES, Gas, Site, mixed

COULOMB = 167101.0
"""K Angstrom between two elementary charges."""

SPACING = 0.3
"""Angstrom between points of the grid, at most."""

_NEAR = 4.0
"""Angstrom within which an atom is more than waves."""
_SPLIT = 0.78
"""1/Angstrom: width of the Gaussian charges that waves carry."""
_LARGEST_WAVE = 5.5
"""1/Angstrom."""
_CORE = 1.0
"""Angstrom within which an atom is as hard as at this distance."""
_BINS = 12_000
"""Rows of the table of squared distances."""


@dataclass(frozen=True)
class Field:
    """Energies (K) of one end and of the centre of a molecule at the points (a, b, c) of a grid over a reduced cell."""

    lattice: NDArray[np.float64]
    end: NDArray[np.float32]
    centre: NDArray[np.float32]
    bond: float

    @property
    def step(self) -> NDArray[np.float64]:
        """(3, 3) Angstrom from a point to the next."""
        return self.lattice / np.array(self.end.shape)[:, None]


def field(
    lattice: NDArray[np.float64],
    numbers: NDArray,
    positions: NDArray[np.float64],
    charges: NDArray[np.float64],
    gas: Gas = GASES["CO2"],
    spacing: float = SPACING,
) -> Field:
    """Of one sound crystal of elements that UFF knows: lattice (3, 3), numbers (n,), fractional positions (n, 3),
    charges (n,) in e, of which the mean is taken off."""
    reduced = reduce_cells(np.asarray(lattice)[None])[0][0]
    x = positions @ lattice @ np.linalg.inv(reduced)
    x = x - np.floor(x)
    charges = charges - charges.mean()
    shape = np.ceil(np.linalg.norm(reduced, axis=1) / spacing).astype(int)
    shape = np.maximum(shape + shape % 2, 8)
    elements, kind = np.unique(numbers, return_inverse=True)
    sites = (gas.end, gas.centre)
    grids = _smooth(reduced, x, charges, shape, elements, kind, sites)
    _add_near(grids, reduced, x, charges, shape, elements, kind, sites)
    return Field(reduced, grids[0], grids[1], gas.bond)


def _lj(r: NDArray, diameter: NDArray, depth: NDArray) -> NDArray[np.float64]:
    """(E, R) cut off and shifted."""

    def bare(at: NDArray) -> NDArray[np.float64]:
        six = (diameter[:, None] / at) ** 6
        return np.asarray(4 * depth[:, None] * (six * six - six))

    at = np.maximum(r, 1e-3)[None]
    return np.where(at < CUTOFF, bare(at) - bare(np.full((1, 1), CUTOFF)), 0.0)


def _rest(r: NDArray, diameter: NDArray, depth: NDArray) -> NDArray[np.float64]:
    """(E, R): dispersion beyond ``_NEAR``, within it the even polynomial that goes on smoothly to third order."""
    step = 1e-3
    around = _NEAR + step * np.arange(5)
    values = _lj(around, diameter, depth)
    # Derivatives at _NEAR from the polynomial of fourth order through five points.
    powers = np.linalg.solve(np.vander(step * np.arange(5), increasing=True), values.T)
    wanted = powers[:4] * np.array([1, 1, 2, 6])[:, None]
    m = np.zeros((4, 4))
    for column, power in enumerate((0, 2, 4, 6)):
        factor = 1.0
        for row in range(4):
            m[row, column] = factor * _NEAR ** (power - row) if power >= row else 0.0
            factor *= power - row
    a = np.linalg.solve(m, wanted)
    inside = sum(a[k][:, None] * r[None] ** (2 * k) for k in range(4))
    return np.where(r[None] < _NEAR, inside, _lj(r, diameter, depth))


@cache
def _rest_waves(element: int, site: Site) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Waves (1/Angstrom) and the transform (K Angstrom^3) of the smooth part of an element's dispersion."""
    r, k = np.linspace(0, CUTOFF, 1601), np.linspace(0, _LARGEST_WAVE, 300)
    kernel = 4 * np.pi * r**2 * np.sinc(k[:, None] * r / np.pi) * (r[1] - r[0])
    kernel[:, [0, -1]] /= 2
    return k, kernel @ _rest(r, *mixed(np.array([element]), site))[0]


@cache
def _near_table(element: int, site: Site) -> NDArray[np.float64]:
    """(_BINS + 1,) the rest of an element's dispersion, by the square of the distance."""
    r = np.sqrt(np.linspace(0, _NEAR**2, _BINS + 1))
    well = mixed(np.array([element]), site)
    return np.where(r < _NEAR, _lj(np.maximum(r, _CORE), *well)[0] - _rest(r, *well)[0], 0.0)


def _smooth(
    lattice: NDArray,
    x: NDArray,
    charges: NDArray,
    shape: NDArray,
    elements: NDArray,
    kind: NDArray,
    sites: tuple[Site, ...],
) -> list[NDArray[np.float32]]:
    """The part of waves, one grid a site."""
    reciprocal = 2 * np.pi * np.linalg.inv(lattice).T
    most = np.minimum(
        np.floor(_LARGEST_WAVE * np.linalg.norm(lattice, axis=1) / (2 * np.pi)).astype(int), shape // 2 - 1
    )
    ranges = [np.arange(-most[0], most[0] + 1), np.arange(-most[1], most[1] + 1), np.arange(most[2] + 1)]
    phases = [np.exp(-2j * np.pi * x[:, [axis]] * ranges[axis]) for axis in range(3)]
    waves = sum(
        (
            ranges[axis].reshape([-1 if a == axis else 1 for a in range(3)])[..., None] * reciprocal[axis]
            for axis in range(3)
        ),
        np.zeros(3),
    )
    size = np.sqrt((waves**2).sum(-1))
    volume = abs(float(np.linalg.det(lattice)))

    def structure(weights: NDArray) -> NDArray[np.complex128]:
        some = weights != 0
        first = phases[0][some] * weights[some, None]
        plane = (first[:, :, None] * phases[1][some][:, None, :]).reshape(len(first), len(ranges[0]) * len(ranges[1]))
        return (plane.T @ phases[2][some]).reshape(size.shape)

    with np.errstate(divide="ignore", invalid="ignore"):
        coulomb = np.where(size > 0, 4 * np.pi * COULOMB / size**2 * np.exp(-((size / (2 * _SPLIT)) ** 2)), 0.0)
    potential = coulomb * structure(charges)
    sums = [structure((kind == e).astype(float)) for e in range(len(elements))]
    inside = (size <= _LARGEST_WAVE).astype(float)
    found = []
    for site in sites:
        total = site.charge * potential
        for e, element in enumerate(elements.tolist()):
            total = total + np.interp(size, *_rest_waves(element, site)) * sums[e]
        spectrum = np.zeros((shape[0], shape[1], shape[2] // 2 + 1), np.complex64)
        spectrum[np.ix_(*ranges)] = total * inside / volume
        found.append(np.fft.irfftn(spectrum, s=tuple(shape), axes=(0, 1, 2), norm="forward").astype(np.float32))
    return found


def _add_near(
    grids: list[NDArray[np.float32]],
    lattice: NDArray,
    x: NDArray,
    charges: NDArray,
    shape: NDArray,
    elements: NDArray,
    kind: NDArray,
    sites: tuple[Site, ...],
) -> None:
    """Add to each site's grid what each atom does within ``_NEAR``."""
    from scipy.special import erfc

    square = np.linspace(0, _NEAR**2, _BINS + 1)
    r = np.sqrt(square)
    hard = np.maximum(r, _CORE)
    tables = [[_near_table(element, site) for element in elements.tolist()] for site in sites]
    own = COULOMB * erfc(_SPLIT * hard) / hard
    step = lattice / shape[:, None]
    reach = np.ceil((_NEAR + np.linalg.norm(step, axis=1).sum()) * np.linalg.norm(np.linalg.inv(step), axis=0)).astype(
        int
    )
    offsets = np.stack(np.meshgrid(*[np.arange(-n, n + 1) for n in reach.tolist()], indexing="ij"), -1).reshape(-1, 3)
    away = offsets @ step
    length = (away**2).sum(1)
    near = length <= (_NEAR + np.linalg.norm(step, axis=1).sum() / 2) ** 2
    offsets, away, length = offsets[near], away[near].astype(np.float32), length[near].astype(np.float32)
    again = bool((2 * offsets.max(0) + 1 > shape).any())
    flat = [grid.reshape(-1) for grid in grids]
    places = x * shape
    first = np.rint(places).astype(int)
    rest = ((places - first) @ step).astype(np.float32)
    scale = np.float32(_BINS / _NEAR**2)
    for i in range(len(x)):
        squared = length - away @ (2 * rest[i]) + (rest[i] ** 2).sum()
        row = np.minimum(squared * scale, _BINS).astype(np.int32)
        at = (offsets + first[i]) % shape
        index = (at[:, 0] * shape[1] + at[:, 1]) * shape[2] + at[:, 2]
        for site, table, grid in zip(sites, tables, flat, strict=True):
            value = (table[kind[i]] + site.charge * charges[i] * own).astype(np.float32)[row]
            if again:
                np.add.at(grid, index, value)
            else:
                grid[index] += value
