"""Loaders on real files of every accepted kind, and on broken ones."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ase.build import bulk
from ase.db import connect
from ase.io import write

from crystal_studio.crystal.standardise import space_group_numbers
from crystal_studio.data.datasets import load
from crystal_studio.data.marginals import HISTOGRAMS, marginals
from crystal_studio.errors import FileError

CRYSTALS = [bulk("NaCl", "rocksalt", a=5.64), bulk("Si", "diamond", a=5.43), bulk("CsCl", "cesiumchloride", a=4.12)]
GROUPS = [225, 227, 221]


@pytest.fixture
def folder(tmp_path):
    cifs = tmp_path / "cifs"
    cifs.mkdir()
    for i, atoms in enumerate(CRYSTALS):
        write(cifs / f"{i}.cif", atoms)
    write(tmp_path / "all.extxyz", CRYSTALS)
    with connect(tmp_path / "all.db") as database:
        for atoms in CRYSTALS:
            database.write(atoms)
    texts = [(cifs / f"{i}.cif").read_text().replace('"', '""') for i in range(3)]
    rows = "".join(f'mp-{i},"{text}",{-i}\n' for i, text in enumerate(texts))
    (tmp_path / "all.csv").write_text("material_id,cif,formation_energy_per_atom\n" + rows)
    pq.write_table(
        pa.table(
            {
                "source_id": ["mp-0", "mp-1", "mp-2"],
                "lattice": [a.cell.cellpar().tolist() for a in CRYSTALS],
                "atomic_numbers": [a.numbers.tolist() for a in CRYSTALS],
                "frac_coords": [a.get_scaled_positions().ravel().tolist() for a in CRYSTALS],
                "split": ["train", "val", "train"],
            }
        ),
        tmp_path / "all.parquet",
    )
    return tmp_path


@pytest.mark.parametrize("name", ["cifs", "all.extxyz", "all.db", "all.csv", "all.parquet"])
def test_every_kind_gives_the_same_crystals(folder, name):
    dataset = load(folder / name)
    assert len(dataset) == 3 and len(dataset.ids) == 3
    assert space_group_numbers(dataset.structures, 0.01).tolist() == GROUPS
    assert np.allclose(
        dataset.structures.volume / dataset.structures.n_atoms, [a.get_volume() / len(a) for a in CRYSTALS]
    )


def test_splits_and_columns(folder):
    assert load(folder / "all.parquet", "train").ids.tolist() == ["mp-0", "mp-2"]
    assert load(folder / "all.csv").columns["formation_energy_per_atom"].tolist() == [0, -1, -2]
    with pytest.raises(FileError, match="split"):
        load(folder / "all.csv", "train")


def test_a_broken_file_among_good_ones_is_skipped_and_named(folder):
    (folder / "cifs" / "junk.cif").write_bytes(b"\x00\xff not a cif")
    (folder / "cifs" / "empty.cif").write_text("data_x\n_cell_length_a 3\n")
    dataset = load(folder / "cifs")
    assert len(dataset) == 3
    assert {name for name, _ in dataset.skipped} == {"junk.cif", "empty.cif"}


@pytest.mark.parametrize(
    "name, text",
    [
        ("no.parquet", None),
        ("bad.parquet", "junk"),
        ("bad.csv", "a,b\n1,2\n"),
        ("what.zip", "x"),
        ("none.extxyz", ""),
        ("bad.extxyz", "2\nLattice\nH"),
        ("bad.db", "junk"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, name, text):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(FileError):
        load(tmp_path / name)


def test_shipped_statistics_agree_with_each_other():
    found = marginals()
    total = found.source["crystals"]
    assert found.space_group_counts.sum() == found.orbit_counts.sum() == sum(found.templates.values()) == total
    assert (
        found.orbit_element_counts.sum() == (found.orbit_counts.sum(0) * np.arange(found.orbit_counts.shape[1])).sum()
    )
    assert (
        found.site_class_counts.sum((1, 2)) == 15 * found.orbit_counts @ np.arange(found.orbit_counts.shape[1])
    ).all()
    assert found.element_counts[8] == found.element_counts.max(), "oxygen is the commonest element"
    assert found.templates["225:a b c"] > 1000
    assert set(HISTOGRAMS) == set(found.histograms)
    assert "CC BY" in found.source["licence"]


CIF = """data_x
_cell_length_a 4.2
_cell_length_b 4.2
_cell_length_c 4.2
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
{symmetry}
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Mg1 Mg 0 0 0
{site} 0.5 0.5 0.5
"""


@pytest.mark.parametrize(
    ("site", "symmetry"),
    [
        ("Xx1 Xx", ""),
        ("Q1 ?", ""),
        ("77 77", ""),
        ("O1 O", "_space_group_name_H-M_alt 'F q -3 z'\n_space_group_IT_number 225"),
        ("O1 O", "_space_group_IT_number 225"),
    ],
)
def test_a_symbol_that_is_none_costs_the_file_alone_wherever_it_is_read(tmp_path, site, symmetry):
    """A wrong cell must never be read in silence: import, training data and evaluation agree on every file."""
    from crystal_studio.evaluation.crystal_set import read
    from crystal_studio.evaluation.parallel import Workers
    from crystal_studio.exchange.one_file import read_one

    (tmp_path / "good.cif").write_text(CIF.format(symmetry="", site="O1 O"))
    (tmp_path / "bad.cif").write_text(CIF.format(symmetry=symmetry, site=site))
    pq.write_table(
        pa.table({"id": ["good", "bad"], "cif": [(tmp_path / f"{n}.cif").read_text() for n in ("good", "bad")]}),
        tmp_path / "both.parquet",
    )
    assert not read_one(tmp_path / "bad.cif")[0] and len(read_one(tmp_path / "good.cif")[0]) == 1
    for path, name in ((tmp_path, "bad.cif"), (tmp_path / "both.parquet", "bad")):
        dataset = load(path) if path.is_file() else load(tmp_path)
        assert dataset.structures.numbers.tolist() == [12, 8]
        assert [n for n, _ in dataset.skipped] == [name]
    with Workers(1) as workers:
        assert [n for n, _ in read(tmp_path / "both.parquet", workers).unreadable] == ["bad"]


def test_rows_that_are_no_crystal_are_skipped_with_their_reason(folder):
    table = pa.table(
        {
            "source_id": ["good", "flat", "short", "nothing", "alien"],
            "lattice": [[4.0, 4, 4, 90, 90, 90], [4.0, 4, 0, 90, 90, 90], [4.0] * 6, [4.0] * 6, [4.0] * 3 + [90.0] * 3],
            "atomic_numbers": [[11], [11], [11, 17], [], [130]],
            "frac_coords": [[0.0, 0, 0], [0.0, 0, 0], [0.0, 0, 0], [], [0.0, 0, 0]],
        }
    )
    pq.write_table(table, folder / "rows.parquet")
    dataset = load(folder / "rows.parquet")
    assert dataset.ids.tolist() == ["good"]
    reasons = dict(dataset.skipped)
    assert list(reasons) == ["flat", "short", "nothing", "alien"]
    for name, words in {"flat": "volume", "short": "2 atoms", "nothing": "no atoms", "alien": "element"}.items():
        assert words in reasons[name]
