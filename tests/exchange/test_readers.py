"""Files of users: good ones are read, bad ones named and skipped, none stops the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from textbook_crystals import STRUCTURES, all_units, units

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.composition import formulas
from crystal_studio.exchange.cif import cif_text
from crystal_studio.exchange.one_file import read_one
from crystal_studio.exchange.readers import read_files

_NACL = cif_text(units("rocksalt NaCl"), name="NaCl")


def _loop(rows: str, symmetry: str = "_space_group_name_H-M_alt 'P 1'") -> str:
    return (
        "data_x\n_cell_length_a 4\n_cell_length_b 4\n_cell_length_c 4\n"
        f"_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\n{symmetry}\n"
        "loop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n"
        f"_atom_site_fract_z\n_atom_site_occupancy\n{rows}\n"
    )


BAD = {
    "binary": (bytes(range(256)) * 8, "not a text file"),
    "empty": (b"", "empty"),
    "prose": (b"This is my favourite crystal.", "not valid CIF"),
    "no_atoms": (_NACL.split("loop_\n_atom_site")[0].encode(), "no atoms"),
    "no_cell": ("\n".join(x for x in _NACL.splitlines() if "_cell_length_b" not in x).encode(), "cell is incomplete"),
    "nan_cell": (_NACL.replace("_cell_length_a 5.6400000000", "_cell_length_a nan").encode(), "cell is incomplete"),
    "flat_cell": (_loop("A Na 0 0 0 1").replace("_length_c 4", "_length_c 0").encode(), "cell"),
    "question": (_loop("A Na ? 0 0 1").encode(), "coordinates of A"),
    "nan": (_loop("A Na nan 0 0 1").encode(), "coordinates of A"),
    "cut": (_NACL[: _NACL.rindex("0.5")].encode(), "not valid CIF"),
    "wrong_group": (_loop("A Na 0 0 0 1", "_space_group_name_H-M_alt 'F q -3 z'").encode(), "space group"),
    "wrong_number": (_loop("A Na 0 0 0 1", "_space_group_IT_number 225").encode(), "space group"),
    "partial": (_loop("A Na 0 0 0 0.5\nB K 0 0 0 0.5").encode(), "fully ordered"),
    "dummy": (_loop("A Xx 0 0 0 1").encode(), "no chemical element"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_cif_is_one_sentence(name: str, tmp_path: Path) -> None:
    content, says = BAD[name]
    path = tmp_path / f"{name}.cif"
    path.write_bytes(content)
    found, complaints = read_one(path)
    assert not found and len(complaints) == 1
    assert says in complaints[0][1] and "\n" not in complaints[0][1] and complaints[0][1].endswith(".")


def test_the_good_are_read_and_the_bad_named(tmp_path: Path) -> None:
    for name, (content, _) in BAD.items():
        (tmp_path / f"{name}.cif").write_bytes(content)
    for k, name in enumerate(STRUCTURES):
        (tmp_path / f"good{k}.cif").write_text(cif_text(units(name)))
    (tmp_path / "two.cif").write_text(_NACL + cif_text(units("diamond"), name="C"))
    seen: list[tuple[int, int]] = []
    structures, names, problems = read_files(
        [tmp_path, tmp_path / "missing.cif", tmp_path / "readme.md"], progress=lambda *at: seen.append(at)
    )
    assert names == [*(f"good{k}.cif" for k in range(len(STRUCTURES))), "two.cif#1", "two.cif#2"]
    assert formulas(structures) == [*formulas(expand(all_units())), "NaCl", "C"]
    assert {p.name for p in problems} == {*(f"{name}.cif" for name in BAD), "missing.cif", "readme.md"}
    assert seen[-1] == (len(BAD) + len(STRUCTURES) + 3,) * 2


def test_other_formats(tmp_path: Path) -> None:
    from ase import Atoms
    from ase.db import connect
    from ase.io import write

    salt = expand(units("rocksalt NaCl"))
    atoms = Atoms(numbers=salt.numbers, scaled_positions=salt.positions, cell=salt.lattice[0], pbc=True)
    write(tmp_path / "POSCAR", atoms, format="vasp")
    write(tmp_path / "two.extxyz", [atoms, atoms.repeat((1, 1, 2))], format="extxyz")
    with connect(str(tmp_path / "all.db")) as database:
        database.write(atoms)
    (tmp_path / "molecule.xyz").write_text("2\n\nH 0 0 0\nH 0 0 0.7\n")
    (tmp_path / "broken.vasp").write_text("Na\n1.0\n4 0 0\n0 4 0\n")
    (tmp_path / "notes.db").write_text("not a database")
    (tmp_path / "broken.extxyz").write_text('3\nLattice="1 0 0"\nNa 0 0')
    structures, names, problems = read_files([tmp_path])
    assert names == ["POSCAR", "all.db", "two.extxyz#1", "two.extxyz#2"]
    assert structures.n_atoms.tolist() == [8, 8, 8, 16]
    assert np.allclose(structures.volume, [5.64**3] * 3 + [2 * 5.64**3])
    assert sorted(p.name for p in problems) == ["broken.extxyz", "broken.vasp", "molecule.xyz", "notes.db"]
    said = {p.name: p.text for p in problems}
    assert "three-dimensional cell" in said["molecule.xyz"] and "no ASE database" in said["notes.db"]


def test_deuterium_and_uncertainties_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "d.cif"
    path.write_text(_loop("A D 0.25(2) 0 0 1\nB O2- 0.5 0.5 0.5 1").replace("_length_a 4", "_length_a 4.02(3)"))
    (found, complaints) = read_one(path)
    assert not complaints
    (_, (lattice, numbers, positions)) = found[0]
    assert lattice[0, 0] == pytest.approx(4.02) and numbers.tolist() == [1, 8] and positions[0, 0] == 0.25


def test_a_file_that_takes_too_long_costs_itself_alone(tmp_path: Path) -> None:
    """200,000 sites under 96 operations in a cell of 4 Å: minutes of work for no crystal at all."""
    (tmp_path / "a.cif").write_text(_NACL)
    rows = (f"A{i} Na {i * 0.37 % 1:.6f} {i * 0.61803 % 1:.6f} {i * 0.7548 % 1:.6f} 1" for i in range(200_000))
    (tmp_path / "b.cif").write_text(_loop("\n".join(rows), "_space_group_name_H-M_alt 'I a -3 d'"))
    (tmp_path / "c.cif").write_text(_NACL)
    structures, names, problems = read_files([tmp_path], seconds_a_file=4.0)
    assert names == ["a.cif", "c.cif"] and len(structures) == 2
    assert [(p.name, "longer than 4 s" in p.text) for p in problems] == [("b.cif", True)]
