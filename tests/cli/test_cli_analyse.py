"""``analyse``: tables for people, documents for programs, files."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

SALT = """data_NaCl
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na 0 0 0
Cl 0.5 0.5 0.5
"""


@pytest.fixture
def project(tmp_path: Path, studio: Any) -> str:
    (tmp_path / "salt.cif").write_text(SALT)
    project = str(tmp_path / "p.crystals")
    assert studio("new", project).code == 0
    assert studio("import", project, str(tmp_path / "salt.cif")).code == 0
    return project


def test_a_powder_pattern_as_text_as_a_document_and_as_a_file(project: str, studio: Any, tmp_path: Path) -> None:
    told = studio("analyse", project, "1", "--what", "xrd")
    assert told.code == 0 and "(2 0 0)" in told.out and "2θ, °" in told.out
    document = studio("analyse", project, "1", "--what", "xrd", "--wavelength", "0.5", "--json").json
    assert document["formula"] == "NaCl" and document["columns"]["d"]["unit"] == "Å"
    assert max(document["rows"], key=lambda row: row["intensity"])["d"] == pytest.approx(2.82, abs=1e-3)
    table = tmp_path / "xrd.csv"
    assert studio("analyse", project, "1", "--what", "xrd", "--to", str(table)).code == 0
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["hkl"] == "(1 1 1)" and float(rows[0]["d, Å"]) == pytest.approx(3.2563, abs=1e-3)


def test_the_hull_of_a_candidate_without_an_energy(project: str, studio: Any) -> None:
    document = studio("analyse", project, "1", "--what", "hull", "--json").json
    assert document["rows"][-1]["formula"] == "NaCl" and document["rows"][-1]["e_hull"] is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--what", "xrd", "--wavelength", "90"), "no wavelength"),
        (("--what", "xrd", "--measured", "nothing.xy"), "cannot be read"),
        (("--what", "rdf", "--to", "x.pdf"), "ends in .csv or .json"),
        (("--what", "elastic", "--potential", "magic"), "no potential"),
    ],
)
def test_what_cannot_be_done_is_said(project: str, studio: Any, options: tuple[str, ...], says: str) -> None:
    answer = studio("analyse", project, "1", *options)
    assert answer.code in (1, 2) and says in answer.complaint
