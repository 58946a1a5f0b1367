"""Crystals known from textbooks, as batches; lattice constants in Angstrom."""

from __future__ import annotations

import numpy as np

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.verdicts import Verdicts
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.funnel.protocol import Batch, Stage
from crystal_studio.funnel.reasons import sentence

CUBIC = (90, 90, 90)
CRYSTALS = {
    "NaCl": (225, (5.64, 5.64, 5.64, *CUBIC), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "CsCl": (221, (4.12, 4.12, 4.12, *CUBIC), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
    "C": (227, (3.567, 3.567, 3.567, *CUBIC), ["C"], [[0, 0, 0]]),
    "TiO2": (136, (4.594, 4.594, 2.959, *CUBIC), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]),
    "SrTiO3": (221, (3.905, 3.905, 3.905, *CUBIC), ["Sr", "Ti", "O"], [[0.5] * 3, [0, 0, 0], [0.5, 0, 0]]),
    "MgAl2O4": (227, (8.08, 8.08, 8.08, *CUBIC), ["Mg", "Al", "O"], [[0, 0, 0], [0.625] * 3, [0.3873] * 3]),
    "ZnS": (216, (5.41, 5.41, 5.41, *CUBIC), ["Zn", "S"], [[0, 0, 0], [0.25, 0.25, 0.25]]),
    "Fe": (229, (2.866, 2.866, 2.866, *CUBIC), ["Fe"], [[0, 0, 0]]),
}
"""Space group, cell, elements and positions of the orbits (origin choice 1)."""


def crystal(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lattice, numbers and fractional positions of the conventional cell."""
    from pymatgen.core import Lattice, Structure

    group, cell, elements, positions = CRYSTALS[name]
    made = Structure.from_spacegroup(group, Lattice.from_parameters(*cell), elements, positions)
    return made.lattice.matrix, np.array(made.atomic_numbers), made.frac_coords


def structures(*names: str) -> Structures:
    """Conventional cells of the named crystals."""
    return Structures.from_lists(*zip(*(crystal(n) for n in names), strict=True))


def units_of(cells: Structures) -> AsymmetricUnits:
    """Their asymmetric units; every one must be found."""
    units, ok, reasons = to_asymmetric_units(cells)
    assert ok.all(), reasons
    return units


def batch(*names: str, first_id: int = 1) -> Batch:
    """The named crystals as candidates made in their groups, expanded from their asymmetric units."""
    units = units_of(structures(*names))
    candidates = Candidates.of_units(units, units.space_group)
    return Batch(np.arange(first_id, first_id + len(units)), candidates)


def raw_batch(cells: Structures, groups: list[int] | None = None, first_id: int = 1) -> Batch:
    """Cells as candidates whatever they hold, nothing else known of them; the groups that were asked for, or none."""
    asked = None if groups is None else np.array(groups, np.int16)
    return Batch(np.arange(first_id, first_id + len(cells)), Candidates.of_structures(cells, asked))


def found(verdicts: Verdicts, quantity: str) -> np.ndarray:
    """The values of the only finding of a quantity."""
    (finding,) = [f for f in verdicts.findings if f.quantity == quantity]
    return finding.values


def sentences(stage: Stage, verdicts: Verdicts) -> list[str]:
    """The reasons as people read them."""
    return ["" if r is None else sentence(stage.name, r.code, r.parameters) for r in verdicts.reasons]


def codes(verdicts: Verdicts) -> list[str]:
    """The codes of the reasons, "" where passed."""
    return ["" if r is None else r.code for r in verdicts.reasons]
