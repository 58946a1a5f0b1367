"""Where do the atoms go when the potential pulls at them, and how low does the energy fall?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch, Verdicts
from crystal_studio.funnel.verdict import rejecting
from crystal_studio.potentials import registry


@dataclass(frozen=True)
class Relaxation:
    """Relaxes positions and cell with the potential of the context; rejects what falls apart.

    max_steps : evaluations of energy, forces and stress; fmax : eV/Angstrom
    """

    max_steps: int = 120
    fmax: float = 0.1

    name = "relaxation"
    title = "Relaxation"
    in_order = False
    costly = True

    def __call__(self, batch: Batch, context: FunnelContext) -> Verdicts:
        """Verdicts with relaxed cells; values: energy_per_atom (eV), relaxation_steps, converged (0 or 1),
        volume_change (relaxed over generated volume).

        Raises ``ModelError`` if the potential is not installed.
        """
        potential = registry.load(context.potential, context.device)
        outcome = potential.relax(batch.structures, self.max_steps, self.fmax)
        failed = np.array([bool(r) for r in outcome.reasons], bool)
        change = np.where(failed, np.nan, outcome.structures.volume / np.maximum(batch.structures.volume, 1e-9))
        return rejecting(
            outcome.reasons,
            {
                "energy_per_atom": outcome.energy_per_atom,
                "relaxation_steps": outcome.steps.astype(float),
                "converged": outcome.converged.astype(float),
                "volume_change": change,
            },
            outcome.structures,
        )
