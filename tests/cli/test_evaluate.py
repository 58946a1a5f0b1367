"""``crystal-studio evaluate`` in a terminal."""

from __future__ import annotations

import json
from pathlib import Path


def test_a_project_of_candidates(studio, project: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    answer = studio("evaluate", project, "--workers", 1, "--json", "--out", out)
    assert answer.code == 0, answer.err
    document = answer.json
    assert document["generated"]["entries"] == 12
    assert document["metrics"]["structural_validity"]["of"] == 12
    assert {"symmetry_kept_0.1", "unique", "novel_index"} <= set(document["metrics"])
    assert json.loads(out.read_text()) == document


def test_text_names_what_was_compared(studio, project: Path) -> None:
    answer = studio("evaluate", project, "--workers", 1, "--count", 4, "--skip", "novel")
    assert answer.code == 0, answer.err
    assert "4 entries" in answer.out and "Validity" in answer.out and "SMACT" in answer.out
    assert "novel_index" not in answer.out
    assert "--reference" in answer.out


def test_mistakes_are_told_in_one_line(studio, tmp_path: Path) -> None:
    answer = studio("evaluate", tmp_path / "none.parquet")
    assert answer.code == 1 and "does not exist" in answer.complaint
    answer = studio("evaluate", tmp_path, "--skip", "beauty")
    assert answer.code == 2 and "beauty" in answer.complaint
    (tmp_path / "empty").mkdir()
    answer = studio("evaluate", tmp_path / "empty")
    assert answer.code == 1 and "no entry" in answer.complaint
