"""Inputs of DFT codes by way of an export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from crystals import FACE_CENTRED, LAYERED

from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import FileError, KnownError
from crystal_studio.exchange.export import export

BOTH = Structures.concatenate([LAYERED, FACE_CENTRED])


def test_a_folder_of_vasp_a_candidate(tmp_path: Path) -> None:
    from pymatgen.io.vasp.inputs import Poscar

    first, second = export(BOTH, ["1_LiMnO2", "2_NaCl"], "vasp", tmp_path / "new")
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["1_LiMnO2", "2_NaCl"]
    assert sorted(p.name for p in first.iterdir()) == ["INCAR", "KPOINTS", "POSCAR", "POTCAR.spec"]
    crystal = Poscar.from_file(second / "POSCAR", check_for_potcar=False).structure
    assert crystal.composition.formula == "Na1 Cl1" and crystal.volume == pytest.approx(5.64**3 / 4)


def test_inputs_written_again_leave_what_else_the_folder_holds(tmp_path: Path) -> None:
    (folder,) = export(LAYERED, ["a"], "vasp", tmp_path)
    (folder / "vasprun.xml").write_text("mine")
    (folder / "INCAR").write_text("changed")
    export(LAYERED, ["a"], "vasp", tmp_path)
    assert (folder / "vasprun.xml").read_text() == "mine" and "ENCUT" in (folder / "INCAR").read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_an_input_of_pw_x_a_candidate(tmp_path: Path) -> None:
    import ase.io

    _, second = export(BOTH, ["1_LiMnO2", "2_NaCl"], "qe", tmp_path)
    assert second.name == "2_NaCl.pwi"
    atoms = ase.io.read(second, format="espresso-in")
    assert sorted(atoms.numbers) == [11, 17] and atoms.get_volume() == pytest.approx(5.64**3 / 4)


@pytest.mark.parametrize("format", ["vasp", "qe"])
def test_what_cannot_be_computed(format: str, tmp_path: Path) -> None:
    flat = replace(LAYERED, lattice=LAYERED.lattice * np.array([1, 1, 0]))
    with pytest.raises(KnownError, match=r"odd cannot be computed, because .*: leave it out"):
        export(flat, ["odd"], format, tmp_path)
    (tmp_path / "b").write_text("a file")
    (tmp_path / "b.pwi").mkdir()
    with pytest.raises(FileError, match="cannot be written"):
        export(LAYERED, ["b"], format, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b", "b.pwi"]
