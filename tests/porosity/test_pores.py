"""Pores by a separate program: figures of known crystals, crashes, absence."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import KnownError
from crystal_studio.execution import other_python
from crystal_studio.execution.other_python import ProgramError, ask
from crystal_studio.funnel.lacking import lacking
from crystal_studio.funnel.pores import PoresStage
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.run_stage import run
from crystal_studio.porosity.protocol import Probe
from crystal_studio.porosity.zeo import ZEO

CUBE = np.array([[x, y, z] for x in (0, 0.5) for y in (0, 0.5) for z in (0, 0.5)], float)


def _box(edge: float, symbol: int = 6) -> Structures:
    """Atoms on a primitive cubic lattice of half that edge, written as eight."""
    return Structures.from_lists([edge * np.eye(3)], [[symbol] * 8], [CUBE])


def _has_zeo() -> bool:
    try:
        ZEO.method()
    except KnownError:
        return False
    return True


needs_zeo = pytest.mark.skipif(not _has_zeo(), reason="pyzeo is not installed (make mof)")


@needs_zeo
@pytest.mark.parametrize("left", [False, True])
def test_spheres_between_atoms_on_a_cubic_lattice_are_known_exactly(left: bool) -> None:
    box = _box(16.0)
    if left:
        box = Structures(-box.lattice, box.offsets, box.numbers, box.positions, box.orbit)
    pores = ZEO.measure(box, Probe(samples=1000), 100.0)
    diameter = 2 * 1.70  # of carbon in Zeo++
    assert pores.lcd == pytest.approx(8 * np.sqrt(3) - diameter, abs=0.01)
    assert pores.pld == pytest.approx(8 * np.sqrt(2) - diameter, abs=0.01)
    assert pores.void_fraction == pytest.approx(1 - 4 / 3 * np.pi * 1.70**3 / 8**3, abs=0.01)
    assert pores.area_by_volume == pytest.approx(4 * np.pi * (1.70 + 1.86) ** 2 / 8**3 * 1e4, rel=0.01)
    grams_per_cm3 = 12.011 / 6.02214e23 / (8e-8) ** 3
    assert pores.area == pytest.approx(pores.area_by_volume / grams_per_cm3, rel=0.001)


@needs_zeo
def test_the_stage_marks_or_rejects_narrow_pores() -> None:
    cells = Structures.concatenate([_box(16.0), _box(7.0)])
    batch = Batch(np.arange(2), Candidates.of_structures(cells))
    marked = run(PoresStage(samples=100), batch, None)
    assert marked.status == ("passed", "passed") and marked.reasons[0] is None
    assert marked.reasons[1].code == "narrow" and marked.reasons[1].parameters["least"] == 2.4
    assert run(PoresStage(samples=100, rejects=True), batch, None).status == ("passed", "rejected")
    found = {f.quantity: f.values for f in marked.findings}
    assert set(found) == set(PoresStage.gives) and found["pld"][0] > 7.9 > 2.4 > found["pld"][1]


def test_without_the_program_the_stage_is_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(other_python.VARIABLE, str(tmp_path / "python"))
    verdicts = run(PoresStage(rejects=True), Batch(np.arange(1), Candidates.of_structures(_box(16.0))), None)
    assert verdicts.status == ("passed",) and not verdicts.findings
    assert re.search(r"has no Zeo\+\+ \(pyzeo\): install it with 'make mof'", verdicts.notes["left_out"][0])
    (sentence,) = lacking([PoresStage()], None)
    assert sentence.startswith("Pores will be left out. The Python that CRYSTAL_STUDIO_MOF_PYTHON names")


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("import os, signal; print('so far'); os.kill(os.getpid(), signal.SIGKILL)", "was killed by signal 9"),
        ("raise SystemExit(3)", "ended with code 3 and gave no answer"),
        ("print('no such radius'); raise SystemExit(1)", "gave no answer: no such radius"),
        ("open('answer.json', 'w').write('{')", "ended with code 0 and gave no answer"),
    ],
)
def test_a_program_that_breaks_is_told_with_its_last_words(tmp_path: Path, script: str, text: str) -> None:
    path = tmp_path / "job.py"
    path.write_text(script)
    with pytest.raises(ProgramError, match=text):
        ask(sys.executable, path, {}, 60.0)


def test_a_program_that_never_ends_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "job.py"
    path.write_text("import time; time.sleep(600)")
    with pytest.raises(ProgramError, match=r"longer than 0\.5 s"):
        ask(sys.executable, path, {}, 0.5)


def test_a_candidate_without_an_answer_is_an_error_and_the_others_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    from crystal_studio.candidates.quantities import Method
    from crystal_studio.porosity import registry
    from crystal_studio.porosity.protocol import Pores

    class Half:
        name = "half"

        def method(self) -> Method:
            return Method("half", "geometry", "Half")

        def measure(self, crystal: Structures, probe: Probe, seconds: float) -> Pores:
            assert crystal.offsets.tolist() == [0, 1]  # the primitive cell of eight atoms
            if np.abs(crystal.lattice).max() < 5:
                raise ProgramError("it gave up")
            return Pores(8.0, 5.0, 1000.0, 500.0, 0.5)

    monkeypatch.setitem(registry.PROGRAMS._loaded, "half", Half())
    cells = Structures.concatenate([_box(7.0), _box(16.0)])
    verdicts = run(PoresStage(program="half"), Batch(np.arange(2), Candidates.of_structures(cells)), None)
    assert verdicts.status == ("error", "passed")
    assert verdicts.reasons[0].parameters == {"text": "Half: it gave up"}
    assert np.isnan(verdicts.findings[0].values[0]) and verdicts.findings[0].values[1] == 8.0
