"""How much CO2 would the framework give back, by an estimate that takes less than a second?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Reason, ReasonKind, Verdicts, rejecting
from crystal_studio.crystal.soundness import COMPUTABLE, fault_texts
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import option, time_limit

# Less trusted than Monte Carlo with the same force field, which is "force_field".
METHOD = Method("co2-estimate", "geometry", "CO2 estimate (UFF, TraPPE, EQeq; Langmuir's isotherm in each place)")
MOST_VOLUME = 60_000.0
"""Cubic Angstrom of the largest cell: its grid of 0.3 A holds two million points."""


@dataclass(frozen=True)
class Co2EstimateStage:
    """Estimated CO2 working capacity; marks, or where asked rejects, what gives back too little.

    Needs no program: put it before ``adsorption`` to spare it what is not worth minutes.
    """

    least: float = option(
        0.0, "Working capacity, at least", "CO2 that must be given back", unit="mmol/g", low=-100, high=1000, step=0.1
    )
    seconds: float = time_limit(600.0)
    rejects: bool = False

    name = "co2_estimate"
    version = 1
    title = "CO2, estimated"
    in_order = False
    costly = True
    remembers = False
    requires = ()
    gives = ("co2_working_capacity", "co2_uptake")
    reasons = (
        ReasonKind(
            "little",
            "Gives back too little CO2, as estimated",
            "Its working capacity is estimated at {found:.2f} mmol/g of CO2; {least:g} mmol/g was asked for.",
        ),
    )

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Finds co2_working_capacity and co2_uptake (mmol/g) from 298 K and 0.15 bar to 363 K and 0.1 bar; notes
        co2_note (why there is none)."""
        from crystal_studio.mof.co2_estimate import estimate, known_to_uff
        from crystal_studio.mof.eqeq import charges

        values = np.full((2, len(batch)), np.nan)
        reasons: list[Reason | None] = [None] * len(batch)
        notes = objects([None] * len(batch))
        for i, fault in enumerate(fault_texts(batch.structures, COMPUTABLE)):
            if fault:
                notes[i] = fault
                continue
            lattice, numbers, positions = batch.structures.cell(i)
            volume = abs(float(np.linalg.det(lattice)))
            if volume > MOST_VOLUME:
                notes[i] = f"Its cell of {volume:,.0f} Å³ is larger than {MOST_VOLUME:,.0f} Å³."
                continue
            charge = charges(lattice, numbers, positions)
            if not known_to_uff(numbers) or not np.isfinite(charge).all():
                notes[i] = "UFF or EQeq does not know one of its elements, or atoms are on top of each other."
                continue
            found = estimate(lattice, numbers, positions, charge)
            capacity = float(found.working_capacity)
            values[:, i] = capacity, found.uptake
            if capacity < self.least:
                reasons[i] = Reason("little", {"found": capacity, "least": self.least})
        findings = tuple(Finding(name, METHOD, values[k]) for k, name in enumerate(self.gives))
        return rejecting(reasons, findings, {"co2_note": notes})
