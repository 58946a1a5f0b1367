"""Is the crystal known, and which known crystal is the nearest?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.data.reference import ReferenceIndex
from crystal_studio.errors import KnownError
from crystal_studio.funnel.protocol import Batch, Verdicts
from crystal_studio.funnel.verdict import marking, objects


@dataclass(frozen=True)
class Novelty:
    """Marks candidates as novel or known against the reference index; rejects none."""

    name = "novelty"
    title = "Nearest known crystal"
    in_order = False
    costly = False

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Values: nearest_known ("mp-1234 (LiMn2O4, Fd-3m)"), nearest_distance (mean atomic spacings), novel,
        nearest_note (what the nearest shares with the candidate, or why nothing can be said)."""
        size = len(batch.ids)
        try:
            index = ReferenceIndex.load()
        except KnownError as error:
            nothing = objects([None] * size)
            note = f"No reference index: {error}"
            return marking(
                size,
                {
                    "nearest_known": nothing,
                    "nearest_distance": np.full(size, np.nan),
                    "novel": nothing,
                    "nearest_note": objects([note] * size),
                },
            )
        nearest = index.nearest(batch.structures)
        notes = ["same formula" if same else "same structure type" for same in nearest.same_formula]
        return marking(
            size,
            {
                "nearest_known": objects([nearest.label(i) or None for i in range(size)]),
                "nearest_distance": nearest.distance,
                "novel": objects([bool(x) for x in nearest.novel]),
                "nearest_note": objects(notes),
            },
        )
