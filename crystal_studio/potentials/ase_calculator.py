"""A potential made of any calculator of ASE."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.neighbours import neighbours_within
from crystal_studio.potentials import mp2020
from crystal_studio.potentials.one_by_one import Energies, OneByOne

REACH = 6.0
"""Angstrom: an atom with no neighbour so near is alone, and no potential of crystals has a word on it."""

UNKNOWN = (NotImplementedError, KeyError, ValueError, IndexError)
"""What calculators raise for an element that they were not made for."""


class AseCalculator(OneByOne):
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

    def corrections(self, structures: Structures) -> NDArray[np.float64]:
        """(B,) eV/atom: the MP2020 corrections where the weights need them."""
        return mp2020.corrections(structures) if self.corrected else np.zeros(len(structures))

    def energy_of(self, lattice: NDArray, numbers: NDArray, positions: NDArray) -> float | None:
        """eV, None for isolated atoms and what the calculator does not know."""
        atoms = self._atoms(lattice, numbers, positions)
        if atoms is None:
            return None
        try:
            return float(atoms.get_potential_energy())
        except UNKNOWN:
            self._calculator.reset()  # or it takes the crystal that it failed on for one that it has set up
            return None

    def evaluation_of(self, lattice: NDArray, numbers: NDArray, positions: NDArray) -> Energies | None:
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
