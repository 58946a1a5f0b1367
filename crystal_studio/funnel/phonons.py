"""Would the crystal stay where it is, or does some vibration carry it away?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crystal_studio.candidates.verdicts import Finding, Reason, ReasonKind, Verdicts, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.primitive import primitive_cell
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import largest_force, most_evaluations, option, time_limit
from crystal_studio.potentials import registry
from crystal_studio.potentials.phonons import frequencies


@dataclass(frozen=True)
class PhononStage:
    """Vibrations of candidates near the hull, at the zone centre and the wave vectors of a supercell.

    Marks those that a vibration carries away.
    """

    cutoff: float = option(
        0.1, "Cutoff", "energy above hull up to which a candidate is judged", unit="eV/atom", low=0, high=10, step=0.01
    )
    most_atoms: int = option(
        12, "Atoms, at most", "atoms of the largest primitive cell that is judged", low=1, high=500
    )
    softest: float = option(
        -0.3,
        "Softest vibration",
        "lowest frequency that still counts as stable; imaginary ones are negative",
        unit="THz",
        low=-100,
        high=0,
        step=0.1,
    )
    fmax: float = largest_force(0.01)
    max_steps: int = most_evaluations(300)
    seconds: float = time_limit(1800.0)
    rejects: bool = False

    name = "phonons"
    version = 1
    title = "Vibrations"
    in_order = False
    costly = True
    remembers = False
    requires = ("e_hull",)
    gives = ("lowest_frequency", "dynamically_stable")
    reasons = (
        ReasonKind(
            "unstable", "A vibration carries it away", "Its lowest frequency is {frequency:.2f} THz (imaginary)."
        ),
    )

    def __call__(self, batch: Batch, context: FunnelContext) -> Verdicts:
        """Finds lowest_frequency (THz, negative where imaginary) and dynamically_stable (0 or 1); NaN for candidates
        above the cutoff and for cells that are too large. Notes phonons_note (why there is no answer).

        Raises ``ModelError`` if the potential cannot be loaded.
        """
        size = len(batch)
        method = registry.method(context.potential)
        e_hull = np.asarray(batch.value("e_hull", method.name), float)
        lowest, notes = np.full(size, np.nan), objects([None] * size)
        potential = registry.load(context.potential, context.device)
        for i in np.flatnonzero(e_hull <= self.cutoff).tolist():
            cell = primitive_cell(*batch.structures.cell(i))
            if len(cell.numbers) > self.most_atoms:
                notes[i] = f"The primitive cell has {len(cell.numbers)} atoms; vibrations are for {self.most_atoms}."
                continue
            one = Structures.from_lists([cell.lattice], [cell.numbers], [cell.positions])
            rest = potential.relax(one, self.max_steps, self.fmax)
            if rest.reasons[0] is None:
                lattice, numbers, positions = rest.structures.cell(0)
                lowest[i] = frequencies(potential, lattice, numbers, positions)[1].min()
            if np.isnan(lowest[i]):
                notes[i] = f"{method.title} has no answer for its vibrations."
        stable = np.where(np.isnan(lowest), np.nan, lowest >= self.softest)
        reasons = [Reason("unstable", {"frequency": float(f)}) if f < self.softest else None for f in lowest]
        findings = (Finding("lowest_frequency", method, lowest), Finding("dynamically_stable", method, stable))
        return rejecting(reasons, findings, {"phonons_note": notes})
