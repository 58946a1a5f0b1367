"""The command that builds the library, on a folder of small CIFs: resumable, counted, refused files named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from known_mofs import known

from crystal_studio.crystal.batches import Structures
from crystal_studio.errors import KnownError
from crystal_studio.exchange.cif import cif_text
from crystal_studio.mof import records
from crystal_studio.mof.build_blocks import collect, cut_all, cut_text, of_folder, shared
from crystal_studio.mof.fragments import Fragments


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two frameworks of one linker and one of its own, a twin of one, a salt, and a file that is no CIF."""
    place = tmp_path_factory.mktemp("cifs")
    for name in ("MOF-5", "UiO-66", "ZIF-8"):
        (place / f"{name}.cif").write_text(cif_text(known(name)))
    (place / "MOF-5b.cif").write_text(cif_text(known("MOF-5")))
    salt = Structures.from_lists([np.eye(3) * 5.6], [np.array([11, 17])], [np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]])])
    (place / "salt.cif").write_text(cif_text(salt))
    (place / "torn.cif").write_text("data_torn\nloop_\n_atom_site_fract_x\n")
    return place


def test_cutting_goes_on_where_it_stopped(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    assert not cut_all(of_folder(folder), path, seconds=-1.0)
    assert path.read_text() == ""
    first = list(of_folder(folder))[:2]
    assert cut_all(iter(first), path, seconds=100.0)
    with path.open("a") as file:
        file.write('{"name": "UiO-66", "reas')
    assert cut_all(of_folder(folder), path, seconds=100.0)
    found = dict(records.read(path))
    assert sorted(found) == ["MOF-5", "MOF-5b", "UiO-66", "ZIF-8", "salt", "torn"]
    assert {name: r for name, r in found.items() if isinstance(r, str)} == {"salt": "no_carbon", "torn": "unreadable"}
    before = path.read_text()
    assert cut_all(of_folder(folder), path, seconds=100.0) and path.read_text() == before


def test_frameworks_that_share_their_blocks() -> None:
    """UiO-66 shares its linker with both MOF-5, but not its node; ZIF-8 shares nothing."""
    members = {"MOF-5": {1, 2}, "MOF-5b": {1, 2}, "UiO-66": {1, 3}, "ZIF-8": {4}}
    assert shared(members, 1) == set(members)
    assert shared(members, 2) == {"MOF-5", "MOF-5b"}
    assert shared(members, 3) == set()
    # What is left of a chain of frameworks, each sharing a block with the next, is nothing.
    assert shared({"a": {1, 2}, "b": {2, 3}, "c": {3, 4}}, 2) == set()


def test_the_library_of_what_was_cut(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("rdkit", reason="RDKit, the optional extra 'mof', is not installed")
    path = tmp_path / "cut.jsonl"
    assert cut_all(of_folder(folder), path, seconds=100.0)
    library, mofs, counts = collect(path, least=2)
    assert counts == {"frameworks": 6, "cut": 4, "no_carbon": 1, "unreadable": 1, "kept": 2}
    assert mofs.name.tolist() == ["MOF-5", "MOF-5b"] and library.formula.tolist() == ["OZn4", "C8H4O4"]
    assert library.count.tolist() == [4, 12]
    with pytest.raises(KnownError, match="share their blocks"):
        collect(path, least=3)


def test_a_supercell_is_cut_as_its_primitive_cell() -> None:
    lattice, numbers, x = known("MOF-5").cell(0)
    twice = Structures.from_lists(
        [np.diag([2, 1, 1]) @ lattice], [np.tile(numbers, 2)], [np.concatenate([x, x + np.eye(3)[0]]) / [2, 1, 1]]
    )
    found = cut_text(cif_text(twice))
    assert isinstance(found, Fragments) and len(found.blocks) == 8
