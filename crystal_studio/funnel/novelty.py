"""Is the crystal known, and which known crystal is the nearest?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Reason, ReasonKind, Verdicts, marking, rejecting
from crystal_studio.errors import KnownError
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Batch

if TYPE_CHECKING:
    from crystal_studio.data.reference import Nearest, ReferenceIndex
    from crystal_studio.data.reference_set import Found, ReferenceSet

# What it compares crystals with is imported when it does: its title and its reasons are read without.

METHOD = Method("known-structures", "reference", "Known structures (Materials Project, 2018-2021)")


@dataclass(frozen=True)
class NoveltyStage:
    """Marks candidates as novel or known against the reference index and the user's own sets.

    The index holds no coordinates and knows a crystal by its fingerprint. Those of the user's sets are compared as
    ``data/same_crystal.py`` says; an entry of the index that stands in one of them under its id is left to that.
    """

    rejects: bool = False

    name = "novelty"
    version = 2
    title = "Nearest known crystal"
    in_order = False
    costly = True
    remembers = False
    requires = ()
    gives = ("novel", "nearest_known", "nearest_distance")
    reasons = (ReasonKind("known", "A known crystal", "The crystal is known: {crystal}."),)
    seconds = 60.0

    def reference(self, context: FunnelContext) -> ReferenceIndex:
        """The known structures; raises ``KnownError`` where they are not installed."""
        from crystal_studio.data import reference_sets
        from crystal_studio.data.reference import ReferenceIndex

        sets = reference_sets.of_files(context.references)
        return _less(sets) if sets else ReferenceIndex.load()

    def __call__(self, batch: Batch, context: FunnelContext) -> Verdicts:
        """Finds nearest_known ("mp-1234 (LiMn2O4, Fd-3m)", "mine-7 (LiMn2O4, in my-oxides)"), nearest_distance (mean
        atomic spacings) and novel; notes nearest_note (what the nearest shares with the candidate, or why nothing can
        be said) and nearest_several (the nearest of the index, with their distances)."""
        from crystal_studio.crystal.composition import formulas
        from crystal_studio.data import reference_sets
        from crystal_studio.data.fingerprints import fingerprints

        structures = batch.structures
        vectors = fingerprints(structures)
        said = _Said.nothing(len(batch))
        try:
            said.by_index(self.reference(context).nearest(structures, vectors))
        except KnownError as error:
            if not context.references:
                note = f"No reference index: {error}"
                return marking(len(batch), notes={"nearest_note": objects([note] * len(batch))})
        names = formulas(structures)
        for own in reference_sets.of_files(context.references):
            said.by_set(own, own.find(structures, names, vectors))
        findings = (
            Finding("nearest_known", METHOD, objects(said.label)),
            Finding("nearest_distance", METHOD, said.distance),
            Finding("novel", METHOD, said.novel.astype(float)),
        )
        known = [
            None if new else Reason("known", {"crystal": label or ""})
            for new, label in zip(said.novel, said.label, strict=True)
        ]
        notes = {"nearest_note": objects(said.note), "nearest_several": objects(said.several)}
        return rejecting(known, findings, notes)


@dataclass
class _Said:
    """What is known of B candidates so far: label and distance of the nearest, where that has the same formula, where
    it is the same crystal by the judge of own sets."""

    label: list[str | None]
    note: list[str | None]
    several: list[str | None]
    distance: NDArray[np.float64]
    same_formula: NDArray[np.bool_]
    same: NDArray[np.bool_]
    novel: NDArray[np.bool_]

    @staticmethod
    def nothing(size: int) -> _Said:
        no = np.zeros(size, bool)
        return _Said([None] * size, [None] * size, [None] * size, np.full(size, np.nan), no, no.copy(), ~no)

    def by_index(self, nearest: Nearest) -> None:
        """What the index says comes first."""
        self.label = [nearest.label(i) or None for i in range(len(self.label))]
        self.note = ["same formula" if same else "same structure type" for same in nearest.same_formula]
        self.several = ["; ".join(names) or None for names in nearest.further]
        self.distance = np.array(nearest.distance, float)
        self.same_formula, self.novel = nearest.same_formula.copy(), nearest.novel.copy()

    def by_set(self, own: ReferenceSet, found: Found) -> None:
        """A set names the nearest where it has the same crystal, or one of the formula that is nearer."""
        for i in np.flatnonzero(found.row >= 0).tolist():
            row, apart = int(found.row[i]), float(found.distance[i])
            nearer = not self.same_formula[i] or not self.distance[i] <= apart
            self.novel[i] &= not found.same[i]
            if (found.same[i] and not self.same[i]) or (nearer and found.same[i] == self.same[i]):
                self.label[i] = f"{own.ids[row]} ({own.formulas[row]}, in {own.name})"
                self.note[i] = "same crystal" if found.same[i] else "same formula"
                self.distance[i], self.same_formula[i] = apart, True
                self.same[i] |= found.same[i]


@lru_cache(maxsize=2)
def _less(sets: tuple[ReferenceSet, ...]) -> ReferenceIndex:
    """The index less what own sets hold under the same ids."""
    from crystal_studio.data.reference import ReferenceIndex

    return ReferenceIndex.load().without(np.concatenate([own.ids for own in sets]))
