"""Does the symmetry hold when nothing keeps it, or does the crystal fall to a lower energy with less of it?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.verdicts import Finding, Verdicts, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.primitive import PrimitiveCell, primitive_cell
from crystal_studio.crystal.standardise import space_group_numbers
from crystal_studio.funnel.batch_parts import geometry, spread_out
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import largest_force, most_evaluations, option, time_limit
from crystal_studio.potentials import registry


@dataclass(frozen=True)
class FreeRelaxationStage:
    """Shakes candidates near the hull and relaxes them without symmetry; marks, and rejects none.

    Each is relaxed with its symmetry first, by the same limits, so that what it gains is gained by losing symmetry.
    """

    cutoff: float = option(
        0.1, "Cutoff", "energy above hull up to which a candidate is tried", unit="eV/atom", low=0, high=10, step=0.01
    )
    displacement: float = option(
        0.05, "Displacement", "standard deviation by which atoms are shaken", unit="Å", low=0, high=1, step=0.01
    )
    strain: float = option(
        0.005, "Strain", "standard deviation by which the cell is shaken", low=0, high=0.2, step=0.001, advanced=True
    )
    noise: float = option(
        0.001,
        "Noise",
        "energy that no group is told apart by",
        unit="eV/atom",
        low=0,
        high=1,
        step=0.001,
        advanced=True,
    )
    fmax: float = largest_force(0.03)
    max_steps: int = most_evaluations(300)
    seconds: float = time_limit(1800.0)

    name = "free_relaxation"
    version = 1
    rejects = False
    title = "Free relaxation"
    in_order = False
    costly = True
    remembers = False
    requires = ("energy_per_atom", "e_hull")
    gives = ("symmetry_gain", "symmetry_holds", "free_space_group", "e_hull", "energy_per_atom")
    reasons = ()

    def __call__(self, batch: Batch, context: FunnelContext) -> Verdicts:
        """Finds symmetry_gain (eV/atom that is lower without symmetry), symmetry_holds (0 or 1) and free_space_group;
        where it does not hold also energy_per_atom and e_hull of the free crystal, by a method of its own under which
        its geometry is kept. NaN for candidates above the cutoff.

        Raises ``ModelError`` if the potential cannot be loaded.
        """
        size = len(batch)
        method = registry.method(context.potential)
        free = method.free_of_symmetry
        e_hull = np.asarray(batch.value("e_hull", method.name), float)
        rows = np.flatnonzero(e_hull <= self.cutoff)
        potential = registry.load(context.potential, context.device)
        kept = potential.relax(batch.structures.take(rows), self.max_steps, self.fmax)
        whole = np.flatnonzero([reason is None for reason in kept.reasons])
        rows, start, energy = rows[whole], kept.structures.take(whole), kept.energy_per_atom[whole]
        cells, shaken = self._shaken(start, batch.ids[rows])
        left = potential.relax(shaken, self.max_steps, self.fmax, symmetric=False)
        loose = _restored(start, cells, left.structures)
        gain = energy - left.energy_per_atom
        before, after = space_group_numbers(start), space_group_numbers(loose)
        known = np.isfinite(gain)
        holds = (before == after) | (gain < self.noise)
        fell = known & ~holds
        energy = np.where(fell, left.energy_per_atom, np.nan)
        findings = (
            Finding("symmetry_gain", method, spread_out(np.maximum(gain, 0.0), rows, size)),
            Finding("symmetry_holds", method, spread_out(np.where(known, holds, np.nan), rows, size)),
            Finding("free_space_group", method, spread_out(np.where(known & (after > 0), after, np.nan), rows, size)),
            Finding("energy_per_atom", free, spread_out(energy, rows, size)),
            Finding("e_hull", free, spread_out(np.where(fell, e_hull[rows] - gain, np.nan), rows, size)),
        )
        return rejecting([None] * size, findings, geometry=geometry(free, batch.structures, rows, loose, fell))

    def _shaken(self, structures: Structures, ids: NDArray) -> tuple[list[PrimitiveCell], Structures]:
        """Primitive cells and the same with atoms and cell moved at random, by the candidates' ids alone."""
        cells, lattices, positions = [], [], []
        for i, seed in enumerate(ids.tolist()):
            cell = primitive_cell(*structures.cell(i))
            rng = np.random.default_rng(seed)
            lattice = cell.lattice @ (np.eye(3) + self.strain * rng.normal(size=(3, 3)))
            moved = self.displacement * rng.normal(size=cell.positions.shape)
            cells.append(cell)
            lattices.append(lattice)
            positions.append(cell.positions + moved @ np.linalg.inv(lattice))
        return cells, Structures.from_lists(lattices, [cell.numbers for cell in cells], positions)


def _restored(like: Structures, cells: list[PrimitiveCell], relaxed: Structures) -> Structures:
    """Relaxed primitive cells in the cells that they came from."""
    lattice, positions = like.lattice.copy(), like.positions.copy()
    for i, cell in enumerate(cells):
        found = cell.restore(relaxed.lattice[i], relaxed.positions[relaxed.atoms(i)])
        lattice[i], positions[like.atoms(i)] = found[0], found[1] % 1.0
    return Structures(lattice, like.offsets, like.numbers, positions, like.orbit)
