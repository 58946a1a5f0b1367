"""The commands on a real project, with a real (if untrained) model."""

from __future__ import annotations

import csv
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.design.funnel import ChosenStage, Funnel
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

BEFORE_RELAXATION = ("geometry", "composition", "symmetry", "uniqueness", "novelty", "properties")
SMALL = "--chemsys Li-Mn-O --mode subset --seed 7 --steps 2 --max-atoms 12 --device cpu".split()  # noqa: SIM905


def test_new_makes_an_empty_project_once(studio, tmp_path: Path) -> None:
    path = tmp_path / "p.crystals"
    assert studio("new", path, "--json").json == {"project": str(path)}
    assert ProjectReader(path).campaigns() == []
    again = studio("new", path)
    assert again.code == 1 and "exists already" in again.complaint


def test_generate_keeps_to_the_request(studio, models, tmp_path: Path) -> None:
    path = tmp_path / "p.crystals"
    answer = studio("generate", path, *SMALL, "--space-group", "225", "--count", 20, "--funnel", "none", "--json")
    document = answer.json
    assert answer.code == 0 and document["state"] == "finished"
    assert document["generated"] == document["unjudged"] == len(document["candidate_ids"]) == 20
    rows = ProjectReader(path).candidates()
    assert {element for row in rows for element in row.chemsys.split("-")} <= {"Li", "Mn", "O"}
    assert {row.space_group for row in rows} == {225}
    assert document["request"]["seed"] == 7 and document["provenance"]["model"] == "tiny"


def test_the_funnel_gives_every_candidate_a_verdict(studio, models, tmp_path: Path, monkeypatch) -> None:
    """Without the relaxation: what an untrained model makes would keep it busy for minutes."""
    quick = Funnel(stages=tuple(ChosenStage(stage=name) for name in BEFORE_RELAXATION))
    monkeypatch.setattr("crystal_studio.funnel.stages.FUNNELS", {"quick": quick})
    path = tmp_path / "p.crystals"
    document = studio("generate", path, *SMALL, "--count", 6, "--json").json
    assert document["pending"] == 0 and document["passed"] + document["rejected"] == 6
    stages = {s["stage"]: s for s in document["stages"]}
    assert stages["geometry"]["entered"] == 6
    for stage in stages.values():
        assert stage["entered"] == stage["passed"] + stage["failed"]
        assert stage["failed"] + stage["marked"] == sum(stage["reasons"].values())
    rejected = ProjectReader(path).candidates("status == 'rejected'")
    assert rejected and all(r.reason and r.stage for r in rejected)


def test_the_same_seed_makes_the_same_candidates(studio, models, project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.crystals"
    studio("generate", other, *SMALL, "--count", 12, "--funnel", "none")
    studio("generate", other, *SMALL, "--count", 12, "--funnel", "none", "--seed", 8)
    with ProjectReader(project) as one, ProjectReader(other) as two:
        first, again = one.structures(one.ids()), two.structures(two.ids("campaign_id == 1"))
        differing = two.structures(two.ids("campaign_id == 2"))
    assert np.array_equal(first.positions, again.positions) and np.array_equal(first.lattice, again.lattice)
    assert not np.array_equal(first.lattice, differing.lattice)


def test_list_filters_sorts_and_limits(studio, project: Path) -> None:
    document = studio("list", project, "--where", "n_orbits >= 1", "--sort", "density", "--limit", 5, "--json").json
    densities = [c["density"] for c in document["candidates"]]
    assert len(densities) == document["count"] == 5 and document["matching"] == 12
    assert densities == sorted(densities)
    text = studio("list", project, "--limit", 2).out.splitlines()
    assert text[0].split()[:2] == ["id", "formula"] and len(text) == 4 and text[-1] == "... and 10 more"
    assert studio("list", project, "--where", "formula == 'U'").out == "No candidate matches.\n"


def test_show_tells_all(studio, project: Path) -> None:
    document = studio("show", project, 3, "--json").json
    with ProjectReader(project) as reader:
        units, row = reader.units([3]), reader.candidate(3)
    assert len(document["wyckoff"]) == row.n_orbits
    assert [w["x"] for w in document["wyckoff"]] == units.positions[0, : row.n_orbits, 0].tolist()
    multiplicities = [int("".join(filter(str.isdigit, w["wyckoff"]))) for w in document["wyckoff"]]
    assert sum(multiplicities) == row.n_atoms == len(document["structure"]["elements"])
    assert document["campaign"]["request"]["seed"] == 7
    text = studio("show", project, 3).out
    assert row.formula in text and document["wyckoff"][0]["site_symmetry"] in text and "seed 7" in text


def test_export_and_import_bring_the_same_crystals_back(studio, project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    written = studio("export", project, "--format", "cif-p1", "--to", folder, "--limit", 6, "--json").json
    assert written["candidates"] == len(written["files"]) == 6 and all(Path(f).exists() for f in written["files"])
    (folder / "broken.cif").write_text("data_x\nloop_\n_atom_site_label\nNa1 0 0\n")
    (folder / "notes.txt").write_text("nothing")
    answer = studio("import", tmp_path / "in.crystals", *sorted(folder.iterdir()), "--json")
    document = answer.json
    skipped = {s["file"] for s in document["skipped"]}
    assert answer.code == 0 and {"broken.cif", "notes.txt"} <= skipped
    assert document["imported"] + len(skipped) == 8 and document["imported"] >= 1
    assert all("skipped" in line for line in answer.err.splitlines())
    with ProjectReader(tmp_path / "in.crystals") as reader, ProjectReader(project) as before:
        rows = {row.source: row for row in reader.candidates()}
        for row in before.by_ids(range(1, 7)):
            source = f"{row.id}_{row.formula}_{row.space_group}.cif"
            if source in rows:
                assert rows[source].formula == row.formula and rows[source].status == "unjudged"
                assert rows[source].volume_per_atom == pytest.approx(row.volume_per_atom, rel=1e-3)
        assert reader.campaign(1).state == "finished"


def test_export_of_a_table(studio, project: Path, tmp_path: Path) -> None:
    studio("export", project, "--format", "csv", "--to", tmp_path / "out")
    with (tmp_path / "out/candidates.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12 and rows[0]["status"] == "unjudged"
    nothing = studio("export", project, "--format", "cif", "--to", tmp_path / "none", "--where", "id > 99")
    assert nothing.code == 0 and "No candidate" in nothing.out


def test_ctrl_c_pauses_and_resume_goes_on(studio, models, tmp_path: Path, monkeypatch) -> None:
    path, add = tmp_path / "p.crystals", ProjectWriter.add_candidates

    def add_and_press(*arguments: object, **named: object) -> object:
        """Ctrl-C as soon as something is stored, however fast the machine."""
        ids = add(*arguments, **named)
        os.kill(os.getpid(), signal.SIGINT)
        return ids

    many = ["--count", 64 * 40, "--funnel", "none"]
    with monkeypatch.context() as patch:
        patch.setattr(ProjectWriter, "add_candidates", add_and_press)
        answer = studio("generate", path, *SMALL, *many, "--json")
    assert answer.code == 0 and answer.json["state"] == "paused" and 0 < answer.json["generated"] < 64 * 40
    assert answer.json["resume"] == f"crystal-studio resume {path}" and answer.json["resume"] in answer.err
    before = ProjectReader(path).numbers(1)
    again = studio("resume", path, "--max-minutes", 0.02, "--json").json["campaigns"][0]
    assert again["state"] in ("paused", "finished") and before <= ProjectReader(path).numbers(1)


def test_resume_with_nothing_to_do(studio, project: Path) -> None:
    assert "Nothing to resume" in studio("resume", project).out
    assert studio("resume", project, "--json").json["campaigns"] == []


def test_models_show_their_cards(studio, models: Path) -> None:
    document = studio("models", "--json").json
    assert [m["name"] for m in document["models"]] == ["tiny"] and document["models"][0]["sha256"]
    assert "Tiny, untrained" in studio("models").out


def test_picture(studio, project: Path, tmp_path: Path) -> None:
    from PySide6.QtGui import QImage

    answer = studio("picture", project, 1, "--to", tmp_path / "p.png", "--size", "300x200", "--json")
    assert answer.code == 0, answer.err
    image = QImage(str(tmp_path / "p.png"))
    assert (image.width(), image.height()) == (300, 200)
    assert len({image.pixel(x, 100) for x in range(300)}) > 5  # something is drawn


def test_screenshot_without_a_display(studio, project: Path, tmp_path: Path, monkeypatch) -> None:
    """In a process of its own, because this one may hold a display already."""
    import subprocess
    import sys

    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    target = tmp_path / "w.png"
    command = [sys.executable, "-m", "crystal_studio", "screenshot", str(project), "--to", str(target), "--json"]
    done = subprocess.run([*command, "--size", "1200x800"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    from PySide6.QtGui import QImage

    image = QImage(str(target))
    assert (image.width(), image.height()) == (1200, 800)


def test_doctor_finds_what_is_there_and_what_is_not(studio, models: Path, monkeypatch, tmp_path: Path) -> None:
    document = studio("doctor", "--json").json
    states = {(c["name"], c["state"]) for c in document["checks"]}
    assert {("device", "ok"), ("model", "ok"), ("space groups", "ok"), ("settings folder", "ok")} <= states
    assert ("OpenGL", "ok") in states
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path / "none"))
    answer = studio("doctor", "--quick")
    assert answer.code == 1 and "[fail] models" in answer.out and "-> put a model folder" in answer.out


def test_train_writes_a_model_that_generates(studio, models, project: Path, tmp_path: Path, monkeypatch) -> None:
    exported = studio("export", project, "--format", "extxyz", "--to", tmp_path)
    assert exported.code == 0, exported.err
    command = ["train", "symmcd", "--max-epochs", 2, "--hidden", 16, "--layers", 1, "--device", "cpu", "--data"]
    answer = studio(*command, tmp_path / "candidates.extxyz", "--out", tmp_path / "mine/one", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["last"]["epoch"] == 2 and (tmp_path / "mine/one/card.json").exists()
    refused = studio(*command, tmp_path / "candidates.extxyz", "--out", tmp_path / "mine/one")
    assert refused.code == 2 and "--resume" in refused.complaint
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path / "mine"))
    made = studio("generate", tmp_path / "q.crystals", "--count", 2, "--steps", 2, "--funnel", "none", "--json")
    assert made.code == 0 and made.json["provenance"]["model"] == "one"


def test_a_full_disk_is_one_line_and_resume_goes_on(studio, project: Path) -> None:
    resource = pytest.importorskip("resource", reason="limits of POSIX")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))  # as a quota
    try:
        answer = studio("generate", project, *SMALL, "--count", 64, "--funnel", "none")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert answer.code == 1 and "free some space" in answer.complaint and "resume" in answer.complaint
    before_it, full = (c.state for c in ProjectReader(project).campaigns())
    assert before_it == "finished" and full in ("paused", "running"), "running where not even the state had room"
    [again] = studio("resume", project, "--json").json["campaigns"]
    assert (again["state"], again["unjudged"]) == ("finished", 64)
