"""The stage that compares powder patterns: what it says of candidates, and what it says where it cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.analysis.powder import pattern, profile
from crystal_studio.candidates.batch import Candidates
from crystal_studio.conformance import stages as conformance
from crystal_studio.crystal.batches import Structures
from crystal_studio.design.funnel import ChosenStage
from crystal_studio.errors import FileError
from crystal_studio.funnel import stages
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.powder import PowderStage
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_registry import StageError
from crystal_studio.funnel.stage_words import parse


def salt(edge: float, one: int = 11, other: int = 17, apart: float = 0.5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    corners = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    return np.eye(3) * edge, np.array([one] * 4 + [other] * 4), np.concatenate([corners, (corners + apart) % 1])


def batch(*cells) -> Batch:
    made = Candidates.of_structures(Structures.from_lists(*map(list, zip(*cells, strict=True))))
    return Batch(np.arange(1, len(cells) + 1), made)


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Rock salt, 2θ 10 to 80 degrees."""
    angle = np.arange(10, 80, 0.02)
    counts = profile(pattern(batch(salt(5.64)).structures), angle) + 3
    path = tmp_path / "salt, first.xy"
    np.savetxt(path, np.c_[angle, counts], header="2theta counts")
    return str(path)


def test_the_right_crystal_agrees_best_and_the_others_are_marked(file):
    judged = batch(salt(5.8), salt(5.64, apart=0.25), salt(4.2, 12, 8), salt(5.64))
    verdicts = PowderStage(file=file)(judged, FunnelContext())
    alike, stretch = (f.values for f in verdicts.findings)
    assert np.argsort(-alike)[:2].tolist() in ([0, 3], [3, 0]) and (alike[[0, 3]] > 0.95).all()
    assert stretch[0] == pytest.approx(5.64 / 5.8 - 1, abs=1e-3) and stretch[3] == pytest.approx(0, abs=1e-3)
    assert [r.code if r else "" for r in verdicts.reasons] == ["", "unlike_pattern", "unlike_pattern", ""]
    strict = PowderStage(file=file, stretch=0.0)(judged, FunnelContext())
    assert strict.findings[0].values[0] < 0.3


@pytest.mark.parametrize("check", conformance.CHECKS, ids=lambda check: check.__name__)
def test_it_is_a_stage(check, file):
    check(PowderStage(file=file), FunnelContext())


def test_a_file_has_to_be_named_and_there(tmp_path):
    with pytest.raises(StageError, match="Stage powder: No measured pattern is named") as told:
        stages.for_funnel("quick,powder")
    assert (told.value.stage, told.value.option) == ("powder", "file")
    gone = stages.make(ChosenStage(stage="powder", options={"file": str(tmp_path / "gone.xy")}))
    with pytest.raises(StageError, match=r"gone\.xy is not there: name another file"):
        stages.check([gone])


def test_a_file_that_is_no_pattern_is_said(tmp_path):
    path = tmp_path / "words.xy"
    path.write_text("no numbers\n" * 20)
    with pytest.raises(FileError, match="holds no pattern"):
        PowderStage(file=str(path))(batch(salt(5.64)), FunnelContext())


def test_a_word_of_the_command_line_names_the_file_wherever_it_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chosen = parse("powder:file=sample.xy,threshold=0.6,rejects=yes")
    assert chosen.options == {"file": str(tmp_path / "sample.xy"), "threshold": 0.6} and chosen.rejects
    assert replace(PowderStage(), file=chosen.options["file"]).lacks()[0] == "file"


def test_cells_of_which_no_pattern_is_calculated_say_so(file):
    huge = (np.eye(3) * 40, np.array([11]), np.zeros((1, 3)))
    verdicts = PowderStage(file=file)(batch(huge, salt(5.64)), FunnelContext())
    assert np.isnan(verdicts.findings[0].values[0]) and verdicts.findings[0].values[1] > 0.95
    assert "more reflections" in verdicts.notes["powder_note"][0]
