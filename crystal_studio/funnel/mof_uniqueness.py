"""Has the project this framework already?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.verdicts import ReasonKind
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.soundness import COMPUTABLE, is_sound
from crystal_studio.funnel.uniqueness import UniquenessStage

if TYPE_CHECKING:
    from crystal_studio.funnel.seen import Question, SeenBefore


@dataclass(frozen=True)
class MofUniquenessStage(UniquenessStage):
    """Rejects a framework that is made and connected as an earlier one (a smaller id) of the project.

    Blocks by their bond graphs and the net that they form (``mof/identity.py``), of frameworks of one reduced formula.
    Places and cells do not count, so that it says the same before and after a relaxation.
    """

    name = "mof_uniqueness"
    title = "Unique framework in the project"
    reasons = (
        ReasonKind("duplicate", "The same framework as an earlier one", "Candidate {candidate} is the same framework."),
    )
    forgets = ("geometry", "mof_validity", "mof_uniqueness")

    def memory(self) -> SeenBefore:
        """A memory that holds no candidate."""
        from crystal_studio.funnel.seen import SeenBefore
        from crystal_studio.mof.identity import WIDTH, same

        return SeenBefore(WIDTH, same)

    def keys(self, candidates: Candidates) -> NDArray[np.float32]:
        """(B, W) digests of the frameworks, NaN of cells that are none."""
        return digests(candidates)

    def matches(
        self, questions: Sequence[Question], ids: NDArray[np.int64], structures: Structures
    ) -> list[int | None]:
        """Of each question the first id: equal digests are equal frameworks."""
        return [int(question.near[0]) if len(question.near) else None for question in questions]


def digests(candidates: Candidates) -> NDArray[np.float32]:
    """(B, W) digests of frameworks by the bonds that they state, else by perceived ones; NaN of cells that are none."""
    from crystal_studio.mof.identity import WIDTH, identities

    sound = is_sound(candidates.structures, COMPUTABLE)
    found = np.full((len(candidates), WIDTH), np.nan, np.float32)
    part = candidates.take(sound)
    found[sound] = identities(part.structures, part.bonds)
    return found
