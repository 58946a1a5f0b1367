"""How much CO2 does the framework take up from flue gas and give back when it is warmed and pumped?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.candidates.verdicts import ERROR, PASSED, REJECTED, Finding, Reason, ReasonKind, Verdicts
from crystal_studio.crystal.soundness import COMPUTABLE, fault_texts
from crystal_studio.execution.other_python import ProgramError
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import option, time_limit


@dataclass(frozen=True)
class AdsorptionStage:
    """CO2 working capacity by grand-canonical Monte Carlo; marks, or where asked rejects, what takes up too little.

    The usual values are the protocol of MOFDiff (Fu et al., ICLR 2024).
    """

    least: float = option(
        0.0, "Working capacity, at least", "CO2 that must be given back", unit="mmol/g", low=-100, high=1000, step=0.1
    )
    cycles: int = option(
        2000, "Cycles", "Monte Carlo cycles to average over, up to eight times as many until it stands still",
        low=5, high=10_000_000,
    )  # fmt: skip
    start_cycles: int = option(2000, "Cycles to settle", "Monte Carlo cycles before", low=0, high=10_000_000)
    temperature: float = option(298.0, "Temperature", "of the flue gas", unit="K", low=50, high=2000)
    pressure: float = option(1.0, "Pressure", "of the flue gas", unit="bar", low=1e-9, high=1000)
    fraction: float = option(0.15, "Fraction of CO2", "in the flue gas; the rest is N2", low=1e-6, high=0.999999)
    warm: float = option(
        363.0, "Regeneration at", "temperature at which CO2 is given back", unit="K", low=50, high=2000
    )
    vacuum: float = option(
        0.1, "Regeneration under", "pressure of the CO2 that is given back", unit="bar", low=1e-9, high=1000
    )
    seconds: float = time_limit(7200.0)
    rejects: bool = False

    name = "adsorption"
    version = 2
    title = "CO2 adsorption"
    in_order = False
    costly = True
    remembers = False
    requires = ()
    gives = ("co2_working_capacity", "co2_uptake")
    reasons = (
        ReasonKind(
            "little",
            "Gives back too little CO2",
            "Its working capacity is {found:.2f} mmol/g of CO2; {least:g} mmol/g was asked for.",
        ),
    )

    def reference(self, context: Any) -> None:
        """Raises ``KnownError`` with the remedy where a program is missing."""
        from crystal_studio.mof import gcmc

        gcmc.method()

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Finds co2_working_capacity and co2_uptake (mmol/g, with one standard error).

        Notes adsorption_note: why a cell that is none was not measured, or that its loading did not settle. What the
        program has no answer for is an error.
        Raises ``KnownError`` where it is missing.
        """
        from crystal_studio.mof import gcmc
        from crystal_studio.mof.eqeq import charges
        from crystal_studio.mof.uff import HEAVIEST

        method = gcmc.method()
        states = {
            "taken": gcmc.State(
                self.temperature, self.pressure * gcmc.BAR, {"CO2": self.fraction, "N2": 1 - self.fraction}
            ),
            "kept": gcmc.State(self.warm, self.vacuum * gcmc.BAR, {"CO2": 1.0}),
        }
        values, errors = np.full((2, len(batch)), np.nan), np.full((2, len(batch)), np.nan)
        reasons: list[Reason | None] = [None] * len(batch)
        status = [PASSED] * len(batch)
        notes = objects([None] * len(batch))
        for i, fault in enumerate(fault_texts(batch.structures, COMPUTABLE)):
            lattice, numbers, positions = batch.structures.cell(i)
            charge = np.full(len(numbers), np.nan) if fault else charges(lattice, numbers, positions)
            if fault or numbers.max() > HEAVIEST or not np.isfinite(charge).all():
                notes[i] = fault or "UFF or EQeq does not know one of its elements, or atoms are on top of each other"
                continue
            try:
                cycles = (self.start_cycles, self.cycles)
                found = gcmc.co2_loadings(lattice, numbers, positions, charge, states, cycles, self.seconds)
            except ProgramError as error:
                status[i], reasons[i] = ERROR, Reason("error", {"text": f"{method.title}: {error}"})
                continue
            taken, kept = found["taken"], found["kept"]
            capacity = taken.value - kept.value
            if not (taken.still and kept.still):
                notes[i] = "the loading had not settled: its error holds how far it still moved; ask for more cycles"
            values[:, i], errors[:, i] = (capacity, taken.value), (np.hypot(taken.error, kept.error), taken.error)
            if capacity < self.least:
                status[i], reasons[i] = REJECTED, Reason("little", {"found": capacity, "least": self.least})
        findings = tuple(Finding(name, method, values[k], errors[k]) for k, name in enumerate(self.gives))
        return Verdicts(tuple(status), tuple(reasons), findings, {"adsorption_note": notes})
