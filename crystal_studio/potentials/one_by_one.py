"""What potentials share that know one crystal at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.soundness import COMPUTABLE, is_sound
from crystal_studio.potentials.protocol import Cautious, Evaluation, Relaxation, no_evaluation
from crystal_studio.potentials.reduced import Geometry, Gradient, ReducedCell
from crystal_studio.potentials.relaxation import relax


@dataclass(frozen=True)
class Energies:
    """One evaluation: energy (eV per cell), forces (N, 3) eV/Angstrom, stress (3, 3) eV/Angstrom^3."""

    energy: float
    forces: NDArray[np.float64]
    stress: NDArray[np.float64]

    @property
    def finite(self) -> bool:
        """Whether all of it is numbers."""
        return bool(np.isfinite(self.energy) and np.isfinite(self.forces).all() and np.isfinite(self.stress).all())


Evaluate = Callable[[NDArray, NDArray, NDArray], Energies | None]


class OneByOne:
    """Energies, evaluations and relaxations out of one function of one cell.

    A subclass tells ``energy_of`` (a cheaper way to the energy alone, where there is one), ``evaluation_of``, and
    ``corrections`` where energies need any afterwards: these may change in jumps, so they take no part in movements.
    """

    def evaluation_of(self, lattice: NDArray, numbers: NDArray, positions: NDArray) -> Energies | None:
        """Of one cell: lattice (3, 3) Angstrom, numbers (N,), fractional positions (N, 3); None for no answer."""
        raise NotImplementedError

    def energy_of(self, lattice: NDArray, numbers: NDArray, positions: NDArray) -> float | None:
        """eV per cell likewise."""
        found = self.evaluation_of(lattice, numbers, positions)
        return None if found is None else found.energy

    def corrections(self, structures: Structures) -> NDArray[np.float64]:
        """(B,) eV/atom to add to the energies."""
        return np.zeros(len(structures))

    def energies(self, structures: Structures) -> NDArray[np.float64]:
        """(B,) eV/atom at the given geometry; NaN where there is no answer."""
        found = np.full(len(structures), np.nan)
        for i in np.flatnonzero(is_sound(structures, COMPUTABLE)).tolist():
            energy = self.energy_of(*structures.cell(i))
            if energy is not None and np.isfinite(energy):
                found[i] = energy / structures.n_atoms[i]
        return found + self.corrections(structures)

    def evaluate(self, structures: Structures) -> Evaluation:
        """Energies, forces and stresses at the given geometry."""
        found = no_evaluation(structures)
        for i in np.flatnonzero(is_sound(structures, COMPUTABLE)).tolist():
            answer = self.evaluation_of(*structures.cell(i))
            if answer is not None and answer.finite:
                found.energy_per_atom[i] = answer.energy / structures.n_atoms[i]
                found.forces[structures.atoms(i)] = answer.forces
                found.stress[i] = answer.stress
        return dataclasses.replace(found, energy_per_atom=found.energy_per_atom + self.corrections(structures))

    def relax(
        self,
        structures: Structures,
        max_steps: int = 120,
        fmax: float = 0.1,
        symmetric: bool = True,
        cautious: Cautious | None = None,
        moving_cell: bool = True,
    ) -> Relaxation:
        """Positions and cells moved downhill; see ``relaxation.relax``."""
        if cautious is not None:
            cautious = cautious.without(self.corrections(structures))
        outcome = relax_each(structures, self.evaluation_of, max_steps, fmax, symmetric, cautious, moving_cell)
        energy = outcome.energy_per_atom.copy()
        known = np.flatnonzero(np.isfinite(energy))
        energy[known] += self.corrections(outcome.structures.take(known))
        return dataclasses.replace(outcome, energy_per_atom=energy)


def relax_each(
    structures: Structures,
    evaluate: Evaluate,
    max_steps: int,
    fmax: float,
    symmetric: bool = True,
    cautious: Cautious | None = None,
    moving_cell: bool = True,
) -> Relaxation:
    """``relaxation.relax`` with a function of one cell (lattice, numbers, positions)."""
    return relax(structures, _Alone(evaluate), max_steps, fmax, symmetric, cautious, moving_cell, at_once=1)


@dataclass(frozen=True)
class _Alone:
    """An evaluator for ``relaxation.relax``."""

    function: Evaluate

    def prepare(self, cell: ReducedCell) -> object:
        return cell.numbers

    def evaluate(self, kept: Sequence[object], geometries: Sequence[Geometry]) -> Sequence[Gradient | None]:
        return [self._one(numbers, geometry) for numbers, geometry in zip(kept, geometries, strict=True)]

    def _one(self, numbers: object, geometry: Geometry) -> Gradient | None:
        found = self.function(geometry.lattice, np.asarray(numbers), geometry.positions)
        if found is None:
            return None
        # Models without exact translational invariance have a net force, which moves nothing.
        volume = abs(np.linalg.det(geometry.lattice))
        return Gradient(found.energy, found.forces.mean(0) - found.forces, volume * found.stress)
