"""Adsorption: a gas alone is ideal, a known framework takes up what it should, what is missing is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from known_mofs import known

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import KnownError
from crystal_studio.execution import other_python
from crystal_studio.execution.other_python import ProgramError, ask, python_with
from crystal_studio.funnel.adsorption import AdsorptionStage
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.run_stage import run
from crystal_studio.mof import gcmc
from crystal_studio.mof.equilibration import mean_and_error


def _has_gcmc() -> bool:
    try:
        gcmc.method()
    except KnownError:
        return False
    return True


needs_gcmc = pytest.mark.skipif(not _has_gcmc(), reason="RASPA3 is not installed (make mof)")
FLUE = {"CO2": 0.15, "N2": 0.85}


@needs_gcmc
def test_an_empty_box_holds_an_ideal_gas_of_the_fractions_asked_for() -> None:
    """N = p V / (k T), 5.25 molecules at 1 bar in 60 A cubed."""
    python, _ = python_with("raspalib", "RASPA3")
    asked = {
        **{"symbols": [], "positions": [], "charges": [], "cell": [60, 60, 60, 90, 90, 90], "times": [1, 1, 1]},
        **{"cutoff": 12.8, "cycles": 2000, "start_cycles": 200, "seconds": 200.0, "seed": 1},
        "states": {"gas": {"temperature": 298.0, "pressure": 1e5, "fractions": FLUE}},
    }
    found = {gas: mean_and_error(np.array(n)) for gas, n in ask(python, gcmc._SCRIPT, asked, 300.0)["gas"].items()}
    whole = 1e5 * 60**3 * 1e-30 / (1.380649e-23 * 298)
    for gas, fraction in FLUE.items():
        assert found[gas][0] == pytest.approx(fraction * whole, abs=max(5 * found[gas][1], 0.05 * whole))


@needs_gcmc
def test_what_runs_out_of_time_says_what_it_found() -> None:
    python, _ = python_with("raspalib", "RASPA3")
    asked = {
        **{"symbols": [], "positions": [], "charges": [], "cell": [60, 60, 60, 90, 90, 90], "times": [1, 1, 1]},
        **{"cutoff": 12.8, "cycles": 10**8, "start_cycles": 0, "seconds": 1.0, "seed": 1},
        "states": {"gas": {"temperature": 298.0, "pressure": 1e5, "fractions": FLUE}},
    }
    assert len(ask(python, gcmc._SCRIPT, asked, 120.0)["gas"]["CO2"]) >= 5


@needs_gcmc
def test_a_known_framework_takes_up_co2_and_gives_it_back() -> None:
    """Mg-MOF-74, which takes longer than this to settle, and that is said; the seed is always the same."""
    batch = Batch(np.arange(1), Candidates.of_structures(known("Mg-MOF-74")))
    verdicts = run(AdsorptionStage(cycles=5, start_cycles=40, least=50.0, rejects=True), batch, None)
    found = {f.quantity: (f.values[0], f.uncertainty[0]) for f in verdicts.findings if f.uncertainty is not None}
    assert 1.2 < found["co2_working_capacity"][0] < found["co2_uptake"][0] < 6.0
    assert 0 < found["co2_working_capacity"][1] < 1.0
    assert verdicts.status == ("rejected",) and verdicts.reasons[0].code == "little"
    assert "settled" in verdicts.notes["adsorption_note"][0]


def test_working_capacity_is_what_is_taken_less_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed program is an error of its candidate; elements that nothing is known of are not measured."""
    cells = Structures.concatenate([known("MOF-5"), known("ZIF-8"), known("MOF-5")])
    numbers = cells.numbers.copy()
    numbers[cells.atoms(2)] = 110
    three = Structures(cells.lattice, cells.offsets, numbers, cells.positions, cells.orbit)
    batch = Batch(np.arange(3), Candidates.of_structures(three))

    def loadings(lattice, numbers, *_):
        if (numbers == 7).any():
            raise ProgramError("it was killed by signal 9 and gave no answer")
        return {"taken": gcmc.Loading(2.0, 0.3), "kept": gcmc.Loading(0.5, 0.4, still=False)}

    monkeypatch.setattr(gcmc, "co2_loadings", loadings)
    monkeypatch.setattr(gcmc, "method", lambda: gcmc.Method("gcmc", "force_field", "GCMC"))
    verdicts = run(AdsorptionStage(), batch, None)
    assert verdicts.status == ("passed", "error", "passed")
    capacity = verdicts.findings[0]
    assert capacity.values[0] == 1.5 and capacity.uncertainty[0] == pytest.approx(0.5)
    assert np.isnan(capacity.values[1:]).all() and "UFF" in verdicts.notes["adsorption_note"][2]
    assert "settled" in verdicts.notes["adsorption_note"][0]


def test_a_loading_that_still_rises_has_no_small_error() -> None:
    """From an empty framework: 3 mmol/g in the end, of which the cycles have seen but half."""
    noise = np.random.default_rng(0).normal(size=400) * 0.05
    found = gcmc.loading(3 * (1 - np.exp(-np.arange(400) / 500)) + noise)
    assert not found.still and found.error > 0.5
    settled = gcmc.loading(3 * (1 - np.exp(-np.arange(400) / 10)) + noise)
    assert settled.still and settled.value == pytest.approx(3, abs=5 * settled.error) and settled.error < 0.02


def test_without_the_program_the_stage_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(other_python.VARIABLE, str(tmp_path / "python"))
    verdicts = run(AdsorptionStage(), Batch(np.arange(1), Candidates.of_structures(known("MOF-5"))), None)
    assert verdicts.status == ("passed",) and "make mof" in verdicts.notes["left_out"][0]
