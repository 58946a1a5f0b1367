"""Frameworks that are none, or not as they should be, among a good one: each gets one verdict, and nothing is lost."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from known_mofs import known

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.funnel.adsorption import AdsorptionStage
from crystal_studio.funnel.co2_estimate import Co2EstimateStage
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.mof_novelty import MofNoveltyStage
from crystal_studio.funnel.mof_uniqueness import MofUniquenessStage
from crystal_studio.funnel.mof_validity import MofValidityStage
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.reasons import sentence
from crystal_studio.funnel.run_stage import run
from crystal_studio.mof import gcmc

GOOD = "MOF-5"


def _with(numbers: list[int], places: np.ndarray) -> Structures:
    lattice, z, x = known(GOOD).cell(0)
    more = np.reshape(places, (-1, 3)) @ np.linalg.inv(lattice)
    return Structures.from_lists([lattice], [np.r_[z, numbers]], [np.concatenate([x, more])])


def _pore() -> np.ndarray:
    lattice, _, x = known(GOOD).cell(0)
    grid = np.stack(np.meshgrid(*[np.arange(12) / 12] * 3, indexing="ij"), -1).reshape(-1, 3)
    apart = grid[:, None] - x[None]
    apart -= np.rint(apart)
    return grid[np.linalg.norm(apart @ lattice, axis=2).min(1).argmax()] @ lattice


def _exchanged(old: int, new: int) -> Structures:
    lattice, z, x = known(GOOD).cell(0)
    return Structures.from_lists([lattice], [np.where(z == old, new, z)], [x])


def _disordered() -> Structures:
    lattice, z, x = known(GOOD).cell(0)
    return _with([6], x[np.flatnonzero(z == 6)[0]] @ lattice + np.array([0.3, 0, 0]))


def _interpenetrated() -> Structures:
    """Two nets of cadmium and rods of carbon, with a hydrogen on each rod."""
    numbers, places = [], []
    for start in (0.0, 0.5):
        numbers.append(48)
        places.append(np.full(3, start * 10.2))
        for axis in np.eye(3):
            for along in (2.2, 3.75, 5.1, 6.45, 8.0):
                numbers.append(6)
                places.append(start * 10.2 + along * axis)
    return Structures.from_lists([10.2 * np.eye(3)], [np.array(numbers)], [np.array(places) / 10.2])


CASES = {
    "disorder": (_disordered, "overlap"),
    "guests": (lambda: _with([8, 1, 1], _pore() + np.array([[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]])), "lone"),
    "interpenetrated": (_interpenetrated, "hydrogen"),
    "no metal": (lambda: _exchanged(30, 14), "metal"),
    "unknown metal": (lambda: _exchanged(30, 110), ""),
}


def test_each_gets_one_verdict_and_the_good_one_passes() -> None:
    batch = Structures.concatenate([known(GOOD), *(make() for make, _ in CASES.values())])
    candidates = Batch(np.arange(len(batch)), Candidates.of_structures(batch))
    verdicts = run(MofValidityStage(), candidates, None)
    assert verdicts.status[0] == "passed"
    for (name, (_, code)), status, reason in zip(CASES.items(), verdicts.status[1:], verdicts.reasons[1:], strict=True):
        assert status == ("rejected" if code else "passed"), name
        if code:
            assert reason.code.startswith(code), name
            text = sentence("mof_validity", reason.code, reason.parameters)
            assert text.endswith(".") and text.count("\n") == 0
    for stage in (MofUniquenessStage(), MofNoveltyStage(), Co2EstimateStage()):
        found = run(stage, candidates, FunnelContext())
        assert len(found.status) == len(batch) and "error" not in found.status
    # The element that no table knows is said where a figure is missing.
    notes = found.notes["co2_note"]
    assert notes[0] is None and "does not know" in notes[len(CASES)]


JOB = """
import json, os, pathlib, signal
asked = json.loads(pathlib.Path("question.json").read_text())
if "N" in asked["symbols"] and {kills}:
    print("half way", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
pathlib.Path("answer.json").write_text(json.dumps({{state: {{"CO2": [4.0, 0.1]}} for state in asked["states"]}}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process is killed by a signal")
def test_a_program_killed_half_way_is_an_error_of_its_candidate_and_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = tmp_path / "job.py"
    monkeypatch.setattr(gcmc, "_SCRIPT", job)
    monkeypatch.setattr(gcmc, "python_with", lambda *_: (sys.executable, "0"))
    two = Structures.concatenate([known("ZIF-8"), known(GOOD)])
    batch = Batch(np.arange(2), Candidates.of_structures(two))
    job.write_text(JOB.format(kills=True))
    first = run(AdsorptionStage(), batch, None)
    assert first.status == ("error", "passed")
    assert "killed by signal 9 and gave no answer: half way" in first.reasons[0].parameters["text"]
    assert np.isfinite(first.findings[0].values).tolist() == [False, True]
    job.write_text(JOB.format(kills=False))
    again = run(AdsorptionStage(), batch, None)
    assert again.status == ("passed", "passed") and np.isfinite(again.findings[1].values).all()
