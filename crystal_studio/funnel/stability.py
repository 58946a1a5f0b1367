"""How far above the hull of the known phases does the relaxed crystal lie?"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.verdicts import Finding, Reason, ReasonKind, Verdicts, marking, rejecting
from crystal_studio.crystal.composition import counts
from crystal_studio.data.hull import HullDistances, ReferenceHull
from crystal_studio.errors import KnownError
from crystal_studio.funnel import weaknesses
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.context import FunnelContext, hull_of
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import option
from crystal_studio.potentials import registry

LOWEST = -10.0
"""eV/atom, twice the formation energy of the most strongly bound compounds; less is a fault of the potential."""

ONLY_ELEMENTS = "The reference hull holds no compound that competes: the energy is above that of the elements alone."
_ELEMENT = re.compile(r"[A-Z][a-z]?\d*")


@dataclass(frozen=True)
class StabilityStage:
    """Finds formation energy and energy above the reference hull, and marks what lies higher than the cutoff.

    Energy and hull come from one potential, that of the context. The hull knows the phases of 2018-2021: an energy
    above it is a lower bound. Names what the potential is known to be weak at (``weaknesses.py``) where that matters.
    """

    cutoff: float = option(
        0.1, "Cutoff", "energy above hull beyond which a candidate is marked", unit="eV/atom", low=0, high=10, step=0.01
    )
    rejects: bool = False

    name = "stability"
    version = 3
    title = "Energy above hull"
    in_order = False
    costly = False
    remembers = False
    requires = ("energy_per_atom",)
    follows = ("relaxation",)
    gives = ("e_hull", "formation_energy", "weaknesses")
    reasons = (
        ReasonKind(
            "above_hull", "Far above the hull", "It lies {e_hull:.3f} eV/atom above the hull (limit {cutoff:.3f})."
        ),
    )
    seconds = 0.0

    def reference(self, context: FunnelContext) -> ReferenceHull:
        """The hull of the potential, with the user's phases by the same; raises ``KnownError`` where there is none."""
        return hull_of(registry.key(context.potential), context)

    def __call__(self, batch: Batch, context: FunnelContext) -> Verdicts:
        """Finds e_hull and formation_energy (eV/atom, NaN if unknown) from the energy_per_atom by the potential of the
        context, and its weaknesses (None where there are none, or no e_hull); notes decomposition, and hull_note (why
        there is no answer, or that it is one against the elements alone)."""
        size = len(batch)
        try:
            hull = self.reference(context)
        except KnownError as error:
            return marking(size, notes={"hull_note": objects([str(error)] * size)})
        method = registry.method(context.potential)
        energy = np.asarray(batch.value("energy_per_atom", method.name), float)
        found = hull.distances(counts(batch.structures), energy)
        fault = found.formation_energy < LOWEST
        e_hull = np.where(fault, np.nan, found.e_above_hull)
        findings = (
            Finding("e_hull", method, e_hull),
            Finding("formation_energy", method, np.where(fault, np.nan, found.formation_energy)),
            Finding("weaknesses", method, _weaknesses(batch, method.name, np.flatnonzero(np.isfinite(e_hull)))),
        )
        notes = {
            "decomposition": objects([text or None for text in found.decomposition]),
            "hull_note": objects(_hull_notes(found, fault, method.title)),
        }
        high = [
            Reason("above_hull", {"e_hull": float(e), "cutoff": self.cutoff}) if e > self.cutoff else None
            for e in e_hull
        ]
        return rejecting(high, findings, notes)


def _hull_notes(found: HullDistances, fault: NDArray[np.bool_], potential: str) -> list[str | None]:
    """B sentences, None where there is nothing to say."""
    notes: list[str | None] = [reason or None for reason in found.reasons]
    for i, products in enumerate(found.decomposition):
        phases = products.split(" + ")
        if fault[i]:
            energy = found.formation_energy[i]
            notes[i] = f"A formation energy of {energy:.3g} eV/atom is a fault of {potential}: ask another potential."
        elif len(phases) > 1 and all(_ELEMENT.fullmatch(phase.split()[-1]) for phase in phases):
            notes[i] = ONLY_ELEMENTS
    return notes


def _weaknesses(batch: Batch, potential: str, rows: NDArray[np.int64]) -> NDArray[np.object_]:
    """(B,) what the potential is weak at in those ``rows``."""
    change = np.asarray(batch.value("volume_change", potential), float)[rows]
    found = np.full(len(batch), None, object)
    found[rows] = weaknesses.of_potential(potential, batch.structures.take(rows), change)
    return found
