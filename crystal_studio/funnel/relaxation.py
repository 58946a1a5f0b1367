"""Where do the atoms go when the potential pulls at them, and how low does the energy fall?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crystal_studio.candidates.verdicts import Finding, Geometry, Verdicts, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.errors import KnownError
from crystal_studio.funnel.context import FunnelContext, hull_of
from crystal_studio.funnel.geometry import shortest
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import largest_force, most_evaluations, option, time_limit
from crystal_studio.potentials import registry
from crystal_studio.potentials.protocol import GIVEN_UP, Cautious


@dataclass(frozen=True)
class RelaxationStage:
    """Relaxes positions and cell with the potential of the context; rejects what falls apart.

    cautious : candidates that will not come near the reference hull of the potential are left; they are marked as
        stopped, their energy is an upper bound, and they keep the geometry in which they came
    """

    max_steps: int = most_evaluations(120)
    fmax: float = largest_force(0.1)
    cautious: bool = option(True, "Cautious stop", "leave what will not come near the reference hull")
    seconds: float = time_limit(600.0)
    rejects: bool = True

    name = "relaxation"
    version = 2
    title = "Relaxation"
    in_order = False
    costly = True
    remembers = False
    requires = ()
    gives = (
        *("energy_per_atom", "relaxation_steps", "converged", "stopped"),
        *("volume_change", "min_distance", "min_radius_ratio"),
    )
    reasons = GIVEN_UP

    def __call__(self, batch: Batch, context: FunnelContext) -> Verdicts:
        """Finds energy_per_atom (eV), relaxation_steps, converged and stopped (0 or 1); where atoms moved also
        volume_change (relaxed over judged volume), min_distance (Angstrom) and min_radius_ratio. The geometry moves
        except where the relaxation was given up or stopped.

        Raises ``ModelError`` if the potential is not installed.
        """
        method = registry.method(context.potential)
        potential = registry.load(context.potential, context.device)
        cautious = _cautious(method.name, batch.structures, context) if self.cautious else None
        outcome = potential.relax(batch.structures, self.max_steps, self.fmax, cautious=cautious)
        kept = np.array([reason is None for reason in outcome.reasons], bool)
        moved = kept & ~outcome.stopped
        change = np.full(len(batch), np.nan)
        change[moved] = outcome.structures.take(moved).volume / batch.structures.take(moved).volume
        distance, ratio = shortest(outcome.structures, moved)
        findings = (
            Finding("energy_per_atom", method, np.where(kept, outcome.energy_per_atom, np.nan)),
            Finding("relaxation_steps", method, outcome.steps.astype(float)),
            Finding("converged", method, outcome.converged.astype(float)),
            Finding("stopped", method, outcome.stopped.astype(float)),
            Finding("volume_change", method, change),
            Finding("min_distance", method, distance),
            Finding("min_radius_ratio", method, ratio),
        )
        geometry = Geometry(method, outcome.structures, moved)
        return rejecting(outcome.reasons, findings, geometry=geometry)


def _cautious(key: str, structures: Structures, context: FunnelContext) -> Cautious | None:
    """What lies too high, by the hull of the same potential; None where there is no such hull."""
    try:
        hull = hull_of(key, context)
    except KnownError:
        return None
    return Cautious(-hull.distances(counts(structures), np.zeros(len(structures))).e_above_hull)
