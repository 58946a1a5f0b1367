"""Files changed by chance or malice: each costs itself alone, in reading and in the search for its symmetry."""

from __future__ import annotations

from pathlib import Path

import pytest
from textbook_crystals import units

from crystal_studio.campaign.importing import import_files
from crystal_studio.exchange.cif import cif_text
from crystal_studio.exchange.readers import read_files
from crystal_studio.project.queries import ProjectReader

_SALT = cif_text(units("rocksalt NaCl"), name="NaCl")


def _with(**items: str) -> bytes:
    lines = _SALT.splitlines()
    for name, value in items.items():
        lines = [f"_cell_{name} {value}" if line.startswith(f"_cell_{name} ") else line for line in lines]
    return "\n".join(lines).encode()


def _poscar(*vectors: str) -> bytes:
    return "\n".join(["Na Cl", "1.0", *vectors, "Na Cl", "1 1", "Direct", "0 0 0", "0.5 0.5 0.5", ""]).encode()


MUTATED = {
    "zero_edge.cif": _with(length_a="0"),
    "zero_edges.cif": _with(length_a="0", length_b="0", length_c="0"),
    "zero_angle.cif": _with(angle_alpha="0"),
    "flat.cif": _with(angle_alpha="120", angle_beta="120", angle_gamma="120"),
    "impossible.cif": _with(angle_alpha="30", angle_beta="30", angle_gamma="120"),
    "half_turn.cif": _with(angle_gamma="180"),
    "nan.cif": _with(length_c="nan"),
    "infinite.cif": _with(length_c="inf"),
    "tiny.cif": _with(length_a="1e-9", length_b="1e-9", length_c="1e-9"),
    "empty.cif": b"",
    "binary.cif": bytes(range(256)) * 40,
    "cut.cif": _SALT[: len(_SALT) // 2].encode(),
    "singular.vasp": _poscar("4 0 0", "8 0 0", "0 0 4"),
    "zero.vasp": _poscar("0 0 0", "0 0 0", "0 0 0"),
    "nan.vasp": _poscar("nan 0 0", "0 4 0", "0 0 4"),
    "nearly_flat.vasp": _poscar("4 0 0", "4 1e-7 0", "0 0 4"),
    "binary.vasp": bytes(range(256)) * 40,
    "empty.vasp": b"",
    "singular.extxyz": b'2\nLattice="4 0 0 8 0 0 0 0 4" Properties=species:S:1:pos:R:3\nNa 0 0 0\nCl 2 2 2\n',
    "zero.extxyz": b'1\nLattice="0 0 0 0 0 0 0 0 0" Properties=species:S:1:pos:R:3\nNa 0 0 0\n',
    "empty.extxyz": b"",
    "binary.extxyz": bytes(range(256)) * 40,
    "empty.db": b"",
    "binary.db": b"SQLite format 3\0" + bytes(range(256)) * 40,
}


STRANGE = {
    "negative.cif": _with(length_b="-5.64"),
    "overflow.cif": _with(length_c="1e300"),
    "skewed.cif": _with(length_b="90", angle_beta="-1"),
}
"""Read or not: nothing else may suffer. The search for the symmetry of the last one never ends."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Every mutated file between two good ones."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "0_good.cif").write_text(_SALT)
    (files / "zz_good.cif").write_text(_SALT)
    for name, content in MUTATED.items():
        (files / name).write_bytes(content)
    return files


def test_mutated_files_are_named_and_the_good_ones_read(folder: Path) -> None:
    structures, names, problems = read_files([folder])
    assert names == ["0_good.cif", "zz_good.cif"] and len(structures) == 2
    assert sorted(p.name for p in problems) == sorted(MUTATED)
    assert all(p.text.endswith(".") and "Traceback" not in p.text and "\n" not in p.text for p in problems)


def test_an_import_of_all_of_them_holds_the_good_ones(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crystal_studio.campaign.standardising.SECONDS", 4.0)
    for name, content in STRANGE.items():
        (folder / name).write_bytes(content)
    imported = import_files(tmp_path / "test.crystals", [folder])
    refused = {name for name, _ in imported.problems}
    assert refused >= MUTATED.keys() and not {"0_good.cif", "zz_good.cif"} & refused
    assert "skewed.cif" in refused  # for its cell, or because the search for its symmetry does not end
    assert len(imported.ids) + len(refused) == len(MUTATED) + len(STRANGE) + 2
    with ProjectReader(tmp_path / "test.crystals") as reader:
        assert reader.count() == len(imported.ids)
