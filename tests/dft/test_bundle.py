"""Bundles: complete for the machine that runs them, and read when they come back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from crystals import FACE_CENTRED, LAYERED, POTENTIALS
from vasprun import vasprun

from crystal_studio.crystal.batches import Structures
from crystal_studio.dft import bundle, manifest
from crystal_studio.dft.manifest import Manifest
from crystal_studio.dft.protocol import Settings
from crystal_studio.dft.registry import CODES
from crystal_studio.dft.returned import returned
from crystal_studio.errors import FileError, KnownError

FILES = Path(__file__).parent / "files"
HALF = 0.5 * (np.ones((3, 3)) - np.eye(3))
SILICON = Structures.from_lists([5.43 * HALF], [[14, 14]], [[[0, 0, 0], [0.25, 0.25, 0.25]]])
PRESET = {"Na": "PAW_PBE Na_pv 05Jan2001", "Cl": "PAW_PBE Cl 17Jan2003"}

with_a_shell = pytest.mark.skipif(not shutil.which("sh") or os.name == "nt", reason="needs a POSIX shell")


def make(root: Path, code: str, settings: Settings, *crystals: tuple[str, Structures]) -> dict[str, Manifest]:
    """A bundle of crystals with their formulas, candidates 1, 2, ..."""
    jobs = {}
    for k, (formula, given) in enumerate(crystals, 1):
        job = Manifest.of("run", k, formula, "chgnet", code, settings, given)
        folder = root / f"{k}_{formula}"
        folder.mkdir(parents=True)
        CODES.get(code).write(folder, job.structure, settings, formula)
        job.write(folder)
        jobs[folder.name] = job
    bundle.equip(root, jobs, "battery.crystals")
    return jobs


def sh(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", *words], cwd=root, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_bundle_says_what_is_in_it(tmp_path: Path) -> None:
    make(tmp_path, "vasp", Settings(), ("LiMnO2", LAYERED), ("NaCl", FACE_CENTRED))
    contents = json.loads((tmp_path / "bundle.json").read_text())
    assert contents["project"] == "battery.crystals" and Settings.of_json(contents["settings"]) == Settings()
    assert [(c["id"], c["folder"], c["geometry"]) for c in contents["candidates"]] == [
        (1, "1_LiMnO2", "chgnet"), (2, "2_NaCl", "chgnet"),
    ]  # fmt: skip
    for one in contents["candidates"]:
        job = manifest.read(tmp_path / one["folder"])
        assert bundle.checksum(job.given) == one["checksum"]
    readme = (tmp_path / "README.md").read_text()
    assert "| 2 | NaCl | 2 | chgnet | `2_NaCl` |" in readme  # two atoms: the primitive cell
    assert "crystal-studio dft battery.crystals --collect" in readme
    assert "VASP_POTENTIALS=" in readme and "Na_pv" in readme and "520 eV" in readme
    with pytest.raises(FileError, match="is a bundle already: choose another folder"):
        bundle.equip(tmp_path, {"1_LiMnO2": manifest.read(tmp_path / "1_LiMnO2")}, "battery.crystals")


@with_a_shell
def test_its_scripts_run_every_candidate_once(tmp_path: Path) -> None:
    jobs = make(tmp_path, "qe", Settings(), ("Si", SILICON), ("Si", SILICON))
    program = tmp_path / "pw"
    program.write_text(f'#!/bin/sh\necho "$ESPRESSO_PSEUDO $*" >> calls\ncat "{FILES / "si_vc_relax.pw.out"}"\n')
    program.chmod(0o755)
    for again in range(2):
        done = sh(tmp_path, "run_all.sh", PW=str(program), RUN="env")
        assert (done.returncode, done.stderr) == (0, ""), again
    for name, job in jobs.items():
        assert (tmp_path / name / "calls").read_text() == "../pseudo -in pw.in\n"
        found, result = returned(tmp_path / name)
        assert found.candidate == job.candidate and result.converged
        assert np.allclose(job.restored(result.structure).lattice[0], 5.468115188 * HALF)


@with_a_shell
def test_a_task_of_the_array_runs_its_candidate_alone(tmp_path: Path) -> None:
    make(tmp_path, "qe", Settings(), ("Si", SILICON), ("Si", SILICON))
    assert "#SBATCH --array=1-2\n" in (tmp_path / "slurm.sh").read_text()
    given = {"SLURM_ARRAY_TASK_ID": "2", "SLURM_SUBMIT_DIR": str(tmp_path), "RUN": "", "PW": "echo ran"}
    assert sh(tmp_path, "slurm.sh", **given).returncode == 0
    assert (tmp_path / "2_Si" / "pw.out").read_text() == "ran -in pw.in\n"
    assert (tmp_path / "2_Si" / "done").exists() and not (tmp_path / "1_Si" / "pw.out").exists()


@with_a_shell
def test_what_does_not_end_well_is_named_and_tried_again(tmp_path: Path) -> None:
    make(tmp_path, "vasp", Settings(), ("LiMnO2", LAYERED), ("NaCl", FACE_CENTRED))
    (tmp_path / "2_NaCl" / "POTCAR").touch()
    done = sh(tmp_path, "run_all.sh", VASP="true")
    assert done.returncode == 1 and done.stderr.splitlines() == ["1_LiMnO2 did not end well: look into it"]
    assert (tmp_path / "2_NaCl" / "done").exists() and not (tmp_path / "1_LiMnO2" / "done").exists()


@with_a_shell
def test_potcars_are_joined_in_order(tmp_path: Path) -> None:
    make(tmp_path / "bundle", "vasp", Settings(), ("LiMnO2", LAYERED), ("NaCl", FACE_CENTRED))
    for name in ("Na_pv", "Cl", "Li_sv", "O"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        (tmp_path / "mine" / name / "POTCAR").write_text(f"{name}\n")
    done = sh(tmp_path, "bundle/make_potcar.sh", VASP_POTENTIALS="mine")
    assert done.returncode == 1 and done.stderr.startswith("1_LiMnO2: there is no ")
    assert done.stderr.endswith("mine/Mn_pv/POTCAR\n") and done.stderr.count("\n") == 1
    assert not (tmp_path / "bundle/1_LiMnO2/POTCAR").exists()
    assert (tmp_path / "bundle/2_NaCl/POTCAR").read_text() == "Na_pv\nCl\n"
    (tmp_path / "mine" / "Mn_pv").mkdir()
    (tmp_path / "mine" / "Mn_pv" / "POTCAR").write_text("Mn_pv\n")
    assert sh(tmp_path, "bundle/make_potcar.sh", VASP_POTENTIALS="mine").returncode == 0
    assert (tmp_path / "bundle/1_LiMnO2/POTCAR").read_text() == "Li_sv\nMn_pv\nO\n"
    assert sh(tmp_path, "bundle/make_potcar.sh", VASP_POTENTIALS="").returncode != 0


def test_pseudopotentials_can_be_checked(tmp_path: Path) -> None:
    make(tmp_path, "qe", Settings(), ("LiMnO2", LAYERED))
    lines = (tmp_path / "pseudopotentials.md5").read_text().splitlines()
    assert "e912e257baa3777c20ea3d68f190483c  li_pbe_v1.4.uspp.F.UPF" in lines and len(lines) == 3
    assert "scale of their own" in (tmp_path / "README.md").read_text()


def test_a_bundle_as_one_file(tmp_path: Path) -> None:
    make(tmp_path / "jobs", "qe", Settings(), ("Si", SILICON))
    packed = bundle.pack(tmp_path / "jobs")
    assert packed == tmp_path / "jobs.zip"
    with pytest.raises(FileError, match="is there already"):
        bundle.pack(tmp_path / "jobs")
    with bundle.opened(packed) as place:
        assert manifest.read(place / "jobs" / "1_Si").formula == "Si"
    assert not place.exists()
    with bundle.opened(tmp_path / "jobs") as place:
        assert place == tmp_path / "jobs"
    whole = packed.read_bytes()
    for part in (whole[:-40], whole[: len(whole) // 2], b"", whole[:60] + b"\xff" * 40 + whole[100:]):
        packed.write_bytes(part)
        with pytest.raises(FileError, match=r"is no whole \.zip"), bundle.opened(packed):
            pass
    with pytest.raises(FileError, match="There is no"), bundle.opened(tmp_path / "gone"):
        pass


def test_an_archive_cannot_write_elsewhere(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as file:
        file.writestr("../../escaped", "x")
        file.writestr("/escaped", "x")
    with bundle.opened(tmp_path / "bad.zip") as place:
        inside = [path for path in place.rglob("*") if path.is_file()]
        assert len(inside) == 1 and not (place.parent / "escaped").exists()


def test_a_result_in_the_cell_that_was_handed_in(tmp_path: Path) -> None:
    jobs = make(tmp_path, "vasp", Settings(), ("NaCl", FACE_CENTRED))
    folder = tmp_path / "1_NaCl"
    primitive = jobs["1_NaCl"].structure
    (folder / "vasprun.xml").write_text(vasprun(primitive, -6.8, PRESET))
    job, result = returned(folder)
    assert result.energy == -6.8 and len(result.structure.numbers) == 2 and result.comparable_with_hull
    whole = job.restored(result.structure)
    assert np.allclose(whole.lattice, FACE_CENTRED.lattice) and whole.numbers.tolist() == FACE_CENTRED.numbers.tolist()


def test_results_of_other_atoms_are_refused(tmp_path: Path) -> None:
    make(tmp_path, "vasp", Settings(), ("NaCl", FACE_CENTRED))
    folder = tmp_path / "1_NaCl"
    (folder / "vasprun.xml").write_text(vasprun(LAYERED, -24.0, POTENTIALS))
    with pytest.raises(KnownError, match=r"other atoms than NaCl.*Put the right files into .*1_NaCl, or hand NaCl in"):
        returned(folder)


def test_results_in_another_cell_are_refused(tmp_path: Path) -> None:
    jobs = make(tmp_path, "vasp", Settings(), ("NaCl", FACE_CENTRED))
    lattice, numbers, positions = jobs["1_NaCl"].structure.cell(0)
    turned = Structures.from_lists([lattice[:, [1, 0, 2]]], [numbers], [positions])
    folder = tmp_path / "1_NaCl"
    (folder / "vasprun.xml").write_text(vasprun(turned, -6.8, PRESET))
    with pytest.raises(KnownError, match="has another cell than the one that was handed in"):
        returned(folder)


def test_results_of_another_functional_are_told(tmp_path: Path) -> None:
    jobs = make(tmp_path, "vasp", Settings(), ("NaCl", FACE_CENTRED))
    folder = tmp_path / "1_NaCl"
    (folder / "vasprun.xml").write_text(vasprun(jobs["1_NaCl"].structure, -6.8, PRESET, functional="PS"))
    told = returned(folder)[1].warnings
    assert told[-1] == "PBE was asked for and PBEsol computed: energies do not compare."


def test_a_single_point_of_a_crystal_that_was_moved_is_told(tmp_path: Path) -> None:
    make(tmp_path, "vasp", Settings("single_point"), ("NaCl", FACE_CENTRED))
    folder = tmp_path / "1_NaCl"
    job = manifest.read(folder)
    lattice, numbers, positions = job.structure.cell(0)
    for scale, told in ((1.0, ()), (1.02, ("A single point was asked for, and its crystal is not the one",))):
        moved = Structures.from_lists([scale * lattice], [numbers], [positions])
        (folder / "vasprun.xml").write_text(vasprun(moved, -6.8, PRESET, steps=1, nsw=0))
        warnings = returned(folder)[1].warnings
        assert len(warnings) == len(told) and all(w.startswith(t) for w, t in zip(warnings, told, strict=True))
