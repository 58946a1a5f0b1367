"""``crystal-studio predict``: files, projects, data sets, and what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write

SHIPPED = Path(__file__).parents[2] / "models" / "properties-mp20-like"
"""The fixture of a project names another folder of models."""


@pytest.fixture
def cifs(tmp_path: Path) -> Path:
    folder = tmp_path / "cifs"
    folder.mkdir()
    write(folder / "salt.cif", bulk("NaCl", "rocksalt", 5.64, cubic=True))
    write(folder / "copper.cif", bulk("Cu"))
    (folder / "broken.cif").write_text("data_nothing\n")
    return folder


def test_a_folder_of_cifs(studio, cifs: Path) -> None:
    answer = studio("predict", cifs, "--json")
    assert answer.code == 0, answer.err
    document = answer.json
    rows = {row["formula"]: row for row in document["crystals"]}
    assert set(rows) == {"NaCl", "Cu"} and len(document["skipped"]) == 1
    assert rows["NaCl"]["formation_energy_per_atom"] == pytest.approx(-2.1, abs=0.3)
    assert rows["Cu"]["probability_metal"] > 0.8 > 0.3 > rows["NaCl"]["probability_metal"]
    low, high = rows["NaCl"]["band_gap_95"]
    assert low < rows["NaCl"]["band_gap"] < high and document["units"]["band_gap"] == "eV"
    answer = studio("predict", cifs, "--limit", 1)
    assert "±" in answer.out and "skipped" in answer.out and answer.out.count("eV/atom") == 2


def test_a_project(studio, project: Path) -> None:
    answer = studio("predict", project, "--where", "id <= 5", "--model", SHIPPED, "--json")
    assert answer.code == 0, answer.err
    assert [row["name"] for row in answer.json["crystals"]] == ["1", "2", "3", "4", "5"]


def test_mistakes_are_told_in_one_line(studio, tmp_path: Path, cifs: Path) -> None:
    assert "does not exist" in studio("predict", tmp_path / "none.cif").complaint
    assert "no property model" in studio("predict", cifs, "--model", "symmcd-mp20-like").complaint
    assert "installed are" in studio("predict", cifs, "--model", "crystal-ball").complaint
