"""Where do the atoms of a framework go when a force field pulls at them that keeps its bonds?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.candidates.verdicts import ERROR, PASSED, REJECTED, Finding, Geometry, Reason, ReasonKind, Verdicts
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.neighbours import closest_contacts
from crystal_studio.crystal.soundness import COMPUTABLE, fault_texts
from crystal_studio.execution.other_python import ProgramError
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.geometry import shortest
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import option, time_limit

MOST_CHANGE = 2.0
"""Times by which a framework may swell or shrink; known ones stay within 20%."""

NOTED_SPREAD = 0.05
"""Angstrom by which copies of an atom may differ before that is said."""


@dataclass(frozen=True)
class UffRelaxationStage:
    """Relaxes cell and atoms by UFF, which knows bonds: those that the candidate states, else perceived ones.

    A framework that was put together from blocks comes to rest where they meet. Energies of a force field say nothing
    of stability and are not kept.
    """

    tolerance: float = option(
        1e-8, "Tolerance", "relative change of the energy at which a framework is at rest", low=1e-12, high=0.1,
        advanced=True,
    )  # fmt: skip
    max_steps: int = option(
        10_000, "Steps, at most", "of each of the four minimisations", low=1, high=1_000_000, advanced=True
    )
    seconds: float = time_limit(600.0)
    rejects: bool = True

    name = "uff_relaxation"
    version = 1
    title = "Relaxation by UFF"
    in_order = False
    costly = True
    remembers = False
    requires = ()
    gives = ("volume_change", "min_distance", "min_radius_ratio")
    reasons = (
        ReasonKind("not_sound", "No cell of a crystal", "Nothing can be computed of this cell: {text}."),
        ReasonKind("fell_apart", "Fell apart", "Its volume became {change:.3g} times what it was when it was relaxed."),
    )

    def reference(self, context: Any) -> None:
        """Raises ``KnownError`` with the remedy where a program is missing."""
        from crystal_studio.mof import uff

        uff.method()

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Finds volume_change (relaxed over judged volume), min_distance (Angstrom) and min_radius_ratio where atoms
        moved; notes uff_note: that copies of the cell in the wider one that is relaxed differ.

        What the programs have no answer for is an error. Raises ``KnownError`` where one is missing.
        """
        from crystal_studio.mof import uff
        from crystal_studio.mof.bonds import bonds_of

        method, structures = uff.method(), batch.structures
        lattice, positions = structures.lattice.copy(), structures.positions.copy()
        status, reasons = [PASSED] * len(batch), list[Reason | None]([None] * len(batch))
        change, notes = np.full(len(batch), np.nan), objects([None] * len(batch))
        for i, fault in enumerate(fault_texts(structures, COMPUTABLE)):
            if text := fault or _not_typed(structures.take(np.array([i]))):
                status[i], reasons[i] = REJECTED, Reason("not_sound", {"text": text})
                continue
            table = bonds_of(structures, batch.candidates.bonds, i).of(0)
            assert table is not None
            try:
                found = uff.relax(*structures.cell(i), table, self.seconds, self.tolerance, self.max_steps)
            except ProgramError as error:
                status[i], reasons[i] = ERROR, Reason("error", {"text": f"{method.title}: {error}"})
                continue
            ratio = abs(float(np.linalg.det(found.lattice) / np.linalg.det(structures.lattice[i])))
            if not 1 / MOST_CHANGE <= ratio <= MOST_CHANGE:
                status[i], reasons[i] = REJECTED, Reason("fell_apart", {"change": ratio})
                continue
            if found.spread > NOTED_SPREAD:
                notes[i] = f"Copies of its cell relaxed otherwise by up to {found.spread:.2f} Å; their mean is kept."
            lattice[i], positions[structures.atoms(i)], change[i] = found.lattice, found.positions, ratio
        moved = np.isfinite(change)
        relaxed = Structures(lattice, structures.offsets, structures.numbers, positions, structures.orbit)
        distance, nearness = shortest(relaxed, moved)
        findings = (
            Finding("volume_change", method, change),
            Finding("min_distance", method, distance),
            Finding("min_radius_ratio", method, nearness),
        )
        geometry = Geometry(method, relaxed, moved)
        return Verdicts(tuple(status), tuple(reasons), findings, {"uff_note": notes}, geometry)


def _not_typed(one: Structures) -> str:
    """Why UFF says nothing of a sound cell, "" where it does."""
    from crystal_studio.mof.uff import HEAVIEST, NEAREST

    if (heaviest := int(one.numbers.max())) > HEAVIEST:
        return f"it holds element {heaviest}, which UFF does not know"
    nearest = float(closest_contacts(one).distance[0])
    return f"two of its atoms are {nearest:.2f} Å apart" if nearest < NEAREST else ""
