"""Has the project this crystal already?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import formulas
from crystal_studio.data.fingerprints import distance, fingerprints
from crystal_studio.funnel.context import FunnelContext, Seen
from crystal_studio.funnel.protocol import Batch, Verdicts
from crystal_studio.funnel.verdict import objects, rejecting


@dataclass(frozen=True)
class Uniqueness:
    """Rejects a candidate that matches an earlier one of the same formula and space group.

    ``prefilter`` is the largest difference of fingerprints (mean atomic
    spacings) at which two crystals are compared at all; pymatgen's
    StructureMatcher with its default tolerances decides.
    """

    prefilter: float = 0.3

    name = "uniqueness"
    title = "Unique in the project"
    in_order = True
    costly = False

    def __call__(self, batch: Batch, context: FunnelContext) -> Verdicts:
        """Verdicts; values: duplicate_of (id of the earlier candidate, None where unique)."""
        structures = batch.structures
        vectors = fingerprints(structures)
        names = formulas(structures)
        reasons, twins = [], []
        for i, (name, group) in enumerate(zip(names, batch.units.space_group.tolist(), strict=True)):
            mine = Seen(int(batch.ids[i]), vectors[i], structures.take(np.array([i])))
            twin = self._twin(mine, name, group, context)
            twins.append(twin)
            reasons.append(f"Candidate {twin} is the same crystal." if twin is not None else "")
            if twin is None:
                context.seen.add(name, group, mine)
        return rejecting(reasons, {"duplicate_of": objects(twins)})

    def _twin(self, mine: Seen, formula: str, group: int, context: FunnelContext) -> int | None:
        for earlier in context.seen.like(formula, group):
            if earlier.id == mine.id:  # judged again after an interruption
                continue
            far = float(distance(earlier.fingerprint, mine.fingerprint))
            if far <= self.prefilter and same_crystal(earlier.structure, mine.structure):
                return earlier.id
        return None


def same_crystal(one: Structures, other: Structures) -> bool:
    """Whether StructureMatcher, with its default tolerances, takes two batches of one for the same crystal."""
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.core import Lattice, Structure

    def pymatgen(batch: Structures) -> Structure:
        return Structure(Lattice(batch.lattice[0]), batch.numbers.tolist(), batch.positions)

    return bool(StructureMatcher().fit(pymatgen(one), pymatgen(other)))
