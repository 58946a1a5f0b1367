"""Candidates handed in as a bundle, computed elsewhere, and back in the project."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from dft_projects import AL, ALAS, AS, hand_in, statuses, three_crystals
from vasprun import vasprun

from crystal_studio import paths
from crystal_studio.campaign.dft_collect import collect
from crystal_studio.crystal.batches import Structures
from crystal_studio.dft import bundle, manifest
from crystal_studio.dft.protocol import Settings
from crystal_studio.errors import FileError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import bring_up_to_date

POTENTIALS = {"Al": "PAW_PBE Al 04Jan2001", "As": "PAW_PBE As 06Sep2000"}
ASKED = Settings()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return three_crystals(tmp_path / "three.crystals")


def compute(folder: Path, energy: float, scale: float = 1.02, **more) -> None:
    """Leave what VASP leaves of a relaxation: ``energy`` in eV/atom, edges ``scale`` times as long."""
    cell = manifest.read(folder).structure
    found = Structures(cell.lattice * scale, cell.offsets, cell.numbers, cell.positions, cell.orbit)
    (folder / "vasprun.xml").write_text(vasprun(found, energy * len(cell.numbers), POTENTIALS, **more))


def test_a_bundle_goes_out_and_its_results_come_back(project: Path, tmp_path: Path) -> None:
    started = hand_in(project, code="vasp", submit="bundle", settings=ASKED)
    assert set(statuses(project).values()) == {"waiting"} and not started.problems
    there = {path.name for path in started.root.iterdir()}
    assert {"README.md", "bundle.json", "run_all.sh", "slurm.sh", "make_potcar.sh", "1_Al", "2_As", "3_AlAs"} <= there
    away = tmp_path / "cluster"
    shutil.move(started.root, away)
    compute(away / "1_Al", -3.7)
    compute(away / "3_AlAs", -4.5)
    found = collect(project, [away])
    assert found.ids == (AL, ALAS)
    ((folder, why),) = found.problems
    assert folder.endswith("2_As") and "holds no vasprun.xml" in why
    assert statuses(project) == {AL: "passed", AS: "waiting", ALAS: "rejected"}
    with ProjectReader(project) as reader:
        compound = reader.candidate(ALAS)
        assert (compound.geometry, compound.n_atoms) == ("vasp-pbe", 8)
        assert compound.volume == pytest.approx((5.4 * 1.02) ** 3)
        assert compound.value("energy_per_atom") == pytest.approx(-4.5)
        notes = next(v for v in reader.verdicts(ALAS) if v.stage == "dft").notes
        assert notes["functional"] == "PBE" and "Materials Project's scale" in notes["hull_note"]
    compute(away / "2_As", -4.6)
    packed = bundle.pack(away)
    shutil.rmtree(away)
    assert collect(project, [packed]).ids == (AL, AS, ALAS)
    with ProjectReader(project) as reader:
        assert reader.candidate(ALAS).value("formation_energy") == pytest.approx(-4.5 - (-3.7 - 4.6) / 2)


def test_what_did_not_converge_or_is_of_others_comes_with_a_word(project: Path) -> None:
    root = hand_in(project, code="vasp", submit="bundle", settings=ASKED).root
    compute(root / "1_Al", -3.7, steps=4, nsw=4)
    shutil.copy(root / "1_Al" / "vasprun.xml", root / "2_As" / "vasprun.xml")
    compute(root / "3_AlAs", -4.5, functional="PS")
    found = collect(project, [root])
    assert found.ids == (AL, ALAS)
    ((_, why),) = found.problems
    assert "other atoms than As" in why and "hand As in again" in why
    with ProjectReader(project) as reader:
        assert reader.candidate(AL).value("converged") is False
        told = [next(v for v in reader.verdicts(i) if v.stage == "dft").notes for i in (AL, ALAS)]
        assert "within NSW = 4 steps" in told[0]["warning_1_note"]
        assert "PBE was asked for and PBEsol computed: energies do not compare." in told[1].values()
        assert reader.candidate(ALAS).geometry == "vasp-pbesol"


def test_every_bundle_has_a_folder_of_its_own(project: Path) -> None:
    first = hand_in(project, AL, code="qe", submit="bundle", settings=ASKED)
    second = hand_in(project, AS, code="qe", submit="bundle", settings=ASKED)
    assert (first.root.name, second.root.name) == ("qe-bundle", "qe-bundle-2")
    with pytest.raises(FileError, match="is a bundle already: choose another folder"):
        hand_in(project, ALAS, code="qe", submit="bundle", settings=ASKED, folder=str(first.root))
    assert statuses(project)[ALAS] == "rejected"


def test_what_is_no_bundle(project: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError, match="There is no DFT job below"):
        collect(project, [tmp_path / "empty"])
    with pytest.raises(FileError, match=r"There is no .*gone: correct the name"):
        collect(project, [tmp_path / "gone"])


@pytest.mark.parametrize("code", ["vasp", "qe"])
def test_inputs_of_shipped_candidates_are_read_by_their_own_parsers(code: str, tmp_path: Path) -> None:
    import ase.io
    from pymatgen.io.vasp.inputs import Incar, Kpoints, Poscar

    project = tmp_path / "example.crystals"
    shutil.copy(paths.resources() / "example" / "example.crystals", project)
    bring_up_to_date(str(project))
    with ProjectReader(project) as reader:
        ids = reader.ids("e_hull < 0.08")[:3].tolist()
    started = hand_in(project, *ids, code=code, submit="bundle", settings=ASKED)
    assert len(started.folders) == 3 and not started.problems
    for folder in started.folders.values():
        sent = manifest.read(folder).structure
        if code == "vasp":
            crystal = Poscar.from_file(folder / "POSCAR", check_for_potcar=False).structure
            found, volume = sorted(site.specie.Z for site in crystal), crystal.volume
            incar, points = Incar.from_file(folder / "INCAR"), Kpoints.from_file(folder / "KPOINTS")
            assert incar["LDAUU"] == [0, 3.9, 0] and incar["NSW"] == 100
            assert np.prod(points.kpts[0]) >= 64 * (2 * np.pi) ** 3 / volume * 0.6
        else:
            atoms = ase.io.read(folder / "pw.in", format="espresso-in")
            found, volume = sorted(atoms.numbers), atoms.get_volume()
        assert found == sorted(sent.numbers) and volume == pytest.approx(float(sent.volume[0]))
