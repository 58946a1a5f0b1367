"""The command: DFT here, a bundle and the way back, and what it says of mistakes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from crystal_studio.dft import gpaw

POSCARS = {
    "Al": "Al\n4.2\n0 .5 .5\n.5 0 .5\n.5 .5 0\nAl\n1\nDirect\n0 0 0\n",
    "AlAs": "AlAs\n5.5\n0 .5 .5\n.5 0 .5\n.5 .5 0\nAl As\n1 1\nDirect\n0 0 0\n.25 .25 .25\n",
}
QUICK = ("--code", "toy", "--fmax", 0.02, "--no-spin", "--workers", 1)


@pytest.fixture
def project(boxes, studio, tmp_path: Path) -> Path:
    for name, text in POSCARS.items():
        (tmp_path / f"{name}.vasp").write_text(text)
    path = tmp_path / "salts.crystals"
    assert studio("import", path, *(tmp_path / f"{name}.vasp" for name in POSCARS)).code == 0
    return path


def test_candidates_are_computed_here(studio, project):
    answer = studio("dft", project, 1, 2, *QUICK, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["state"] == "finished" and answer.json["passed"] == 2
    first, second = answer.json["results"]
    assert (first["formula"], first["method"], first["status"]) == ("Al", "toy-pbe", "passed")
    assert first["formation_energy"] == pytest.approx(0) and second["formation_energy"] is None
    assert second["geometry"] == "toy-pbe" and second["space_group"] == 216
    shown = studio("show", project, 2)
    assert "Toy 1.0, PBE, 520 eV" in shown.out and "does not match the reference hull" in shown.out
    listed = studio("list", project, "--where", "energy_per_atom@'toy-pbe' < 0", "--json")
    assert [row["id"] for row in listed.json["candidates"]] == [1, 2]


def test_a_bundle_and_the_way_back(studio, project, tmp_path):
    out = tmp_path / "cluster"
    answer = studio("dft", project, "--where", "id > 0", "--submit", "bundle", *QUICK, "--to", out, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["waiting"] == 2 and (out / "run_all.sh").exists()
    assert studio("list", project, "--where", "status == 'waiting'", "--json").json["count"] == 2
    folders = [Path(job["folder"]) for job in answer.json["jobs"]]
    subprocess.run([sys.executable, "job.py"], cwd=folders[1], check=True)
    collected = studio("dft", project, "--collect", out, "--json")
    assert collected.code == 0, collected.err
    assert collected.json["collected"] == [2]
    ((problem,),) = ([p["name"] for p in collected.json["problems"]],)
    assert problem == str(folders[0])
    assert studio("list", project, "--where", "status == 'waiting'", "--json").json["count"] == 1


def test_a_bundle_for_another_code_holds_its_inputs_as_one_file(studio, project, tmp_path):
    answer = studio("dft", project, 2, "--code", "vasp", "--to", tmp_path / "cluster.zip", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["bundle"] == str(tmp_path / "cluster.zip") and (tmp_path / "cluster.zip").is_file()
    assert (Path(answer.json["jobs"][0]["folder"]) / "INCAR").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((99, *QUICK), 2, "has no candidate 99"),
        (QUICK, 2, "No candidate was named"),
        ((1, "--code", "abacus"), 1, "There is no DFT code 'abacus'"),
        ((1, "--code", "vasp", "--submit", "local"), 2, "hand it in as a bundle"),
        ((1, "--code", "toy", "--cutoff", 3), 2, "cutoff"),
        ((1, "--collect", "there"), 2, "alone"),
        (("--collect", "nowhere"), 1, "nowhere"),
        ((1, *QUICK, "--to", "jobs.zip"), 2, "Only a bundle"),
    ],
)
def test_mistakes_are_said_in_one_line(studio, project, words, code, said):
    answer = studio("dft", project, *words)
    assert answer.code == code and said in answer.complaint
    assert studio("list", project, "--where", "status == 'unjudged'", "--json").json["count"] == 2


def test_a_missing_gpaw_is_said_with_the_way_to_it(studio, project, monkeypatch, tmp_path):
    monkeypatch.setenv(gpaw.VARIABLE, str(tmp_path / "python"))
    answer = studio("dft", project, 1)
    assert answer.code == 1 and "make dft" in answer.complaint
    checks = {check["name"]: check for check in studio("doctor", "--quick", "--json").json["checks"]}
    assert checks["DFT"]["state"] == "warn" and "make dft" in checks["DFT"]["remedy"]
