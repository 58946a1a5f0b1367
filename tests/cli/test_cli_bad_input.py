"""Bad input: one clear line, exit code 1 or 2, and nothing is lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crystal_studio import paths
from crystal_studio.design.funnel import ChosenStage, Funnel
from crystal_studio.project.queries import ProjectReader

GENERATE = "--chemsys Li-Mn-O --mode subset --count 8 --seed 7 --steps 2 --max-atoms 12 --device cpu".split()  # noqa: SIM905


@pytest.fixture
def own_models(tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tiny model that a test may damage."""
    shutil.copytree(tiny_models, tmp_path / "models")
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--composition LiMn2O4 --space-group 230 --max-atoms 12", ["LiMn2O4", "230"]),
        ("--chemsys Li-Mn-O --target band_gap=1:2", ["band_gap"]),
        ("--chemsys U", ["U"]),
        ("--chemsys Li --steps 5000", ["1000"]),
        ("--chemsys Li --model nobody", ["nobody"]),
        ("--chemsys Li --device cuda:99", ["cuda"]),
    ],
)
def test_what_the_model_cannot_make(options: str, words: list[str], studio, models, tmp_path: Path) -> None:
    path = tmp_path / "p.crystals"
    answer = studio("generate", path, "--count", 4, "--device", "cpu", *options.split())
    assert answer.code in (1, 2)
    assert all(word in answer.complaint for word in words)
    assert list(tmp_path.glob("p.crystals*")) == []


def test_an_impossible_request_leaves_a_project_as_it_was(studio, project: Path) -> None:
    before = project.read_bytes()
    answer = studio("generate", project, "--chemsys", "U", "--count", 4, "--device", "cpu")
    assert answer.code == 2 and project.read_bytes() == before


@pytest.mark.parametrize("command", ["list", "resume", "show", "export", "picture", "screenshot", "generate", "import"])
def test_a_file_that_is_no_project(command: str, studio, models, tmp_path: Path) -> None:
    path = tmp_path / "p.crystals"
    path.write_text("This is a letter.\n" * 50)
    cif = tmp_path / "a.cif"
    cif.write_text(CIF)
    more = {
        "show": [1],
        "export": ["--format", "cif", "--to", tmp_path],
        "picture": [1, "--to", tmp_path / "x.png"],
        "screenshot": ["--to", tmp_path / "x.png"],
        "generate": GENERATE,
        "import": [cif],
    }
    answer = studio(command, path, *more.get(command, []))
    assert answer.code == 1 and "not a Crystal Studio project" in answer.complaint
    assert path.read_text().startswith("This is a letter.")


def test_a_missing_project_or_candidate(studio, project: Path, tmp_path: Path) -> None:
    assert "There is no file" in studio("list", tmp_path / "none.crystals").complaint
    assert "no candidate 99" in studio("show", project, 99).complaint
    assert "no campaign 9" in studio("resume", project, "--campaign", 9).complaint


def test_a_filter_with_a_mistake_names_the_columns(studio, project: Path) -> None:
    answer = studio("list", project, "--where", "ehull < 0.1")
    assert answer.code == 2 and "ehull" in answer.complaint and "e_hull" in answer.complaint


def test_places_that_cannot_be_written(studio, models, project: Path, tmp_path: Path) -> None:
    below_a_file = tmp_path / "file.txt" / "p.crystals"
    (tmp_path / "file.txt").write_text("x")
    for answer in (
        studio("new", below_a_file),
        studio("generate", below_a_file, *GENERATE),
        studio("export", project, "--format", "cif", "--to", below_a_file.parent / "out"),
        studio("picture", project, 1, "--to", below_a_file.parent / "x.png"),
    ):
        assert answer.code == 1 and "file.txt" in answer.complaint
    assert ProjectReader(project).count() == 12


def test_missing_weights(studio, own_models: Path, tmp_path: Path) -> None:
    (own_models / "tiny/model.safetensors").unlink()
    answer = studio("generate", tmp_path / "p.crystals", *GENERATE)
    assert answer.code == 1 and "weights" in answer.complaint and "missing" in answer.complaint
    shutil.rmtree(own_models / "tiny")
    answer = studio("generate", tmp_path / "p.crystals", *GENERATE)
    assert answer.code == 1 and "No trained model is installed" in answer.complaint


def test_damaged_weights(studio, own_models: Path, tmp_path: Path) -> None:
    path = own_models / "tiny/model.safetensors"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    answer = studio("generate", tmp_path / "p.crystals", *GENERATE)
    assert answer.code == 1 and "damaged" in answer.complaint
    assert not (tmp_path / "p.crystals").exists()


def test_no_reference_index(studio, models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said at the start, with the remedy; the candidates are made and judged by all that is there."""
    shutil.copytree(paths.resources(), tmp_path / "resources", ignore=shutil.ignore_patterns("reference"))
    monkeypatch.setenv("CRYSTAL_STUDIO_RESOURCES", str(tmp_path / "resources"))
    quick = Funnel(stages=(ChosenStage(stage="novelty"),))
    monkeypatch.setattr("crystal_studio.funnel.stages.FUNNELS", {"quick": quick})
    path = tmp_path / "p.crystals"
    answer = studio("generate", path, *GENERATE, "--json")
    assert answer.code == 0 and answer.json["passed"] == 8
    (warning,) = answer.json["warnings"]
    assert "is missing" in warning and "einstall" in warning and warning in answer.err
    with ProjectReader(path) as reader:
        assert reader.count("novel is None") == 8


CIF = """data_NaCl
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na1 Na 0 0 0
Cl1 Cl 0.5 0.5 0.5
"""


def test_malformed_structure_files(studio, models, tmp_path: Path) -> None:
    bad = {
        "empty.cif": "",
        "text.cif": "Dear colleague,\n",
        "no_atoms.cif": CIF.split("loop_")[0],
        "cut.cif": CIF[:150],
        "element.cif": CIF.replace("Na1 Na", "Xx1 Xx"),
        "binary.cif": "\x00\x01\x02" * 99,
        "POSCAR_bad": "comment\n1.0\n1 0\n",
    }
    for name, text in bad.items():
        (tmp_path / name).write_text(text)
    project = tmp_path / "p.crystals"
    answer = studio("import", project, *(tmp_path / name for name in bad))
    assert answer.code == 1 and "None of the files" in answer.complaint and not project.exists()

    (tmp_path / "good.cif").write_text(CIF)
    answer = studio("import", project, tmp_path / "good.cif", *(tmp_path / name for name in bad), "--json")
    assert answer.code == 0 and answer.json["imported"] == 1
    assert {s["file"] for s in answer.json["skipped"]} == set(bad)
    row = ProjectReader(project).candidate(1)
    assert (row.formula, row.space_group, row.n_atoms, row.n_orbits) == ("NaCl", 225, 8, 2)
