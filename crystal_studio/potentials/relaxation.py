"""Relaxation of positions and cell that keeps the space group.

Variables are the atoms' Cartesian positions in the undeformed cell and the
deformation of the cell (Tadmor et al., Phys. Rev. B 59, 235 (1999)), moved by
BFGS with a step limit. The deformation is multiplied by the square root of the
number of atoms: its curvature then is the bulk modulus times the volume an
atom, of the size of a bond's curvature whatever the cell. Forces and
stress are averaged over the symmetry operations found at the start, so that
the noise of a single-precision network cannot lower the symmetry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.verdicts import Reason
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.primitive import primitive_cell
from crystal_studio.crystal.soundness import COMPUTABLE, CellFault, cell_faults, fault_texts
from crystal_studio.potentials.protocol import Relaxation
from crystal_studio.potentials.symmetry import Symmetry, find_symmetry

MAX_STEP = 0.2
"""Angstrom: no atom moves further in one step."""

MAX_STRAIN = 0.04
"""No component of the deformation changes more in one step."""

LARGEST_VOLUME_RATIO = 3.0
"""A cell that swells or shrinks by more than this factor is given up."""

START_CURVATURE = 35.0
"""eV/Angstrom^2, first guess of the Hessian for positions, stiff enough for covalent bonds."""

START_CELL_CURVATURE = 20.0
"""eV, the same for the deformation: 200 GPa at 16 Angstrom^3 an atom."""


@dataclass(frozen=True)
class Energies:
    """One evaluation: energy (eV per cell), forces (N, 3) eV/Angstrom, stress (3, 3) eV/Angstrom^3."""

    energy: float
    forces: NDArray[np.float64]
    stress: NDArray[np.float64]


Evaluate = Callable[[NDArray, NDArray, NDArray], Energies | None]


def relax_each(structures: Structures, evaluate: Evaluate, max_steps: int, fmax: float) -> Relaxation:
    """Relax a batch one crystal after the other in its primitive cell, and return it in the cell that came.

    ``evaluate(lattice, numbers, positions)`` returns ``Energies`` or None where
    the potential has no answer.
    """
    lattice = structures.lattice.copy()
    positions = structures.positions.copy()
    energy = np.full(len(structures), np.nan)
    converged = np.zeros(len(structures), bool)
    steps = np.zeros(len(structures), np.int64)
    reasons: list[Reason | None] = []
    unsound = problems(structures)
    for i in range(len(structures)):
        rows = structures.atoms(i)
        if unsound[i] is not None:
            reasons.append(unsound[i])
            continue
        cell = primitive_cell(lattice[i], structures.numbers[rows], positions[rows])
        result = _relax(cell.lattice, cell.numbers, cell.positions, evaluate, max_steps, fmax)
        steps[i] = result.steps
        reasons.append(result.reason)
        if result.reason:
            continue
        energy[i] = result.energy / len(cell.numbers)
        converged[i] = result.converged
        lattice[i], positions[rows] = cell.restore(result.lattice, result.positions)
    relaxed = Structures(lattice, structures.offsets, structures.numbers, positions % 1.0, structures.orbit)
    return Relaxation(relaxed, energy, converged, steps, tuple(reasons))


def problems(structures: Structures) -> list[Reason | None]:
    """B reasons why a cell cannot even be started with, None where it can."""
    faults = cell_faults(structures, COMPUTABLE)
    texts = fault_texts(structures, COMPUTABLE) if faults.any() else [""] * len(faults)
    return [_of_fault(structures, i, CellFault(fault), texts[i]) for i, fault in enumerate(faults.tolist())]


def _of_fault(structures: Structures, i: int, fault: CellFault, text: str) -> Reason | None:
    match fault:
        case CellFault.NONE:
            return None
        case CellFault.EMPTY:
            return Reason("empty")
        case CellFault.NOT_FINITE:
            return Reason("not_finite")
        case CellFault.FLAT:
            return Reason("no_volume", {"volume": abs(float(np.linalg.det(structures.lattice[i])))})
    return Reason("no_crystal", {"text": text})


@dataclass(frozen=True)
class _Result:
    lattice: NDArray[np.float64]
    positions: NDArray[np.float64]
    energy: float
    converged: bool
    steps: int
    reason: Reason | None


def _relax(
    lattice: NDArray, numbers: NDArray, positions: NDArray, evaluate: Evaluate, max_steps: int, fmax: float
) -> _Result:
    """BFGS over positions and cell of one primitive cell."""
    n = len(numbers)
    start = lattice
    volume = abs(np.linalg.det(lattice))
    symmetry = find_symmetry(lattice, numbers, positions)
    deformation = np.eye(3)
    cartesian = positions @ start  # positions in the undeformed cell
    scale = np.sqrt(n)
    fresh = np.diag([START_CURVATURE] * (3 * n) + [START_CELL_CURVATURE] * 9)
    hessian = fresh.copy()
    previous: tuple[NDArray, NDArray] | None = None
    energy, lowest = 0.0, np.inf

    for step in range(1, max_steps + 1):
        lattice = start @ deformation.T
        positions = np.linalg.solve(start.T, cartesian.T).T
        swollen = abs(np.linalg.det(lattice)) / volume
        if not 1 / LARGEST_VOLUME_RATIO < swollen < LARGEST_VOLUME_RATIO:
            return _given_up("swelled" if swollen > 1 else "shrank", step, ratio=float(swollen))
        found = evaluate(lattice, numbers, positions)
        if found is None:
            return _given_up("no_answer", step)
        energy = found.energy
        if not np.isfinite(energy) or not np.isfinite(found.forces).all() or not np.isfinite(found.stress).all():
            return _given_up("no_energy", step)
        gradient, largest = _gradient(found, symmetry, lattice, positions, deformation, n)
        if largest < fmax:
            return _Result(lattice, positions, energy, True, step, None)
        here = np.concatenate([cartesian.ravel(), scale * deformation.ravel()])
        if previous is not None:
            _update(hessian, here - previous[0], gradient - previous[1])
        previous = (here, gradient)
        if energy > lowest + 0.5 * n:  # a wild step: forget the curvature learned on the way
            hessian = fresh.copy()
        lowest = min(lowest, energy)
        here = here + _step(hessian, gradient, scale)
        cartesian = here[: 3 * n].reshape(n, 3)
        deformation = here[3 * n :].reshape(3, 3) / scale
    return _Result(lattice, positions, energy, False, max_steps, None)


def _given_up(code: str, steps: int, **parameters: float) -> _Result:
    nothing = np.zeros((0, 3))
    return _Result(nothing, nothing, np.nan, False, steps, Reason(code, {**parameters, "steps": steps}))


def _gradient(
    found: Energies, symmetry: Symmetry, lattice: NDArray, positions: NDArray, deformation: NDArray, n: int
) -> tuple[NDArray, float]:
    """Gradient in the optimiser's variables, and the largest symmetric force or virial per atom (eV/Angstrom)."""
    forces = symmetry.forces(found.forces - found.forces.mean(0), lattice)
    stress = symmetry.stress(found.stress, lattice)
    virial = -abs(np.linalg.det(lattice)) * stress  # eV
    cell_force = np.linalg.solve(deformation, virial).T / np.sqrt(n)
    position_force = forces @ deformation
    largest = max(np.linalg.norm(forces, axis=1).max(), np.linalg.norm(virial / n, axis=1).max())
    return -np.concatenate([position_force.ravel(), cell_force.ravel()]), float(largest)


def _update(hessian: NDArray, moved: NDArray, change: NDArray) -> None:
    """BFGS update in place; skipped for steps without information."""
    if np.abs(moved).max() < 1e-7:
        return
    product = hessian @ moved
    curvature = float(moved @ change)
    if abs(curvature) < 1e-12:
        return
    hessian += np.outer(change, change) / curvature - np.outer(product, product) / float(moved @ product)


def _step(hessian: NDArray, gradient: NDArray, scale: float) -> NDArray:
    """Quasi-Newton step with every curvature taken as positive, shortened to ``MAX_STEP`` and ``MAX_STRAIN``."""
    curvatures, vectors = np.linalg.eigh(hessian)
    step = -vectors @ ((gradient @ vectors) / np.maximum(np.abs(curvatures), 1e-3))
    furthest = np.linalg.norm(step[:-9].reshape(-1, 3), axis=1).max() / MAX_STEP
    strain = np.abs(step[-9:]).max() / (scale * MAX_STRAIN)
    return step / max(1.0, furthest, strain)
