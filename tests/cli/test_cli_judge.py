"""``crystal-studio judge``: what the project holds is judged, whoever made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from crystal_studio.project.queries import ProjectReader

FM3M = """data_NaCl
_symmetry_space_group_name_H-M 'F m -3 m'
_symmetry_Int_Tables_number 225
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na1 Na 0 0 0
Cl1 Cl 0.5 0.5 0.5
"""
QUICK = ["--stage", "geometry", "--stage", "composition", "--stage", "symmetry", "--stage", "uniqueness"]


@pytest.fixture
def salts(studio, tmp_path: Path) -> Path:
    """Rock salt as every atom of its cell in P 1, moved a little off its symmetry, then with its symmetry."""
    from pymatgen.core import Lattice, Structure

    project = tmp_path / "p.crystals"
    salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    salt.translate_sites([0], [0.004, 0.002, 0.001])
    salt.to(str(tmp_path / "p1.cif"))
    (tmp_path / "fm3m.cif").write_text(FM3M)
    answer = studio("import", project, tmp_path / "p1.cif", tmp_path / "fm3m.cif", "--json")
    assert answer.code == 0 and answer.json["imported"] == 2, answer.err
    return project


def test_rock_salt_imported_twice_is_one_crystal(studio, salts: Path) -> None:
    before = studio("list", salts, "--json").json["candidates"]
    assert [c["status"] for c in before] == ["unjudged", "unjudged"]
    assert [c["space_group"] for c in before] == [1, 225] and {c["asked_space_group"] for c in before} == {None}
    answer = studio("judge", salts, *QUICK, "--json")
    assert answer.code == 0, answer.err
    document = answer.json
    assert (document["kind"], document["state"]) == ("judge", "finished")
    assert document["candidate_ids"] == [1, 2] and document["passed_ids"] == [1]
    assert [(s["stage"], s["passed"], s["failed"]) for s in document["stages"]] == [
        ("geometry", 2, 0), ("composition", 2, 0), ("symmetry", 2, 0), ("uniqueness", 1, 1),
    ]  # fmt: skip
    one, other = studio("list", salts, "--json").json["candidates"]
    assert one["status"] == "passed" and one["space_group"] == other["space_group"] == 225
    assert (other["status"], other["reason"]) == ("rejected", "Candidate 1 is the same crystal.")
    assert other["reason_code"] == "duplicate" and other["parameters"] == {"candidate": 1}


def test_a_choice_is_judged_by_single_stages(studio, salts: Path) -> None:
    text = studio("judge", salts, "--where", "space_group == 225", "--stage", "symmetry").out
    assert "1 candidate" in text
    with ProjectReader(salts) as reader:
        assert reader.verdicts(1) == [] and [v.stage for v in reader.verdicts(2)] == ["symmetry"]


def test_nothing_and_nonsense_are_said_in_one_line(studio, salts: Path) -> None:
    assert studio("judge", salts, "--where", "formula == 'U'").code == 2
    unknown = studio("judge", salts, "--stage", "horoscope")
    assert unknown.code == 2 and "horoscope" in unknown.complaint and "symmetry" in unknown.complaint
    no_potential = studio("judge", salts, "--potential", "crystal-ball")
    assert no_potential.code in (1, 2) and "chgnet" in no_potential.complaint
    no_engine = studio("judge", salts, "--stage", "relaxation", "--engine", "steam")
    assert no_engine.code in (1, 2) and "steam" in no_engine.complaint and "local" in no_engine.complaint


def test_verdicts_are_told_with_titles_and_units(studio, salts: Path) -> None:
    studio("judge", salts, *QUICK)
    text = studio("show", salts, 1).out
    assert "Shortest distance" in text and " Å" in text and "yes" not in text.split("Symmetry")[0]
    for raw in ("min_distance", "min_radius_ratio", "supergroup", "valid_published", "duplicate_of"):
        assert raw not in text
    assert "rejected: Candidate 1 is the same crystal." in studio("show", salts, 2).out
