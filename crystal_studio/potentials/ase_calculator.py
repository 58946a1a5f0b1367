"""A potential made of any calculator of ASE."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.neighbours import neighbours_within
from crystal_studio.crystal.soundness import COMPUTABLE, is_sound
from crystal_studio.potentials.mp2020 import corrections
from crystal_studio.potentials.protocol import Cautious, Relaxation
from crystal_studio.potentials.relaxation import Energies, relax_each

REACH = 6.0
"""Angstrom: an atom with no neighbour so near is alone, and no potential of crystals has a word on it."""

UNKNOWN = (NotImplementedError, KeyError, ValueError, IndexError)
"""What calculators raise for an element that they were not made for."""


class AseCalculator:
    """Energies, forces and stress of a calculator behind the ``Potential`` protocol, one crystal after the other.

    ``calculator`` must tell energy (eV), forces (eV/Angstrom) and stress (eV/Angstrom^3) of periodic crystals.
    ``corrected`` adds the MP2020 corrections: for weights that were trained on energies as the Materials Project
    computes them, PBE and PBE+U side by side.
    """

    name = "ase"
    title = "Calculator of ASE"
    functional = "that of the calculator"
    package = "ase"

    def __init__(self, calculator: Any, device: str = "cpu", corrected: bool = False) -> None:
        self.device = device
        self.corrected = corrected
        self._calculator = calculator

    def energies(self, structures: Structures) -> NDArray[np.float64]:
        """(B,) eV/atom at the given geometry; NaN for isolated atoms and what the calculator does not know."""
        found = np.full(len(structures), np.nan)
        for i in np.flatnonzero(is_sound(structures, COMPUTABLE)).tolist():
            rows = structures.atoms(i)
            atoms = self._atoms(structures.lattice[i], structures.numbers[rows], structures.positions[rows])
            if atoms is None:
                continue
            try:
                energy = float(atoms.get_potential_energy())
            except UNKNOWN:
                self._calculator.reset()  # or it takes the crystal that it failed on for one that it has set up
                continue
            if np.isfinite(energy):
                found[i] = energy / structures.n_atoms[i]
        return found + corrections(structures) if self.corrected else found

    def relax(
        self,
        structures: Structures,
        max_steps: int = 120,
        fmax: float = 0.1,
        symmetric: bool = True,
        cautious: Cautious | None = None,
    ) -> Relaxation:
        """Positions and cells moved downhill, space group kept; see ``relaxation.relax_each``."""
        if cautious is not None and self.corrected:
            cautious = cautious.without(corrections(structures))
        outcome = relax_each(structures, self._evaluate, max_steps, fmax, symmetric, cautious)
        if not self.corrected:
            return outcome
        energy = outcome.energy_per_atom.copy()
        known = np.flatnonzero(np.isfinite(energy))
        energy[known] += corrections(outcome.structures.take(known))
        return dataclasses.replace(outcome, energy_per_atom=energy)

    def _evaluate(self, lattice: NDArray, numbers: NDArray, positions: NDArray) -> Energies | None:
        """Energy (eV), forces (eV/Angstrom) and stress (eV/Angstrom^3), None where there is none."""
        atoms = self._atoms(lattice, numbers, positions)
        if atoms is None:
            return None
        try:
            forces = np.asarray(atoms.get_forces(), float)
            stress = np.asarray(atoms.get_stress(voigt=False), float)
            return Energies(float(atoms.get_potential_energy()), forces, stress)
        except UNKNOWN:
            self._calculator.reset()
            return None

    def _atoms(self, lattice: NDArray, numbers: NDArray, positions: NDArray) -> Any:
        """ASE's atoms with the calculator, None where an atom is alone or nothing is finite."""
        from ase import Atoms

        if not np.isfinite(lattice).all() or not np.isfinite(positions).all():
            return None
        first, *_ = neighbours_within(lattice, positions, REACH)
        if len(np.unique(first)) < len(numbers):
            return None
        return Atoms(numbers, cell=lattice, scaled_positions=positions, pbc=True, calculator=self._calculator)
