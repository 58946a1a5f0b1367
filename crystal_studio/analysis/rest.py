"""A crystal at rest, from which what a potential says of small changes is measured."""

from __future__ import annotations

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.primitive import primitive_cell
from crystal_studio.errors import KnownError
from crystal_studio.potentials.protocol import Potential, why

MAX_STEPS, FMAX = 300, 0.01
"""Evaluations, and the largest force that is left (eV/Angstrom)."""


def at_rest(potential: Potential, crystal: Structures) -> Structures:
    """The primitive cell of one crystal (B = 1), relaxed; raises ``KnownError`` where that cannot be done."""
    lattice, numbers, positions = crystal.cell(0)
    cell = primitive_cell(lattice, numbers, positions)
    one = Structures.from_lists([cell.lattice], [cell.numbers], [cell.positions])
    outcome = potential.relax(one, MAX_STEPS, FMAX)
    reason = outcome.reasons[0]
    if reason is not None:
        raise KnownError(f"{potential.title} cannot relax the crystal: {why(reason)} Try another potential.")
    return outcome.structures
