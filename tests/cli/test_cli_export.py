"""What is written to files is what a candidate is: its current geometry, with the figures of that geometry."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from crystal_studio import paths
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Geometry, Verdicts
from crystal_studio.crystal.batches import Structures
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

SHIPPED = json.loads((Path(__file__).parent / "shipped_cifs.json").read_text())
"""The first half of the SHA-256 of each CIF that the program of project version 2 wrote of the shipped example."""


@pytest.fixture
def relaxed(project: Path) -> Path:
    """The first two candidates larger by 10 % along every edge, by a method called spring."""
    with ProjectReader(project) as reader:
        cells = reader.structures([1, 2])
        campaign = reader.campaigns()[0].id
    larger = Structures(cells.lattice * 1.1, cells.offsets, cells.numbers, cells.positions, cells.orbit)
    geometry = Geometry(Method("spring", "potential"), larger, np.array([True, True]))
    with ProjectWriter.open(project) as writer:
        writer.record(campaign, "relaxation", [1, 2], Verdicts(("passed",) * 2, (None,) * 2, geometry=geometry))
    return project


@pytest.mark.parametrize("geometry", ["current", "generated"])
def test_cifs_of_the_shipped_example_are_what_they_were(geometry: str, studio, tmp_path: Path) -> None:
    project = tmp_path / "example.crystals"
    shutil.copy(paths.resources() / "example" / "example.crystals", project)
    with ProjectWriter.open(project):
        pass
    answer = studio("export", project, "--format", "cif", "--to", tmp_path / "cifs", "--geometry", geometry)
    assert answer.code == 0, answer.err
    written = {f.name: hashlib.sha256(f.read_bytes()).hexdigest()[:16] for f in (tmp_path / "cifs").iterdir()}
    assert written == SHIPPED[geometry]


def test_figures_are_those_of_the_geometry_that_is_written(studio, relaxed: Path, tmp_path: Path) -> None:
    def export(geometry: str) -> list[dict[str, str]]:
        folder = tmp_path / geometry
        answer = studio("export", relaxed, "--format", "csv", "--to", folder, "--geometry", geometry, "--limit", 3)
        assert answer.code == 0, answer.err
        with (folder / "candidates.csv").open() as file:
            return list(csv.DictReader(file))

    current, generated = export("current"), export("generated")
    assert [row["geometry"] for row in current] == ["spring", "spring", "generated"]
    assert [row["geometry"] for row in generated] == ["generated"] * 3
    for now, before in zip(current[:2], generated[:2], strict=True):
        assert float(now["volume"]) == pytest.approx(1.331 * float(before["volume"]))
        assert float(now["density"]) == pytest.approx(float(before["density"]) / 1.331)
        assert float(now["volume_per_atom"]) == pytest.approx(1.331 * float(before["volume_per_atom"]))
    assert current[2]["volume"] == generated[2]["volume"]
    listed = studio("list", relaxed, "--limit", 2, "--json").json["candidates"]
    assert [c["density"] for c in listed] == [pytest.approx(float(row["density"])) for row in current[:2]]


def test_an_extended_xyz_holds_one_geometry_and_its_volume(studio, relaxed: Path, tmp_path: Path) -> None:
    from ase.io import read

    studio("export", relaxed, "--format", "extxyz", "--to", tmp_path, "--limit", 2)
    for atoms in read(tmp_path / "candidates.extxyz", index=":"):
        assert atoms.info["volume"] == pytest.approx(atoms.get_volume(), rel=1e-6)
        assert atoms.info["density"] == pytest.approx(
            atoms.get_masses().sum() / atoms.get_volume() * 1.66053906660, rel=1e-3
        )


def test_the_geometry_of_one_method(studio, relaxed: Path, tmp_path: Path) -> None:
    poscar = ["--format", "poscar", "--geometry", "spring"]
    answer = studio("export", relaxed, *poscar, "--to", tmp_path / "p", "--limit", 2)
    assert answer.code == 0 and answer.out.startswith("Wrote 2 candidates")
    missing = studio("export", relaxed, *poscar, "--to", tmp_path / "q")
    assert missing.code == 1 and "spring" in missing.complaint


@pytest.mark.parametrize(("format", "name"), [("cif-p1", "1_*.cif"), ("csv", "candidates.csv")])
def test_files_that_are_there_stay_unless_asked(format: str, name: str, studio, project: Path, tmp_path: Path) -> None:
    command = ["export", project, "--format", format, "--to", tmp_path / "out"]
    assert studio(*command, "--limit", 1).code == 0
    (there,) = (tmp_path / "out").glob(name)
    there.write_text("mine")
    refused = studio(*command, "--limit", 3)
    assert refused.code == 1 and "--overwrite" in refused.complaint and there.name in refused.complaint
    assert there.read_text() == "mine" and list((tmp_path / "out").iterdir()) == [there]
    assert studio(*command, "--limit", 3, "--overwrite").code == 0
    assert there.read_text() != "mine"


def test_other_files_in_the_folder_are_no_hindrance(studio, project: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert studio("export", project, "--format", "csv", "--to", tmp_path).code == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"
