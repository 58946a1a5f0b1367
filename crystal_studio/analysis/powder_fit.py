"""How well a crystal agrees with a measured powder pattern once its cell is stretched to fit.

A generated cell is a few per cent off, a relaxed one a per cent or two: far more than a reflection is wide, so that the
patterns of the right crystal miss each other. Fractional coordinates and intensities stay, the cell is strained, by the
strains that its symmetry allows and by at most a stated share in any direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.analysis.powder import Measured, Reflections, agreement, background, pattern, reflections
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.operations import operations

MOST = 0.05
"""Share by which a cell may be longer or shorter."""
_STEP = 0.05
"""Degrees between the points at which patterns are compared while the cell is sought."""
_WIDTHS = (0.8, 0.4, 0.2)
"""Degrees: full widths of the reflections, one after the other; a wide one is seen from afar."""
_ISOTROPIC = 41
_STARTS = 3


@dataclass(frozen=True)
class Fit:
    """crystal : with the cell that fits best (B = 1); agreement : as ``powder.agreement`` says, of that cell;
    strain : (3, 3) symmetric, Cartesian, by which the cell given was stretched"""

    crystal: Structures
    agreement: float
    strain: NDArray[np.float64]

    @property
    def largest(self) -> float:
        """The largest relative change of a length, with its sign."""
        values = np.linalg.eigvalsh(self.strain)
        return float(values[np.abs(values).argmax()])


def fit(crystal: Structures, measured: Measured, wavelength: float, most: float = MOST, width: float = 0.15) -> Fit:
    """The cell of one crystal (B = 1), stretched by at most ``most``, that agrees best with a measured pattern.

    ``width``: full width of a reflection in degrees, for the agreement.
    """
    lattice, numbers, positions = crystal.cell(0)
    low, high = float(measured.angle[0]), float(measured.angle[-1])
    strain = np.zeros((3, 3))
    if most > 0:
        found = reflections(crystal, wavelength, (low / (1 + 2 * most), _further(high, 1 + 2 * most)))
        strains = symmetric_strains(lattice, numbers, positions)
        strain = _Search(found, np.linalg.inv(lattice), strains, measured, wavelength, most).best()
    stretched = Structures.from_lists([lattice @ (np.eye(3) + strain)], [numbers], [positions])
    return Fit(stretched, agreement(pattern(stretched, wavelength, (low, high)), measured, width), strain)


def symmetric_strains(lattice: NDArray, numbers: NDArray, positions: NDArray) -> NDArray[np.float64]:
    """(n, 3, 3) orthonormal Cartesian strains that break no symmetry of a crystal; the first is isotropic."""
    turns, _ = operations(lattice, numbers, positions)
    cartesian = lattice.T @ turns @ np.linalg.inv(lattice.T)
    pairs = [(i, j) for i in range(3) for j in range(i, 3)]
    units = np.zeros((6, 3, 3))
    for n, (i, j) in enumerate(pairs):
        units[n, i, j] = units[n, j, i] = 1.0 if i == j else np.sqrt(0.5)
    kept = np.einsum("kai,nij,kbj->nab", cartesian, units, cartesian) / len(cartesian)
    isotropic = np.eye(3) / np.sqrt(3)
    projector = np.einsum("nab,mab->nm", kept, units)
    along = np.einsum("ab,nab->n", isotropic, units)
    values, vectors = np.linalg.eigh(projector - np.outer(along, along))
    others = np.einsum("nm,nab->mab", vectors[:, values > 0.5], units)
    return np.concatenate([isotropic[None], others])


def _further(angle: float, factor: float) -> float:
    """The diffraction angle (degrees) of reflections that a cell longer by a factor brings to ``angle``."""
    return float(2 * np.degrees(np.arcsin(min(np.sin(np.radians(angle / 2)) * factor, 0.99))))


class _Search:
    """Over the strains of one crystal, for the pattern that agrees best."""

    def __init__(
        self,
        found: Reflections,
        reciprocal: NDArray,
        strains: NDArray[np.float64],
        measured: Measured,
        wavelength: float,
        most: float,
    ) -> None:
        self.vectors = found.hkl @ reciprocal.T
        angle = np.radians(found.two_theta)
        self.strength = found.intensity / _lorentz(angle)
        self.strains, self.wavelength, self.most = strains, wavelength, most
        self.grid = np.arange(measured.angle[0], measured.angle[-1], _STEP)
        observed = np.interp(self.grid, measured.angle, measured.intensity - background(measured, 3.0))
        self.wide = {width: _smoothed(observed, width) for width in _WIDTHS}

    def best(self) -> NDArray[np.float64]:
        """The strain (3, 3) that fits best."""
        from scipy.optimize import minimize

        if not len(self.vectors):
            return np.zeros((3, 3))
        n = len(self.strains)
        first = np.zeros((_ISOTROPIC, n))
        first[:, 0] = np.linspace(-self.most, self.most, _ISOTROPIC) * np.sqrt(3)
        scores = np.array([self.score(x, _WIDTHS[0]) for x in first])
        starts = first[np.argsort(-scores, kind="stable")[:_STARTS]]
        ends = []
        for start in starts:
            x = start
            for width in _WIDTHS:
                simplex = np.concatenate([x[None], x + np.eye(n) * np.radians(width)])
                how = {"initial_simplex": simplex, "xatol": 1e-5, "fatol": 1e-6, "maxfev": 80 * n}
                x = minimize(lambda y, w=width: -self.score(y, w), x, method="Nelder-Mead", options=how).x
            ends.append(x)
        return self.strain(max(ends, key=lambda x: self.score(x, _WIDTHS[-1])))

    def strain(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """(3, 3) of components (n,), cut down to the most that is allowed."""
        made = np.einsum("n,nab->ab", x, self.strains)
        largest = float(np.abs(np.linalg.eigvalsh(made)).max())
        return np.asarray(made * min(1.0, self.most / largest) if largest > 0 else made)

    def score(self, x: NDArray[np.float64], width: float) -> float:
        """Cosine of calculated and measured pattern, both smoothed."""
        calculated = _smoothed(self._sticks(self.strain(x)), width)
        observed = self.wide[width]
        length = np.linalg.norm(calculated) * np.linalg.norm(observed)
        return float(calculated @ observed / length) if length > 0 else 0.0

    def _sticks(self, strain: NDArray[np.float64]) -> NDArray[np.float64]:
        """(m,) intensity on the grid, each reflection shared by its two nearest points."""
        inverse = np.linalg.inv(np.eye(3) + strain)
        sine = np.linalg.norm(self.vectors @ inverse, axis=1) * self.wavelength / 2
        seen = sine < 0.999
        angle = 2 * np.arcsin(sine[seen])
        height = self.strength[seen] * _lorentz(angle)
        at = (np.degrees(angle) - self.grid[0]) / _STEP
        here = (at >= 0) & (at < len(self.grid) - 1)
        at, height = at[here], height[here]
        left = at.astype(np.int64)
        share = at - left
        found = np.bincount(left, height * (1 - share), len(self.grid))
        return np.asarray(found + np.bincount(left + 1, height * share, len(self.grid)))


def _lorentz(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lorentz and polarisation factor at diffraction angles (radians), as pymatgen has it."""
    half = angle / 2
    return np.asarray((1 + np.cos(angle) ** 2) / (np.sin(half) ** 2 * np.cos(half)))


def _smoothed(values: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(values, width / 2.3548 / _STEP, mode="constant"))
