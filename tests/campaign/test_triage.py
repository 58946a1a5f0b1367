"""What triage is judged on: predictions before, energies after, read from a project."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import triage_projects

from crystal_studio.campaign.triage import LEARNED, evidence, sources
from crystal_studio.cli import main
from crystal_studio.data.hull_card import model_error
from crystal_studio.errors import RequestError
from crystal_studio.project.queries import ProjectReader


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return triage_projects.make(tmp_path / "p.crystals")


def test_prediction_and_headline_of_those_that_were_relaxed(project: Path) -> None:
    with ProjectReader(project) as reader:
        assert sources(reader) == [LEARNED, "chgnet", "sevennet"]
        found = evidence(reader, outside=True)
        assert found.final == pytest.approx([0.0, 0.05, 0.4]) and len(found) == 3
        assert found.value == pytest.approx([0.1, 0.3, np.nan], nan_ok=True)
        assert found.spread == pytest.approx([0.05, 0.1, np.nan], nan_ok=True)
        assert evidence(reader).value == pytest.approx([0.1, np.nan, np.nan], nan_ok=True)  # the second is unlike them
        assert len(evidence(reader, where="id == 1")) == 1


def test_a_learned_model_is_asked_for_by_its_name(project: Path) -> None:
    with ProjectReader(project) as reader:
        name = next(m.name for m in reader.methods() if m.kind == "learned")
        found, usual = evidence(reader, name), evidence(reader, outside=True)
    assert found.value == pytest.approx(usual.value, nan_ok=True)
    assert found.spread == pytest.approx(usual.spread, nan_ok=True)


def test_a_potential_is_judged_by_the_other_one(project: Path) -> None:
    error = model_error("chgnet")
    assert error is not None
    with ProjectReader(project) as reader:
        found = evidence(reader, "chgnet")
        assert found.value == pytest.approx([0.0, 0.05]) and found.final == pytest.approx([0.02, 0.2])
        assert found.spread == pytest.approx(error.at([0.0, 0.05]))
        with pytest.raises(RequestError, match="consensus"):
            evidence(reader, "chgnet", where="id == 3")


def test_command_counts_what_the_module_counts(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main.main(["triage", str(project), "--limit", "0.2", "--outside"]) == 0
    out = capfd.readouterr().out
    assert "3 candidates with a last word, 2 of them" in out
    assert "1 of 2, 50.0%" in out and "1 of 3, 33.3%" in out
    assert main.main(["triage", str(project), "--where", "id == 4"]) == 0
    assert "Nothing can be said yet" in capfd.readouterr().out
