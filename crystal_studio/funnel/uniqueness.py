"""Has the project this crystal already?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.verdicts import Reason, ReasonKind, Verdicts, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch

if TYPE_CHECKING:
    from crystal_studio.candidates.batch import Candidates
    from crystal_studio.funnel.seen import Question, SeenBefore

# What it compares crystals with is imported when it does: its title and its reasons are read without.

KEPT = 2048
"""Reduced cells that a worker keeps, some 10 kB each."""


@dataclass(frozen=True)
class UniquenessStage:
    """Rejects a candidate that is the same crystal as an earlier one (a smaller id) of the project.

    Whatever group, cell or generator they were made with: crystals of one reduced formula are compared as
    ``data/same_crystal.py`` says, by pymatgen's StructureMatcher with its default tolerances (lengths 20%, sites 0.3
    mean atomic spacings, angles 5 degrees, volumes scaled).

    A campaign has ``keys`` and ``matches`` computed by its workers and keeps the keys alone; called as a function the
    stage does both itself. The verdicts are the same.

    Candidates are compared in the geometry in which they are judged: a campaign judges them as generated, before
    anything relaxes, and has to be told of earlier ones as generated; stored candidates are judged, and remembered,
    as they are now.
    """

    rejects: bool = True

    name = "uniqueness"
    version = 1
    title = "Unique in the project"
    in_order = True
    costly = False
    remembers = True
    requires = ()
    gives = ()
    reasons = (
        ReasonKind("duplicate", "The same as an earlier candidate", "Candidate {candidate} is the same crystal."),
    )
    seconds = 120.0
    forgets: ClassVar[tuple[str, ...]] = ("geometry", "composition", "symmetry", "uniqueness")

    def memory(self) -> SeenBefore:
        """A memory that holds no candidate."""
        from crystal_studio.funnel.seen import SeenBefore

        return SeenBefore()

    def keys(self, candidates: Candidates) -> NDArray[np.float32]:
        """(B, W) what is kept of each candidate."""
        from crystal_studio.data.fingerprints import fingerprints

        return fingerprints(candidates.structures)

    def matches(
        self, questions: Sequence[Question], ids: NDArray[np.int64], structures: Structures
    ) -> list[int | None]:
        """Of each question the first id that is the same crystal, None where there is none.

        ids, structures : every candidate that is asked for or named in a question
        """
        from crystal_studio.data.same_crystal import same

        row = {candidate: i for i, candidate in enumerate(ids.tolist())}

        def cell(candidate: int) -> Any:
            i = row[candidate]
            atoms = structures.atoms(i)
            return _reduced(
                structures.lattice[i].tobytes(),
                structures.numbers[atoms].tobytes(),
                structures.positions[atoms].tobytes(),
            )

        return [
            next((near for near in question.near.tolist() if same(cell(near), cell(question.id))), None)
            for question in questions
        ]

    def verdicts(self, twins: Sequence[int | None]) -> Verdicts:
        """What is said of candidates with these ids of the same crystal, None where there is none.

        Notes duplicate_of (id of the earlier candidate, NaN where unique).
        """
        reasons = [None if twin is None else Reason("duplicate", {"candidate": twin}) for twin in twins]
        return rejecting(reasons, notes={"duplicate_of": np.array([np.nan if t is None else t for t in twins], float)})

    def __call__(self, batch: Batch, context: FunnelContext) -> Verdicts:
        """Verdicts of candidates that are remembered from then on; earlier ones were remembered with structures."""
        from crystal_studio.crystal.composition import formulas

        memory: SeenBefore = context.memory(self)
        keys = self.keys(batch.candidates)  # first: what fails here is asked again, and must not be there twice
        memory.add(batch.ids, batch.candidates)
        memory.arrive(batch.ids, formulas(batch.structures))
        earlier = memory.missing()
        earlier = earlier[~np.isin(earlier, batch.ids)]
        if len(earlier):
            memory.learn(earlier, self.keys(_cells(memory, earlier)))
        memory.learn(batch.ids, keys)
        for candidate in batch.ids.tolist():  # one after the other, so that none is compared with a duplicate
            for question in memory.questions(before=candidate + 1):
                ids = np.append(question.near, question.id)
                memory.answer(question.id, self.matches([question], ids, _cells(memory, ids).structures)[0])
        twin = dict(memory.decided())
        return self.verdicts([twin[int(i)] for i in batch.ids])


@lru_cache(KEPT)
def _reduced(lattice: bytes, numbers: bytes, positions: bytes) -> Any:
    """What the judge makes of a crystal: a worker meets the same earlier ones again and again."""
    from crystal_studio.data.same_crystal import reduced

    return reduced(
        np.frombuffer(lattice).reshape(3, 3), np.frombuffer(numbers, np.int16), np.frombuffer(positions).reshape(-1, 3)
    )


def _cells(memory: SeenBefore, ids: NDArray[np.int64]) -> Candidates:
    from crystal_studio.candidates.batch import Candidates

    return Candidates.concatenate([memory.cells[int(i)] for i in ids])
