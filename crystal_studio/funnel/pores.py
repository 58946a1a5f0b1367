"""Has the crystal pores, how wide are they, and does what is to be stored get through?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.candidates.verdicts import ERROR, PASSED, REJECTED, Finding, Reason, ReasonKind, Verdicts
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.primitive import primitive_cell
from crystal_studio.crystal.soundness import COMPUTABLE, fault_text
from crystal_studio.execution.other_python import ProgramError
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import option, time_limit
from crystal_studio.porosity.protocol import Pores, Probe
from crystal_studio.porosity.registry import PROGRAMS

HEAVIEST = 96
"""Curium: the last element with a measured covalent radius (Cordero et al., Dalton Trans. 2008, 2832)."""


@dataclass(frozen=True)
class PoresStage:
    """Pores by a program of its own; marks, or where asked rejects, crystals whose pores are too narrow."""

    least_pld: float = option(
        2.4, "Pore limiting diameter, at least", "sphere that must pass through", unit="Å", low=0, high=100, step=0.1
    )
    probe: float = option(
        1.86, "Probe radius", "of the molecule that is rolled over the surface", unit="Å", low=0, high=10, step=0.01
    )
    samples: int = option(
        500, "Points an atom", "Monte Carlo points of the surface", low=10, high=100_000, advanced=True
    )
    divided: bool = option(True, "Exact diameters", "to 0.02 Å instead of 0.3 Å, at many times the time", advanced=True)
    program: str = option("zeo++", "Program", "what measures pores", advanced=True)
    seconds: float = time_limit(600.0)
    rejects: bool = False

    name = "pores"
    version = 1
    title = "Pores"
    in_order = False
    costly = True
    remembers = False
    requires = ()
    gives = ("lcd", "pld", "surface_area", "surface_area_by_volume", "void_fraction")
    reasons = (
        ReasonKind(
            "narrow", "Pores too narrow", "Its pores let a sphere of {pld:.2f} Å pass; {least:g} Å was asked for."
        ),
    )

    def reference(self, context: Any) -> None:
        """Raises ``KnownError`` with the remedy where the program is missing."""
        PROGRAMS.get(self.program).method()

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Finds lcd, pld (Angstrom), surface_area (m2/g), surface_area_by_volume (m2/cm3) and void_fraction.

        Notes pores_note: why a cell that is none was not measured. What the program has no answer for is an error.
        Raises ``KnownError`` where the program is missing.
        """
        program = PROGRAMS.get(self.program)
        method, probe = program.method(), Probe(self.probe, self.samples, self.divided)
        figures = np.full((len(batch), len(self.gives)), np.nan)
        reasons: list[Reason | None] = [None] * len(batch)
        status = [PASSED] * len(batch)
        notes = objects([None] * len(batch))
        for i in range(len(batch)):
            one = batch.structures.take(np.array([i]))
            fault = fault_text(*one.cell(0), COMPUTABLE) or _no_radius(one)
            if fault:
                notes[i] = fault
                continue
            try:
                found = program.measure(_primitive(one), probe, self.seconds)
            except ProgramError as error:
                status[i], reasons[i] = ERROR, Reason("error", {"text": f"{method.title}: {error}"})
                continue
            figures[i] = _row(found)
            if found.pld < self.least_pld:
                status[i] = REJECTED
                reasons[i] = Reason("narrow", {"pld": found.pld, "least": self.least_pld})
        findings = tuple(Finding(name, method, figures[:, k]) for k, name in enumerate(self.gives))
        return Verdicts(tuple(status), tuple(reasons), findings, {"pores_note": notes})


def _primitive(one: Structures) -> Structures:
    """The least cell that repeats to the same crystal: programs take several times as long for several copies."""
    cell = primitive_cell(*one.cell(0))
    return Structures.from_lists([cell.lattice], [cell.numbers], [cell.positions])


def _no_radius(one: Structures) -> str:
    heaviest = int(one.numbers.max())
    return f"it holds element {heaviest}, whose radius is not known" if heaviest > HEAVIEST else ""


def _row(found: Pores) -> tuple[float, ...]:
    return found.lcd, found.pld, found.area, found.area_by_volume, found.void_fraction
