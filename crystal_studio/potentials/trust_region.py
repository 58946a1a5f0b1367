"""A quasi-Newton search with a trust radius, as a generator that is told energies and gradients.

BFGS with Powell's damping (Nocedal and Wright, Numerical Optimization, 2nd edition, procedure 18.2) and a radius that
follows how well the quadratic model foretells the energy (algorithm 4.1). Written as a generator, so that many
crystals can be searched at once while one network evaluates them together.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from crystal_studio.potentials.reduced import ReducedCell

START_CURVATURE = 10.0
"""eV/Angstrom^2, first guess of the curvature along a displacement: soft, as damping only stiffens."""

START_STRAIN_CURVATURE = 16.0
"""eV, the same along a strain: 160 GPa at 16 Angstrom^3 an atom."""

LEAST_CURVATURE = 0.5
"""eV/Angstrom^2: softer directions, and those that curve down, are stepped along as if they were this stiff."""

FIRST_RADIUS, LARGEST_RADIUS = 0.2, 0.5
"""Angstrom: how far the atom that moves most may go in one step."""

STRAIN_OF_RADIUS = 0.2
"""Largest component of strain in one step for each Angstrom of the radius."""

NOISE, UPHILL = 1e-3, 0.02
"""eV/atom: energies that differ by less are alike; a step uphill by more is taken back."""


@dataclass
class Search:
    """What may be known of a search: ``gain``, what the quadratic model still expects, and the energies on its
    ``path``, one an evaluation, all in eV/atom."""

    gain: float = np.inf
    path: list[float] = field(default_factory=list)


Steps = Generator[NDArray[np.float64], tuple[float, NDArray[np.float64]], None]


def minimise(cell: ReducedCell, search: Search) -> Steps:
    """Yields reduced coordinates (d + m,) to be evaluated, is sent (eV per cell, gradient (d + m,)); never ends."""
    d, n = cell.n_displacements, len(cell.numbers)
    hessian = np.diag([START_CURVATURE] * d + [START_STRAIN_CURVATURE] * (len(cell) - d))
    x = np.zeros(len(cell))
    energy, gradient = yield x
    radius = FIRST_RADIUS
    while True:
        curvatures, vectors = np.linalg.eigh(hessian)
        curvatures = np.maximum(np.abs(curvatures), LEAST_CURVATURE)
        along = vectors.T @ gradient
        search.gain = float(0.5 * (along**2 / curvatures).sum() / n)
        step = _within(cell, -vectors @ (along / curvatures), radius)
        foretold = float(gradient @ step + 0.5 * step @ hessian @ step)
        there, slope = yield x + step
        _update(hessian, step, slope - gradient)
        rise = there - energy
        ratio = rise / min(foretold, -1e-9)
        if rise > NOISE * n and ratio < 0:
            radius = max(0.35 * radius, 0.02)
            if rise > UPHILL * n:
                continue
        elif ratio > 0.75:
            radius = min(1.6 * radius, LARGEST_RADIUS)
        elif ratio < 0.25:
            radius = max(0.6 * radius, 0.03)
        x, energy, gradient = x + step, there, slope


def _within(cell: ReducedCell, step: NDArray, radius: float) -> NDArray[np.float64]:
    """The step, shortened until atoms and cell move no further than the radius."""
    moved, strain = cell.longest(step)
    return step / max(1.0, moved / radius, strain / (STRAIN_OF_RADIUS * radius))


def _update(hessian: NDArray, step: NDArray, change: NDArray) -> None:
    """Damped BFGS in place: the matrix stays positive where it was."""
    product = hessian @ step
    model, seen = float(step @ product), float(step @ change)
    if seen < 0.2 * model:
        share = 0.8 * model / (model - seen)
        change = share * change + (1 - share) * product
        seen = float(step @ change)
    if abs(seen) > 1e-12 and model > 0:
        hessian += np.outer(change, change) / seen - np.outer(product, product) / model
