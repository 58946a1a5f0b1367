"""The same crystals out of every kind of file, and malformed entries beside them."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from salts import GROUPS, cif_texts, salts, write_parquet

from crystal_studio.crystal.composition import formulas
from crystal_studio.crystal.lattice import cell_parameters
from crystal_studio.errors import FileError
from crystal_studio.evaluation.crystal_set import CrystalSet, read
from crystal_studio.evaluation.parallel import Workers

ALL = formulas(salts())


def load(path: Path, **options) -> CrystalSet:
    with Workers(1) as workers:
        return read(path, workers, **options)


def ours(path: Path) -> Path:
    return write_parquet(path / "set.parquet", salts())


def of_mp20(path: Path) -> Path:
    with (path / "set.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "material_id", "formation_energy_per_atom", "cif", "spacegroup.number"])
        writer.writerows([i, f"mp-{i}", -1.0, text, GROUPS[i]] for i, text in enumerate(cif_texts(salts())))
    return path / "set.csv"


def cifs_in_parquet(path: Path) -> Path:
    pd.DataFrame({"cif": cif_texts(salts())}).to_parquet(path / "set.parquet")
    return path / "set.parquet"


def pymatgen_json(path: Path) -> Path:
    from pymatgen.core import Structure

    texts = [Structure.from_str(text, "cif").to_json() for text in cif_texts(salts())]
    pd.DataFrame({"structure": texts}).to_csv(path / "set.csv")
    return path / "set.csv"


def lengths_and_angles(path: Path) -> Path:
    made, rows = salts(), [salts().atoms(i) for i in range(10)]
    cells = cell_parameters(made.lattice)
    pd.DataFrame(
        {
            "lengths": cells[:, :3].tolist(),
            "angles": cells[:, 3:].tolist(),
            "atom_types": [made.numbers[r].tolist() for r in rows],
            "frac_coords": [made.positions[r].tolist() for r in rows],
        }
    ).to_parquet(path / "set.parquet")
    return path / "set.parquet"


def folder(path: Path) -> Path:
    for i, text in enumerate(cif_texts(salts())):
        (path / f"{i:02}.cif").write_text(text)
    return path


def one_cif(path: Path) -> Path:
    (path / "set.cif").write_text("\n".join(cif_texts(salts())))
    return path / "set.cif"


def exported(kind: str) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        from crystal_studio.exchange.export import export

        return export(salts(), [str(i) for i in range(10)], kind, path, title="set")[0]

    return write


KINDS = [ours, of_mp20, cifs_in_parquet, pymatgen_json, lengths_and_angles, folder, one_cif]


@pytest.mark.parametrize("write", [*KINDS, *map(exported, ("extxyz", "ase-db", "parquet"))])
def test_the_same_crystals_from_every_file(write: Callable[[Path], Path], tmp_path: Path) -> None:
    found = load(write(tmp_path))
    assert found.total == len(found) == 10
    assert formulas(found.structures) == ALL
    np.testing.assert_allclose(cell_parameters(found.structures.lattice), cell_parameters(salts().lattice), atol=1e-4)
    assert (found.structures.n_atoms == salts().n_atoms).all()
    assert len(load(write(tmp_path), count=3)) == 3


def test_project_with_the_groups_asked_for(tmp_path: Path) -> None:
    from crystal_studio.campaign.importing import import_files

    files = tmp_path / "files"
    files.mkdir()
    folder(files)
    project = tmp_path / "p.crystals"
    first = import_files(project, [files])
    second = import_files(project, [files / "00.cif"])
    found = load(project)
    assert len(found) == 11 and found.asked is not None
    assert found.asked.tolist() == [*GROUPS, GROUPS[0]]
    assert len(load(project, campaign=first.campaign_id)) == 10
    assert len(load(project, campaign=second.campaign_id)) == 1


def test_malformed_entries_are_listed(tmp_path: Path) -> None:
    good = cif_texts(salts())[0]
    half = re.sub(r"(Na0 .*)1$", r"\g<1>0.5", good, flags=re.MULTILINE)
    texts = ["", "no cif", good, good.replace("_cell_length_a", "_cell_length_x"), half, None]
    pd.DataFrame({"cif": texts, "material_id": list("abcdef"), "asked_space_group": range(1, 7)}).to_csv(
        tmp_path / "set.csv"
    )
    found = load(tmp_path / "set.csv")
    assert found.total == 6 and found.ids.tolist() == ["c"]
    assert [name for name, _ in found.unreadable] == ["a", "b", "d", "e", "f"]
    assert all(reason for _, reason in found.unreadable)
    assert found.asked is not None and found.asked.tolist() == [3]


def test_numbers_that_are_no_crystal(tmp_path: Path) -> None:
    rows = [
        ([4, 4, 4, 90, 90, 90], [11], [0.0, 0, 0]),
        ([4, 4, 4, 90, 90, 90], [11, 17], [0.0, 0, 0]),  # one position too few
        ([4, 4, 4, 90, 90, 90], [200], [0.0, 0, 0]),
        ([4, 4, float("nan"), 90, 90, 90], [11], [0.0, 0, 0]),
        ([4, 4, 4, 90, 90, 0], [11], [0.0, 0, 0]),
        ([4, 4, 4], [11], [0.0, 0, 0]),
        ([4, 4, 4, 90, 90, 90], [], []),
    ]
    pd.DataFrame(rows, columns=["lattice", "atomic_numbers", "frac_coords"]).to_parquet(tmp_path / "set.parquet")
    found = load(tmp_path / "set.parquet")
    assert len(found) == 1 and found.total == len(rows)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.parquet", None, "does not exist"),
        ("a.parquet", b"nonsense", "not a parquet file"),
        ("a.txt", b"nonsense", "unknown kind"),
        ("a.csv", b"formula\nNaCl\n", "column 'cif'"),
        ("a.csv", b"cif\n", "no entry"),
        ("a.extxyz", b"two\natoms\n", "cannot be read"),
    ],
)
def test_files_that_cannot_be_used(name: str, content: bytes | None, words: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=words):
        load(tmp_path / name)


def test_rest_of_a_torn_file_is_listed(tmp_path: Path) -> None:
    path = exported("extxyz")(tmp_path)
    path.write_text(path.read_text()[:-40])
    found = load(path)
    assert len(found) == 9 and len(found.unreadable) == 1
