"""Quantum ESPRESSO: inputs that ASE and pymatgen read, results of pw.x 6.7 (silicon, made for these tests)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from crystals import LAYERED

from crystal_studio.dft import quantum_espresso
from crystal_studio.dft.kpoints import kpoint_grid
from crystal_studio.dft.protocol import Settings
from crystal_studio.dft.pseudopotentials import VARIABLE, pseudopotentials
from crystal_studio.dft.quantum_espresso import QUANTUM_ESPRESSO, RY
from crystal_studio.errors import FileError, KnownError

FILES = Path(__file__).parent / "files"
RELAXED = (FILES / "si_vc_relax.pw.out").read_text()


def _write(folder: Path, text: str) -> Path:
    (folder / quantum_espresso.OUTPUT).write_text(text)
    return folder


def test_ase_reads_the_input(tmp_path: Path) -> None:
    import ase.io
    from ase.io.espresso import read_fortran_namelist

    QUANTUM_ESPRESSO.write(tmp_path, LAYERED, Settings(), "it's candidate 7\nLiMnO2")
    path = tmp_path / "pw.in"
    atoms = ase.io.read(path, format="espresso-in")
    assert atoms.numbers.tolist() == LAYERED.numbers.tolist()
    assert np.allclose(atoms.cell.array, LAYERED.lattice[0])
    assert np.allclose(atoms.get_scaled_positions(), LAYERED.positions, atol=1e-9)
    with path.open() as file:
        given, cards = read_fortran_namelist(file)
    assert given["control"]["calculation"] == "vc-relax" and given["control"]["nstep"] == 100
    system = given["system"]
    # The highest of the pseudopotentials' own cutoffs, that of manganese, and its 12 times for the density.
    assert (system["ecutwfc"], system["ecutrho"], system["nspin"]) == (65, 780, 2)
    assert system["starting_magnetization(1)"] == 0.5 and system["starting_magnetization(2)"] == 0.1
    named = {line.split()[2] for line in cards[cards.index("ATOMIC_SPECIES") + 1 :][:3]}
    assert named == {"mn_pbe_v1.5.uspp.F.UPF", "O.pbe-n-kjpaw_psl.0.1.UPF", "li_pbe_v1.4.uspp.F.UPF"}


def test_pymatgen_reads_the_input(tmp_path: Path) -> None:
    """Without spins, for pymatgen fails at magnetizations, its own included."""
    from pymatgen.io.pwscf import PWInput

    asked = Settings("single_point", cutoff=100 * RY, kpoint_spacing=0.8, smearing=0.1, spin=False)
    QUANTUM_ESPRESSO.write(tmp_path, LAYERED, asked, "x")
    given = PWInput.from_file(str(tmp_path / "pw.in"))
    assert given.sections["control"]["calculation"] == "scf" and "nspin" not in given.sections["system"]
    assert given.sections["system"]["ecutwfc"] == 100 and given.sections["system"]["degauss"] == 0.00735
    assert not given.sections["ions"] and not given.sections["cell"]
    assert given.kpoints_grid == kpoint_grid(LAYERED, 0.8)
    assert np.allclose(given.structure.frac_coords, LAYERED.positions)
    assert given.pseudo["Li"] == "li_pbe_v1.4.uspp.F.UPF"


def test_a_table_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.json"
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(FileError, match="cannot be read"):
        pseudopotentials(["Si"])
    path.write_text(json.dumps({"Si": {"filename": "Si.upf", "cutoff_wfc": 20, "cutoff_rho": 80}}))
    assert pseudopotentials(["Si"])["Si"].filename == "Si.upf"
    with pytest.raises(KnownError, match="names none for Mn, O: add it there"):
        pseudopotentials(["Si", "Mn", "O"])
    for wrong in ('{"Si": "Si.upf"}', '{"Si": {"filename": "../Si.upf", "cutoff_wfc": 20, "cutoff_rho": 80}}', "[1"):
        path.write_text(wrong)
        with pytest.raises(FileError, match="is no table of pseudopotentials"):
            pseudopotentials(["Si"])


def test_the_shipped_table_is_fit_to_use() -> None:
    from crystal_studio.crystal.elements import SYMBOLS

    known = json.loads((Path(__file__).parents[2] / "resources/dft/sssp_pbe_efficiency.json").read_text())
    assert set(known) == set(SYMBOLS[1:104])
    found = pseudopotentials(known)
    assert all(20 <= p.cutoff_wfc <= 200 and 4 <= p.cutoff_rho / p.cutoff_wfc <= 16 for p in found.values())


def test_a_relaxation(tmp_path: Path) -> None:
    result = QUANTUM_ESPRESSO.read(_write(tmp_path, RELAXED))
    # The last energy: computed anew with the plane waves of the relaxed cell.
    assert result.energy == pytest.approx(-15.72287183 * RY, abs=1e-4)
    assert result.converged and result.functional == "PBE" and result.code == "Quantum ESPRESSO 6.7MaX"
    assert np.allclose(result.structure.lattice[0], 2.734057594 * (np.ones((3, 3)) - np.eye(3)))
    assert result.structure.numbers.tolist() == [14, 14] and result.max_force == 0
    assert result.settings["pseudopotentials"] == ["Si.pbe-rrkj.UPF"]
    assert result.settings["cutoff"] == pytest.approx(200, abs=0.01)
    assert not result.comparable_with_hull and "scale of their own" in result.warnings[-1]


def test_the_stress_pulls_where_the_cell_would_rather_be_smaller(tmp_path: Path) -> None:
    end = RELAXED.index("     number of bfgs steps    =   1")
    first = QUANTUM_ESPRESSO.read(_write(tmp_path, RELAXED[:end] + "   JOB DONE.\n"))
    kbar = float(RELAXED[:end].rsplit("P=", 1)[1].split()[0])
    assert first.stress is not None and not first.converged
    assert np.trace(first.stress) / 3 == pytest.approx(-kbar / 1602.1766, abs=1e-4)


def test_a_relaxation_out_of_steps(tmp_path: Path) -> None:
    result = QUANTUM_ESPRESSO.read(_write(tmp_path, RELAXED.replace("bfgs converged", "bfgs gave up")))
    assert not result.converged and "The relaxation did not converge" in result.warnings[0]


def test_another_functional(tmp_path: Path) -> None:
    text = RELAXED.replace("SLA  PW   PBE  PBE", "SLA  PW   PSX  PSC")
    assert QUANTUM_ESPRESSO.read(_write(tmp_path, text)).functional == "PBEsol"


def test_electrons_that_do_not_converge(tmp_path: Path) -> None:
    text = (FILES / "si_not_converged.pw.out").read_text()
    with pytest.raises(FileError, match=r"The electrons did not converge .* raise electron_maxstep"):
        QUANTUM_ESPRESSO.read(_write(tmp_path, text))
    # In the last step of a relaxation: the step before is what there is.
    result = QUANTUM_ESPRESSO.read(
        _write(tmp_path, RELAXED[: RELAXED.index("     Final scf calculation")] + text[text.index("     Self-cons") :])
    )
    assert not result.converged and "The electrons did not converge" in result.warnings[0]
    assert result.energy == pytest.approx(-15.72218450 * RY, abs=1e-4)


def test_files_that_tell_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"holds no pw\.out: bring back what pw\.x wrote"):
        QUANTUM_ESPRESSO.read(tmp_path)
    with pytest.raises(FileError, match=r"is no output of pw\.x"):
        QUANTUM_ESPRESSO.read(_write(tmp_path, "srun: error: no such program"))
    with pytest.raises(FileError, match=r"is cut off before pw\.x ended"):
        QUANTUM_ESPRESSO.read(_write(tmp_path, RELAXED[: len(RELAXED) // 2]))
    start = RELAXED[: RELAXED.index("     G-vector sticks info")]
    with pytest.raises(FileError, match="holds no finished step"):
        QUANTUM_ESPRESSO.read(_write(tmp_path, start + "   JOB DONE.\n"))
    rule = " " + "%" * 78
    stop = f"{rule}\n     Error in routine readpp (1):\n     file none.UPF not found\n{rule}\n"
    with pytest.raises(FileError, match=r"pw\.x gave up in .*: readpp \(1\): file none\.UPF not found\."):
        QUANTUM_ESPRESSO.read(_write(tmp_path, start + stop))
