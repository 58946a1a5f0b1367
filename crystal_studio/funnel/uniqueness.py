"""Has the project this crystal already?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crystal_studio.candidates.verdicts import Reason, ReasonKind, Verdicts, rejecting
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.seen import SeenBefore


@dataclass(frozen=True)
class UniquenessStage:
    """Rejects a candidate that is the same crystal as an earlier one (a smaller id) of the project.

    Whatever group, cell or generator they were made with: crystals of one reduced formula are compared as
    ``data/same_crystal.py`` says, by pymatgen's StructureMatcher with its default tolerances (lengths 20%, sites 0.3
    mean atomic spacings, angles 5 degrees, volumes scaled).

    Candidates are compared in the geometry in which they are judged: a campaign judges them as generated, before
    anything relaxes, and has to be told of earlier ones as generated; stored candidates are judged, and remembered,
    as they are now.
    """

    name = "uniqueness"
    title = "Unique in the project"
    in_order = True
    costly = False
    remembers = True
    requires = ()
    gives = ()
    reasons = (
        ReasonKind("duplicate", "The same as an earlier candidate", "Candidate {candidate} is the same crystal."),
    )
    seconds = 0.0
    forgets = ("geometry", "composition", "symmetry", "uniqueness")

    def memory(self) -> SeenBefore:
        """A memory that holds no candidate."""
        return SeenBefore()

    def __call__(self, batch: Batch, context: FunnelContext) -> Verdicts:
        """Notes duplicate_of (id of the earlier candidate, NaN where unique); remembers those that pass."""
        memory: SeenBefore = context.memory(self)
        twins = memory.judge(batch.ids, batch.structures)
        reasons = [None if twin is None else Reason("duplicate", {"candidate": twin}) for twin in twins]
        return rejecting(reasons, notes={"duplicate_of": np.array([np.nan if t is None else t for t in twins], float)})
