"""How far above the hull of the known phases does the relaxed crystal lie?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crystal_studio.crystal.composition import counts
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.errors import KnownError
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch, Verdicts
from crystal_studio.funnel.verdict import marking, objects


@dataclass(frozen=True)
class Stability:
    """Marks candidates with formation energy and energy above the reference hull; rejects none.

    The hull was computed by the same potential and knows the phases of
    2018-2021: an energy above it is a lower bound.
    """

    name = "stability"
    title = "Energy above hull"
    in_order = False
    costly = False

    def __call__(self, batch: Batch, context: FunnelContext) -> Verdicts:
        """Values: e_hull, formation_energy (eV/atom, NaN if unknown), decomposition, hull_note (why none).

        Reads ``energy_per_atom`` from the values of the relaxation.
        """
        size = len(batch.ids)
        energy = np.asarray(batch.values.get("energy_per_atom", np.full(size, np.nan)), float)
        try:
            hull = ReferenceHull.load()
        except KnownError as error:
            return self._unknown(size, f"No reference hull: {error}")
        if hull.potential != context.potential:
            return self._unknown(
                size, f"The reference hull was computed by {hull.potential}, not by {context.potential}."
            )
        found = hull.distances(counts(batch.structures), energy)
        return marking(
            size,
            {
                "e_hull": found.e_above_hull,
                "formation_energy": found.formation_energy,
                "decomposition": objects([text or None for text in found.decomposition]),
                "hull_note": objects([text or None for text in found.reasons]),
            },
        )

    @staticmethod
    def _unknown(size: int, note: str) -> Verdicts:
        nothing = np.full(size, np.nan)
        return marking(
            size,
            {
                "e_hull": nothing,
                "formation_energy": nothing,
                "decomposition": objects([None] * size),
                "hull_note": objects([note] * size),
            },
        )
