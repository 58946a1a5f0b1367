"""VASP: inputs that its own parsers read, results with what they are worth."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crystals import LAYERED, POTENTIALS
from vasprun import vasprun

from crystal_studio.crystal.batches import Structures
from crystal_studio.dft.kpoints import symmetric
from crystal_studio.dft.protocol import Result, Settings
from crystal_studio.dft.vasp import VASP, expected_hubbard
from crystal_studio.errors import FileError, KnownError

U = {"Mn": 3.9}


def _read(folder: Path, crystal: Structures = LAYERED, **changed: Any) -> Result:
    given: dict[str, Any] = {"energy": -24.5, "potentials": POTENTIALS, "hubbard": U} | changed
    (folder / "vasprun.xml").write_text(vasprun(crystal, **given))
    return VASP.read(folder)


def test_inputs_are_those_of_the_materials_project(tmp_path: Path) -> None:
    from pymatgen.core import Structure
    from pymatgen.io.vasp.inputs import Incar, Kpoints, Poscar
    from pymatgen.io.vasp.sets import MPRelaxSet

    VASP.write(tmp_path, LAYERED, Settings(), "candidate 7\nLiMnO2")
    incar = Incar.from_file(tmp_path / "INCAR")
    crystal = Poscar.from_file(tmp_path / "POSCAR", check_for_potcar=False).structure
    lattice, _, positions = LAYERED.cell(0)
    sent = Structure(lattice, ["Mn", "O", "O", "Li"], positions)
    assert crystal.matches(sent)
    ours = {"SYSTEM": "candidate 7 LiMnO2", "EDIFFG": -0.05, "NSW": 100}
    assert incar == MPRelaxSet(sent).incar | ours
    assert Kpoints.from_file(tmp_path / "KPOINTS").kpts == MPRelaxSet(sent).kpoints.kpts
    assert (tmp_path / "POTCAR.spec").read_text().split() == ["Li_sv", "Mn_pv", "O"]
    assert not (tmp_path / "POTCAR").exists()


def test_settings_reach_the_inputs(tmp_path: Path) -> None:
    from pymatgen.io.vasp.inputs import Incar, Kpoints

    asked = Settings("single_point", cutoff=600, kpoint_spacing=0.5, smearing=0.1, spin=False)
    VASP.write(tmp_path, LAYERED, asked, "x")
    incar = Incar.from_file(tmp_path / "INCAR")
    assert (incar["ENCUT"], incar["NSW"], incar["ISPIN"], incar["SIGMA"]) == (600, 0, 1, 0.1)
    assert np.prod(Kpoints.from_file(tmp_path / "KPOINTS").kpts[0]) == 32


def test_an_element_without_pseudopotential(tmp_path: Path) -> None:
    odd = Structures.from_lists(LAYERED.lattice, [[85, 8, 8, 3]], [LAYERED.positions])
    with pytest.raises(KnownError, match="no VASP pseudopotential for At: leave that candidate out"):
        VASP.write(tmp_path, odd, Settings(), "x")


def test_a_result_that_matches_the_hull(tmp_path: Path) -> None:
    result = _read(tmp_path, stress=-16.0)
    assert (result.energy, result.functional, result.code) == (-24.5, "PBE+U", "VASP 6.4.2")
    assert result.converged and result.comparable_with_hull and result.warnings == ()
    assert result.settings["hubbard"] == U and result.settings["cutoff"] == 520
    assert np.allclose(result.structure.lattice, LAYERED.lattice)
    assert result.structure.numbers.tolist() == LAYERED.numbers.tolist()
    assert result.max_force == pytest.approx(0.01)
    # -16 kbar: the cell would rather be smaller.
    assert result.stress is not None and np.allclose(result.stress, 0.009986 * np.eye(3), atol=1e-6)


@pytest.mark.parametrize(
    ("changed", "functional", "words"),
    [
        ({"functional": "PS"}, "PBEsol+U", "the functional is PBEsol+U, that of the hull is PBE and PBE+U"),
        ({"hubbard": None}, "PBE", "U is none, that of the hull Mn 3.9 eV"),
        ({"hubbard": {"Mn": 5.0}}, "PBE+U", "U is Mn 5 eV, that of the hull Mn 3.9 eV"),
        ({"cutoff": 400.0}, "PBE+U", "the cutoff of 400 eV is below 520 eV"),
        ({"spin": 1}, "PBE+U", "the spins were not free"),
        (
            {"potentials": POTENTIALS | {"Mn": "PAW_PBE Mn 06Sep2000"}},
            "PBE+U",
            "the pseudopotentials differ (Mn, Mn_pv)",
        ),
        (
            {"potentials": {k: v.replace("_PBE", "") for k, v in POTENTIALS.items()}, "functional": "--"},
            "LDA+U",
            "the functional is LDA",
        ),
    ],
)
def test_a_result_that_does_not_match_the_hull(
    changed: dict[str, Any], functional: str, words: str, tmp_path: Path
) -> None:
    result = _read(tmp_path, **changed)
    assert result.converged and not result.comparable_with_hull and result.functional == functional
    (told,) = result.warnings
    assert told.startswith("Not comparable with the Materials Project's hull: ")
    assert words in told


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"steps": 4, "nsw": 4}, "within NSW = 4 steps"), ({"cycles": 100}, "within NELM = 100 cycles")],
)
def test_what_did_not_converge(changed: dict[str, Any], words: str, tmp_path: Path) -> None:
    result = _read(tmp_path, **changed)
    assert not result.converged and words in result.warnings[0]


def test_files_that_tell_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"holds no vasprun\.xml: bring back what VASP wrote"):
        VASP.read(tmp_path)
    path = tmp_path / "vasprun.xml"
    path.touch()
    with pytest.raises(FileError, match="is empty: VASP did not start"):
        VASP.read(tmp_path)
    whole = vasprun(LAYERED, -24.5, POTENTIALS)
    unfinished = vasprun(LAYERED, -24.5, POTENTIALS, steps=0)
    for part in (whole[: len(whole) // 2], whole[:-30], unfinished, "VASP was here"):
        path.write_text(part)
        with pytest.raises(FileError, match="is cut off or damaged"):
            VASP.read(tmp_path)


def shipped(name: str) -> Path:
    """A file that VASP wrote, of ASE's tests; skips the test where this ASE has none."""
    path = Path(pytest.importorskip("ase.test").__file__).parent / "testdata/vasp" / name
    if not path.is_file():
        pytest.skip("this ASE ships no test data")
    return path


def test_a_result_of_vasp_itself(tmp_path: Path) -> None:
    """Diamond under pressure, with the LDA."""
    with gzip.open(tmp_path / "vasprun.xml.gz", "wb") as file:
        file.write(shipped("vasprun_pstress.xml").read_bytes())
    result = VASP.read(tmp_path)
    assert (result.functional, result.code, result.energy) == ("LDA", "VASP 6.3.0", pytest.approx(-20.2401, abs=1e-3))
    assert result.structure.numbers.tolist() == [6, 6] and not result.comparable_with_hull


def test_an_outcar_where_that_is_all_there_is(tmp_path: Path) -> None:
    """A cluster of nickel."""
    text = shipped("OUTCAR_example_1").read_text()
    path = tmp_path / "OUTCAR"
    path.write_text(text)
    result = VASP.read(tmp_path)
    assert (result.functional, result.code, result.energy) == ("PBE", "VASP 5.3.3", pytest.approx(-68.23102426))
    assert result.converged and result.structure.numbers.tolist() == [28] * 18
    assert (result.settings["cutoff"], result.settings["spin"]) == (300, True)
    assert result.settings["pseudopotentials"] == ["PAW_PBE Ni 02Aug2007"]
    assert "the cutoff of 300 eV is below 520 eV" in result.warnings[0] and "(Ni, Ni_pv)" in result.warnings[1]
    with_u = "   U (eV)           for each species LDAUU =   6.2\n"
    for old, new, functional in (
        ("GGA     =    --", "GGA     =    PS", "PBEsol"),
        ("METAGGA=      F", "METAGGA=      SCAN", "SCAN"),
        ("LHFCALC =     F", "LHFCALC =     T", "hybrid"),
        ("PAW_PBE", "PAW", "LDA"),
        ("   ISPIN ", with_u + "   ISPIN ", "PBE+U"),
    ):
        path.write_text(text.replace(old, new))
        assert VASP.read(tmp_path).functional == functional
    path.write_text(text.replace("NELM   =    120", "NELM   =     63"))
    assert not VASP.read(tmp_path).converged
    for part in (text[: len(text) // 2], text.replace("NSW    =", "NSV    =")):
        path.write_text(part)
        with pytest.raises(FileError, match="is cut off or damaged"):
            VASP.read(tmp_path)


def test_hubbard_follows_the_most_electronegative_element() -> None:
    assert expected_hubbard(["Li", "Mn", "O"]) == {"Mn": 3.9}
    assert expected_hubbard(["Mn", "S"]) == {}
    assert expected_hubbard(["Fe", "O", "F"]) == {"Fe": 5.3}


def test_points_are_as_symmetric_as_the_crystal(tmp_path: Path) -> None:
    """Body-centred tetragonal in a primitive cell along a, b and half the diagonal: symmetry mixes what differs."""
    from pymatgen.io.vasp.inputs import Kpoints

    given = Structures.from_lists([np.array([[3.0, 0, 0], [0, 3, 0], [1.5, 1.5, 5]])], [[26]], [[[0.0, 0, 0]]])
    VASP.write(tmp_path, given, Settings(), "x")
    points = Kpoints.from_file(tmp_path / "KPOINTS")
    assert points.style == Kpoints.supported_modes.Gamma and points.kpts == [symmetric(given, points.kpts[0])]
    assert len(set(points.kpts[0])) == 1
