"""The user's own reference sets: kept once, named, checked, and asked with the answer of brute force."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crystal_studio import paths
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import formulas
from crystal_studio.data import gathering, hull_table, reference_sets
from crystal_studio.data.fingerprints import fingerprints
from crystal_studio.data.hull import GIVEN, ReferenceHull
from crystal_studio.errors import FileError, KnownError

FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
ROCK_SALT = np.concatenate([FCC, FCC + np.array([0.5, 0, 0])])
POSCAR = "NaCl\n{a}\n0 0.5 0.5\n0.5 0 0.5\n0.5 0.5 0\nNa Cl\n1 1\ndirect\n0 0 0\n0.5 0.5 0.5\n"


def rock_salt(a: float = 5.64, c: float = 1.0) -> Structures:
    return Structures.from_lists([np.diag([a, a, a * c])], [[11] * 4 + [17] * 4], [ROCK_SALT])


def primitive() -> Structures:
    return Structures.from_lists([5.7 / 2 * (1 - np.eye(3))], [[11, 17]], [[[0.1, 0.2, 0.3], [0.6, 0.7, 0.8]]])


@pytest.fixture
def poscar(tmp_path: Path) -> Path:
    file = tmp_path / "POSCAR-salt"
    file.write_text(POSCAR.format(a=5.64))
    return file


def test_files_become_a_set_that_is_listed_read_and_removed(poscar: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.cif").write_text("data_x\n")
    card, problems = gathering.add_files("mine", [poscar, tmp_path / "bad.cif"])
    assert (card.name, card.structures, dict(card.energies)) == ("mine", 1, {}) and card.sources[0] == str(poscar)
    assert [p.name for p in problems] == ["bad.cif"]
    assert reference_sets.cards() == [card]
    kept = reference_sets.load("mine")
    assert kept.ids.tolist() == ["POSCAR-salt"] and kept.formulas.tolist() == ["NaCl"]
    assert np.allclose(kept.vectors, fingerprints(kept.structures))
    with pytest.raises(KnownError, match="mine already"):
        gathering.add_files("mine", [poscar])
    reference_sets.remove("mine")
    assert reference_sets.cards() == [] and not list(paths.references().iterdir())
    with pytest.raises(KnownError, match="no reference set 'mine': there is none"):
        reference_sets.remove("mine")


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "a b"])
def test_names_that_would_leave_the_folder_are_refused(name: str, poscar: Path) -> None:
    with pytest.raises(KnownError, match="cannot be the name"):
        gathering.add_files(name, [poscar])
    with pytest.raises(KnownError, match="no reference set"):
        reference_sets.remove(name)


def test_a_set_knows_its_crystals_whatever_their_cell_and_tells_others_apart() -> None:
    both = Structures.concatenate([rock_salt(c=2.8), rock_salt()])
    gathering.add_structures("mine", both, ["stretched", "salt"], ["by hand"])
    asked = Structures.concatenate(
        [
            primitive(),
            rock_salt(c=1.6),
            Structures.from_lists([4 * np.eye(3)], [[55, 17]], [[[0, 0, 0], [0.5, 0.5, 0.5]]]),
        ]
    )
    found = reference_sets.load("mine").find(asked, formulas(asked), fingerprints(asked))
    assert found.same.tolist() == [True, False, False]
    assert found.row.tolist()[::2] == [1, -1] and found.row[1] >= 0
    assert found.distance[0] < 1e-3 < found.distance[1] and np.isnan(found.distance[2])


def test_checksums_say_what_changed() -> None:
    gathering.add_structures("mine", rock_salt(), ["salt"], [])
    gathering.add_structures("other", rock_salt(), ["salt"], [])
    recorded = reference_sets.checksums()
    assert list(recorded) == ["mine/structures.npz", "other/structures.npz"]
    reference_sets.remove("other")
    reference_sets.remove("mine")
    gathering.add_structures("mine", primitive(), ["salt"], [])
    still, sentences = reference_sets.unchanged(recorded)
    assert still == ()
    assert [s.split(":")[0] for s in sentences] == [
        "The reference set mine is not what it was since this campaign began",
        "The reference set other is gone since this campaign began",
    ]
    assert reference_sets.unchanged(reference_sets.checksums()) == (("mine/structures.npz",), [])


def test_damage_is_told_with_the_remedy() -> None:
    gathering.add_structures("mine", rock_salt(), ["salt"], [])
    file = paths.references() / "mine" / "structures.npz"
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(FileError, match="mine is damaged: remove it"):
        reference_sets.load("mine")
    (paths.references() / "mine" / "card.json").write_text("{")
    with pytest.raises(FileError, match="mine is damaged: remove it"):
        reference_sets.cards()
    reference_sets.remove("mine")


def test_a_table_joins_the_hull_of_the_method_that_computed_it(poscar: Path, tmp_path: Path) -> None:
    table = tmp_path / "energies.csv"
    table.write_text(
        "file,composition,energy_per_atom,method,corrected,id\n"
        f"{poscar.name},,-3.40,chgnet,yes,salt\n,Na3Cl,-2.5,chgnet,,\n,NaCl3,-2.4,sevennet,yes,\n"
    )
    card, _ = gathering.add_files("mine", [], table)
    assert dict(card.energies) == {"chgnet": 2, "sevennet": 1} and card.structures == 1
    files = tuple(reference_sets.checksums())
    paths_of = reference_sets.hull_files(files, "chgnet")
    hull, plain = ReferenceHull.joined("chgnet", paths_of), ReferenceHull.load("chgnet")
    assert len(hull) == len(plain) + 2 and hull.ids[-2:].tolist() == ["salt", "Na3Cl"]
    assert hull.kind[-2:].tolist() == [GIVEN] * 2 and hull.energy[-1] == pytest.approx(-2.5)
    assert ReferenceHull.joined("chgnet", ()) is plain


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (",NaCl,-3.4,PBE,", "its energy is by PBE, and there are reference hulls by chgnet, sevennet. .* two scales"),
        (",NaCl,-3.4,,", "does not say which method"),
        (",NaCl,-3.4,chgnet,no", "holds the MP2020 corrections, which this energy lacks"),
        (",NaCl,-3.4,mace-small-raw,yes", "is without the MP2020 corrections, which this energy holds"),
        (",NaCl,-3.4,chgnet,perhaps", "write yes or no"),
        (",NaCl,low,chgnet,", "'low' is no energy"),
        (",NaCl,nan,chgnet,", "'nan' is no energy"),
        (",Xx2,-3.4,chgnet,", "'Xx2' is no composition"),
        (",,-3.4,chgnet,", "is no composition"),
        ("gone.cif,,-3.4,chgnet,", "gone.cif: There is no such file"),
    ],
)
def test_an_energy_that_cannot_stand_on_the_hull_is_refused_with_its_line(line: str, why: str, tmp_path: Path) -> None:
    table = tmp_path / "energies.csv"
    table.write_text(f"file,composition,energy_per_atom,method,corrected\n,Na,-1.3,chgnet,\n{line}\n")
    with pytest.raises(KnownError, match=f"Line 3 of energies.csv.*{why}"):
        hull_table.read(table, known=["chgnet", "sevennet", *(["mace-small-raw"] if "raw" in line else [])])
    assert not paths.references().exists()


def test_what_is_no_table_is_told_its_columns(tmp_path: Path) -> None:
    table = tmp_path / "energies.csv"
    table.write_text("a,b\n1,2\n")
    with pytest.raises(FileError, match="needs the columns energy_per_atom"):
        hull_table.read(table)
    with pytest.raises(FileError, match="cannot be read"):
        hull_table.read(tmp_path / "none.csv")
