"""Is the crystal known, and which known crystal is the nearest?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Reason, ReasonKind, Verdicts, marking, rejecting
from crystal_studio.data.reference import ReferenceIndex
from crystal_studio.errors import KnownError
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.protocol import Batch

METHOD = Method("known-structures", "reference", "Known structures (Materials Project, 2018-2021)")


@dataclass(frozen=True)
class NoveltyStage:
    """Marks candidates as novel or known against the reference index."""

    rejects: bool = False

    name = "novelty"
    version = 1
    title = "Nearest known crystal"
    in_order = False
    costly = False
    remembers = False
    requires = ()
    gives = ("novel", "nearest_known", "nearest_distance")
    reasons = (ReasonKind("known", "A known crystal", "The crystal is known: {crystal}."),)
    seconds = 0.0

    def reference(self, context: Any) -> ReferenceIndex:
        """The known structures; raises ``KnownError`` where they are not installed."""
        return ReferenceIndex.load()

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Finds nearest_known ("mp-1234 (LiMn2O4, Fd-3m)"), nearest_distance (mean atomic spacings) and novel; notes
        nearest_note (what the nearest shares with the candidate, or why nothing can be said)."""
        size = len(batch)
        try:
            index = self.reference(context)
        except KnownError as error:
            return marking(size, notes={"nearest_note": objects([f"No reference index: {error}"] * size)})
        nearest = index.nearest(batch.structures)
        findings = (
            Finding("nearest_known", METHOD, objects([nearest.label(i) or None for i in range(size)])),
            Finding("nearest_distance", METHOD, np.asarray(nearest.distance, float)),
            Finding("novel", METHOD, nearest.novel.astype(float)),
        )
        notes = ["same formula" if same else "same structure type" for same in nearest.same_formula]
        known = [None if new else Reason("known", {"crystal": nearest.label(i)}) for i, new in enumerate(nearest.novel)]
        return rejecting(known, findings, {"nearest_note": objects(notes)})
