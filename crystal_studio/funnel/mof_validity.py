"""Does the framework make chemical sense, by the criteria of MOFChecker that MOFDiff goes by?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Reason, ReasonKind, Verdicts, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.soundness import COMPUTABLE, fault_texts
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import option
from crystal_studio.mof.contents import contents
from crystal_studio.mof.eqeq import charges
from crystal_studio.mof.validity import CHECKS, check

BLOCKS = Method("building-blocks", "geometry", "Building blocks")

ELSEWHERE = ("pore",)
"""Checks of another stage (``pores``)."""

MOST_CHARGED = 1500
"""Atoms of the largest cell whose charges are computed, in half a second."""


@dataclass(frozen=True)
class MofValidityStage:
    """Rejects frameworks that fail a check; the first in order is the reason, the notes name all.

    Bonds are those that a candidate states, so that one that was put together from blocks and has yet to be relaxed
    is judged by what it is meant to be; where none are stated they are perceived.
    """

    charges: bool = option(True, "Partial charges", "whether too high charges by EQeq count as a fault")
    rejects: bool = True

    _by_stated_bonds: ClassVar[bool] = True

    name = "mof_validity"
    version = 1
    title = "Framework"
    in_order = False
    costly = False
    remembers = False
    requires = ()
    gives: ClassVar[tuple[str, ...]] = ("nodes", "linkers")
    reasons = (
        ReasonKind("not_sound", "No cell of a crystal", "Nothing can be computed of this cell: {text}."),
        *(ReasonKind(code, *words) for code, words in CHECKS.items() if code not in ELSEWHERE),
    )
    seconds = 0.0

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Notes failed_checks: the codes of all checks that failed, with commas between them. Finds nodes and linkers,
        as far as it can be cut into them."""
        texts = fault_texts(batch.structures, COMPUTABLE)
        reasons = [Reason("not_sound", {"text": text}) if text else None for text in texts]
        sound = np.flatnonzero([not text for text in texts])
        part = batch.candidates.take(sound)
        bonds = part.bonds if self._by_stated_bonds else None
        found = check(part.structures, bonds, charge=_charges(part.structures) if self.charges else None)
        failed: list[str | None] = [None] * len(batch)
        for at, i in enumerate(sound.tolist()):
            if codes := found.failures(at):
                reasons[i], failed[i] = Reason(codes[0]), ", ".join(codes)
        findings = _blocks(part, sound, len(batch)) if self.gives else ()
        return rejecting(reasons, findings, {"failed_checks": objects(failed)})


def _blocks(candidates: Candidates, rows: NDArray, size: int) -> tuple[Finding, Finding]:
    """What candidates, which are some ``rows`` of a batch of that ``size``, are made of."""
    nodes: list[str | None] = [None] * size
    linkers: list[str | None] = [None] * size
    for at, i in enumerate(rows.tolist()):
        if found := contents(candidates, at):
            nodes[i], linkers[i] = found
    return Finding("nodes", BLOCKS, objects(nodes)), Finding("linkers", BLOCKS, objects(linkers))


def _charges(structures: Structures) -> NDArray[np.float64]:
    """(N,) NaN where not known, and of cells for which that would take long."""
    found = np.full(len(structures.numbers), np.nan)
    for i in range(len(structures)):
        if structures.n_atoms[i] <= MOST_CHARGED:
            found[structures.atoms(i)] = charges(*structures.cell(i))
    return found


@dataclass(frozen=True)
class RelaxedMofValidityStage(MofValidityStage):
    """The same checks of a geometry that has come to rest, with bonds as anybody perceives them in it.

    To stand behind a relaxation: what was meant to be bonded and is not fails here.
    """

    _by_stated_bonds: ClassVar[bool] = False

    name = "mof_validity_relaxed"
    title = "Framework, relaxed"
    gives: ClassVar[tuple[str, ...]] = ()
