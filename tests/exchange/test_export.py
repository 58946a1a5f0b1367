"""Exports read back as what was exported, appear whole, and fail in one sentence."""

from __future__ import annotations

import csv
import errno
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure
from textbook_crystals import STRUCTURES, all_units, units

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.composition import formulas
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import SYMPREC, space_group_numbers
from crystal_studio.errors import FileError, RequestError
from crystal_studio.exchange import files
from crystal_studio.exchange.export import export, file_names
from crystal_studio.exchange.exporters import exporters
from crystal_studio.exchange.one_file import read_one
from crystal_studio.exchange.problems import Problem

UNITS = all_units()
WHOLE = expand(UNITS)
FORMULAS = formulas(WHOLE)
NAMES = file_names(range(1, len(UNITS) + 1), FORMULAS, UNITS.space_group)


def _read(paths: list[Path]) -> Structures:
    crystals = []
    for path in paths:
        found, complaints = read_one(path)
        assert not complaints
        crystals += [crystal for _, crystal in found]
    return Structures.from_lists(*([c[k] for c in crystals] for k in range(3)))


@pytest.mark.parametrize("format", ["cif", "cif-p1", "poscar", "extxyz", "ase-db"])
@pytest.mark.parametrize("crystals", [UNITS, WHOLE], ids=["units", "cells"])
def test_structures_read_back(format: str, crystals: AsymmetricUnits | Structures, tmp_path: Path) -> None:
    told: list[Problem] = []
    seen: list[tuple[int, int]] = []
    columns = {"id": list(range(8)), "e_hull": [0.1, None, *[0.2] * 6]}
    paths = export(
        crystals, NAMES, format, tmp_path / "new" / "folder", columns=columns, report=told.append,
        progress=lambda *at: seen.append(at),
    )  # fmt: skip
    assert not told and seen[-1] == (len(UNITS),) * 2
    assert sorted(paths) == sorted((tmp_path / "new" / "folder").iterdir())
    assert len(paths) == (1 if exporters.get(format).single else len(UNITS))
    back = _read(paths)
    assert formulas(back) == FORMULAS
    assert back.n_atoms.tolist() == WHOLE.n_atoms.tolist()
    assert np.allclose(back.volume, WHOLE.volume, rtol=1e-6)


def test_names_follow_the_pattern() -> None:
    assert NAMES[0] == "1_NaCl_225"
    assert file_names([7], ["LiMn2O4"], [227], "{formula}/{id:05d}") == ["LiMn2O4_00007"]
    for wrong in ("{colour}", "{id", "{id!q}", "{}"):
        with pytest.raises(RequestError, match="pattern"):
            file_names([7], ["LiMn2O4"], [227], wrong)


def test_repeated_names_do_not_overwrite(tmp_path: Path) -> None:
    one = UNITS.take(np.array([0, 1, 2]))
    paths = export(one, ["a", "A", "a"], "cif", tmp_path)
    assert [p.name for p in paths] == ["a.cif", "A-2.cif", "a-3.cif"]


def test_tables(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    columns = {"id": list(range(8)), "formula": FORMULAS, "e_hull": [0.1, None, *[0.2] * 6], "note": ['a "b", c'] * 8}
    (path,) = export(WHOLE, NAMES, "csv", tmp_path, columns=columns)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["formula"] for r in rows] == FORMULAS
    assert (rows[0]["e_hull"], rows[1]["e_hull"], rows[0]["note"]) == ("0.1", "", 'a "b", c')
    (path,) = export(WHOLE, NAMES, "csv", tmp_path, title="plain")
    assert path.name == "plain.csv" and path.read_text().startswith("name,formula,n_atoms,a,b,c,alpha")
    (path,) = export(WHOLE, NAMES, "parquet", tmp_path, columns=columns)
    table = pq.read_table(path).to_pydict()
    assert table["e_hull"][:2] == [0.1, None]
    assert [len(n) for n in table["numbers"]] == WHOLE.n_atoms.tolist()
    assert np.allclose(np.array(table["lattice"][1]).reshape(3, 3), WHOLE.lattice[1])


def test_overlapping_atoms_are_written_in_p1_and_reported(tmp_path: Path) -> None:
    one = units("spinel LiMn2O4")
    # Oxygen moved to within 0.2 Å of manganese, which has the same place in no reader's eyes but ours.
    one.positions[0, 2] = 0.4999
    told: list[Problem] = []
    (path,) = export(one, ["close"], "cif", tmp_path, report=told.append)
    assert [p.name for p in told] == ["close"] and "written in P 1" in told[0].text
    assert _read([path]).n_atoms.tolist() == [56]


def test_formats_that_do_not_exist() -> None:
    with pytest.raises(RequestError, match="There is no format 'docx': choose one of cif, cif-p1") as caught:
        export(UNITS, NAMES, "docx", "anywhere")
    assert caught.value.field == "format"
    assert not Path("anywhere").exists()


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FileError, match="choose another"):
            export(UNITS, NAMES, "cif", place)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("format", ["cif", "csv", "poscar"])
def test_a_full_disk_leaves_no_half_file(format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old.cif").write_text("old")

    def full(self: Path, text: str, **_: object) -> int:
        with self.open("w") as file:
            file.write(text[: len(text) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.Path, "write_text", full)
    with pytest.raises(FileError, match="no space left"):
        export(UNITS.take(np.array([0])), ["old"], format, tmp_path)
    monkeypatch.undo()
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("old.cif", "old")]


def test_every_textbook_structure_is_named_once() -> None:
    assert len(set(NAMES)) == len(STRUCTURES)


def test_a_format_of_another_package_is_written(boxes, tmp_path: Path) -> None:
    from crystal_studio.design.chemistry import ChemicalSystem
    from crystal_studio.design.request import DesignRequest
    from crystal_studio.generators import registry

    water = DesignRequest(chemical_system=ChemicalSystem(("H", "O"), "exact"), count=3)
    made = registry.load("toy-boxes").sample(water, 0)
    paths = export(made, ["a", "b", "c"], "bonds", tmp_path, columns={"e_hull": [0.1, 0.2, 0.3]})
    assert [p.name for p in paths] == ["a.bonds", "b.bonds", "c.bonds"]
    lines = paths[1].read_text().splitlines()
    assert lines[0] == "b e_hull=0.2" and len(lines) == 1 + int(made.bonds.count[1])


@pytest.mark.parametrize("name", exporters.names())
def test_exporters_say_what_a_form_needs(name: str) -> None:
    one = exporters.get(name)
    assert one.name == name and one.title and one.help and (one.suffix.startswith(".") or not one.suffix)


def _off_symmetry(name: str, by: float) -> Structures:
    """A textbook crystal whose atoms are a little off their places, in Angstrom at most ``by``."""
    whole = expand(units(name))
    away = np.random.default_rng(5).normal(size=whole.positions.shape)
    away *= by / np.linalg.norm(away, axis=1, keepdims=True)
    return replace(whole, positions=whole.positions + away @ np.linalg.inv(whole.lattice[0]))


def _pymatgen(crystals: Structures) -> Structure:
    lattice, numbers, positions = crystals.cell(0)
    return Structure(lattice, numbers, positions)


@pytest.mark.parametrize("name", ["perovskite", "rutile", "spinel LiMn2O4", "corundum"])
def test_a_symmetrised_cif_is_in_the_group_of_its_row_and_keeps_the_structure(name: str, tmp_path: Path) -> None:
    told: list[Problem] = []
    group, crystal = STRUCTURES[name][0], _off_symmetry(name, 0.02)
    assert space_group_numbers(crystal).tolist() == [group]  # as its row says
    assert space_group_numbers(crystal, 0.01).tolist() == [1]
    for said in ({"space_group": [group]}, {}):
        (path,) = export(crystal, ["off"], "cif", tmp_path / str(len(said)), columns=said, report=told.append)
        assert f"_space_group_IT_number {group}\n" in path.read_text()
        back = _read([path])
        assert space_group_numbers(back, 0.001).tolist() == [group] and formulas(back) == formulas(crystal)
        whole = _pymatgen(crystal)
        alike = StructureMatcher(primitive_cell=True, scale=False, attempt_supercell=False)
        apart = alike.get_rms_dist(_pymatgen(back), whole)
        assert apart is not None and apart[1] * (whole.volume / len(whole)) ** (1 / 3) < SYMPREC
        assert back.volume[0] / back.n_atoms[0] == pytest.approx(whole.volume / len(whole), rel=0.01)
    # What says of itself that it has no symmetry (found at a finer tolerance, as imports are) is written so.
    (path,) = export(crystal, ["off"], "cif", tmp_path / "p1", columns={"space_group": [1]}, report=told.append)
    assert "_space_group_IT_number 1\n" in path.read_text() and not told
    back = _read([path])
    assert alike.get_rms_dist(_pymatgen(back), whole)[1] < 1e-6  # every atom where it was


def test_a_unit_in_less_symmetry_than_its_row_tells_is_symmetrised(tmp_path: Path) -> None:
    rocksalt = expand(units("rocksalt NaCl"))
    made = AsymmetricUnits(
        np.array([1], np.int16),
        rocksalt.lattice,
        rocksalt.numbers[None],
        np.full((1, len(rocksalt.numbers)), tables().wyckoff_row(1, "a")),
        rocksalt.positions[None],
    )
    for group in (225, 1):
        (path,) = export(made, ["salt"], "cif", tmp_path / str(group), columns={"space_group": [group]})
        assert f"_space_group_IT_number {group}\n" in path.read_text()


def test_a_group_that_the_cell_does_not_have_is_reported(tmp_path: Path) -> None:
    told: list[Problem] = []
    (path,) = export(WHOLE.take([0]), ["salt"], "cif", tmp_path, columns={"space_group": [194]}, report=told.append)
    assert "_space_group_IT_number 225\n" in path.read_text()
    assert "P6_3/mmc (194)" in told[0].text and "written in Fm-3m (225)" in told[0].text
