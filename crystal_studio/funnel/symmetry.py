"""Which space group does the crystal have, and is it the one that was asked for?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.candidates.verdicts import Finding, Reason, ReasonKind, Verdicts, rejecting
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import SYMPREC, space_group_numbers
from crystal_studio.funnel.geometry import METHOD
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import option

_GROUPS = (
    "The space group is {found_symbol} ({found}), {relation} {asked_symbol} ({asked}) (tolerance {tolerance:g} Å)."
)


@dataclass(frozen=True)
class SymmetryStage:
    """Says which space group a crystal has; rejects it where another one was asked for.

    Whatever has symmetry has P1 as well: asked for P1, every crystal passes. Where no group was asked for
    (``Candidates.asked_space_group`` 0) none is rejected.
    """

    symprec: float = option(
        SYMPREC, "Tolerance", "how far atoms may lie off a symmetry operation", unit="Å", low=0.0001, high=1, step=0.01
    )
    rejects: bool = True

    name = "symmetry"
    version = 1
    title = "Space group"
    in_order = False
    costly = False
    remembers = False
    requires = ()
    gives = ("space_group",)
    reasons = (
        ReasonKind("no_group", "No space group detected", "No space group could be detected at {tolerance:g} Å."),
        ReasonKind("supergroup", "A supergroup of the asked one", _GROUPS.replace("{relation}", "a supergroup of")),
        ReasonKind("other_group", "Another space group", _GROUPS.replace("{relation}", "instead of")),
    )
    seconds = 0.0

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Finds space_group (NaN where none is detected); notes supergroup (1 where it holds the asked group and is
        not that group, else 0; NaN where none was asked for)."""
        found = space_group_numbers(batch.structures, self.symprec)
        asked = np.asarray(batch.candidates.asked_space_group, np.int64)
        above = np.array(
            [
                np.nan if not a else float(f > 0 and f != a and _is_supergroup(f, a))
                for a, f in zip(asked.tolist(), found.tolist(), strict=True)
            ],
            float,
        )
        reasons = [self._reason(a, f) for a, f in zip(asked.tolist(), found.tolist(), strict=True)]
        group = np.where(found > 0, found, np.nan).astype(float)
        return rejecting(reasons, (Finding("space_group", METHOD, group),), {"supergroup": above})

    def _reason(self, asked: int, found: int) -> Reason | None:
        if not asked or found == asked or (found and asked == 1):
            return None
        if not found:
            return Reason("no_group", {"tolerance": self.symprec})
        symbol = tables().symbol
        told = {
            "found": found,
            "found_symbol": str(symbol[found - 1]),
            "asked": asked,
            "asked_symbol": str(symbol[asked - 1]),
            "tolerance": self.symprec,
        }
        return Reason("supergroup" if _is_supergroup(found, asked) else "other_group", told)


def _is_supergroup(found: int, asked: int) -> bool:
    """Whether the detected group holds the asked one.

    A crystal expanded from an asymmetric unit in the asked group has that group by construction, so what is detected
    holds it, unless the tolerance let operations slip: then the order of the point group no longer divides.
    """
    table = tables()
    order = np.diff(table.operation_start) // table.n_centring
    return int(order[found - 1]) % int(order[asked - 1]) == 0
