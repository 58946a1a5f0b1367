"""Is the framework known?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Reason, ReasonKind, Verdicts, rejecting
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.mof_uniqueness import digests
from crystal_studio.funnel.protocol import Batch

METHOD = Method("known-frameworks", "reference", "Known frameworks (CoRE MOF 2019)")


@dataclass(frozen=True)
class MofNoveltyStage:
    """Marks frameworks that are made and connected as one of those that ship with the program."""

    rejects: bool = False

    name = "mof_novelty"
    version = 1
    title = "Known framework"
    in_order = False
    costly = True
    remembers = False
    requires = ()
    gives = ("novel", "nearest_known")
    reasons = (ReasonKind("known", "A known framework", "The framework is known: {framework}."),)
    seconds = 120.0

    def reference(self, context: Any) -> tuple[NDArray[np.float32], NDArray]:
        """The known frameworks; raises ``KnownError`` where they are not installed."""
        from crystal_studio.mof.identity import known

        return known()

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Finds novel, and nearest_known: the first of the known frameworks that is the same; nothing of cells that
        are none."""
        from crystal_studio.mof.identity import same

        known, names = self.reference(context)
        found = digests(batch.candidates)
        novel, nearest = np.full(len(batch), np.nan), objects([None] * len(batch))
        reasons: list[Reason | None] = [None] * len(batch)
        for i in np.flatnonzero(np.isfinite(found).all(1)).tolist():
            rows = same(found[i], known)
            novel[i] = not len(rows)
            if len(rows):
                nearest[i] = str(names[rows[0]])
                reasons[i] = Reason("known", {"framework": nearest[i]})
        return rejecting(reasons, (Finding("novel", METHOD, novel), Finding("nearest_known", METHOD, nearest)))
