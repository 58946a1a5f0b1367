"""Bonds survive a CIF, with symmetry and without, and a loop that cannot be right costs the bonds alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from textbook_crystals import units

from crystal_studio.campaign.importing import import_files
from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.bonds import Bonds, BondTable
from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.lattice import constrain, from_k
from crystal_studio.crystal.neighbours import bonds, minimum_distances
from crystal_studio.crystal.space_groups import tables
from crystal_studio.exchange.export import export
from crystal_studio.exchange.one_file import read_bonded
from crystal_studio.exchange.problems import Problem
from crystal_studio.exchange.readers import read_candidates
from crystal_studio.project.queries import ProjectReader

DRY_ICE = """data_CO2
_cell_length_a 5.624
_cell_length_b 5.624
_cell_length_c 5.624
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'P a -3'
loop_
_symmetry_equiv_pos_as_xyz
'x,y,z' '-x+1/2,-y,z+1/2' '-x,y+1/2,-z+1/2' 'x+1/2,-y+1/2,-z' 'z,x,y' 'z+1/2,-x+1/2,-y' '-z+1/2,-x,y+1/2'
'-z,x+1/2,-y+1/2' 'y,z,x' '-y,z+1/2,-x+1/2' 'y+1/2,-z+1/2,-x' '-y+1/2,-z,x+1/2' '-x,-y,-z' 'x+1/2,y,-z+1/2'
'x,-y+1/2,z+1/2' '-x+1/2,y+1/2,z' '-z,-x,-y' '-z+1/2,x+1/2,y' 'z+1/2,x,-y+1/2' 'z,-x+1/2,y+1/2' '-y,-z,-x'
'y,-z+1/2,x+1/2' '-y+1/2,z+1/2,x' 'y+1/2,z,-x+1/2'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
C1 C 0 0 0
O1 O 0.1185 0.1185 0.1185
loop_
_geom_bond_atom_site_label_1
_geom_bond_atom_site_label_2
_geom_bond_distance
_geom_bond_site_symmetry_2
_ccdc_geom_bond_type
C1 O1 1.154 . D
"""


def _same_bonds(found: tuple[Structures, BondTable], wanted: tuple[Structures, BondTable]) -> bool:
    """Whether both state the same bonds, whatever the order of their atoms and the cells these stand in."""
    (here, table), (there, other) = found, wanted
    apart = here.positions[:, None] - there.positions
    near = (np.abs(apart - np.rint(apart)) < 1e-4).all(-1) & (here.numbers[:, None] == there.numbers)
    row = near.argmax(1)
    shift = np.rint(here.positions - there.positions[row]).astype(int)
    pair, image, order = table
    image = image + shift[pair[:, 1]] - shift[pair[:, 0]]
    return near.sum(1).tolist() == [1] * len(row) and _keys(row[pair], image, order) == _keys(*other)


def _keys(pair, image, order) -> set:
    keys = set()
    for (i, j), n, o in zip(pair.tolist(), image.tolist(), order.tolist(), strict=True):
        keys |= {(i, j, *n, o), (j, i, *(-x for x in n), o)}
    return keys


def _table(cell: Structures) -> BondTable:
    """Bonds by distance, of orders that the elements decide: as symmetric as the atoms."""
    i, j, image = bonds(cell.lattice[0], cell.numbers, cell.positions, 1.3)
    order = np.array([0.0, 1.0, 1.5, 2.0, 3.0])[(cell.numbers[i] + cell.numbers[j]) % 5]
    return np.stack([i, j], 1).astype(np.int32), image.astype(np.int16), order.astype(np.float32)


def _through(candidates: Candidates, format: str, folder: Path) -> tuple[Structures, BondTable, list[Problem], str]:
    """Exported and read again, what was reported, and the text."""
    problems: list[Problem] = []
    (path,) = export(candidates, ["one"], format, folder, report=problems.append)
    ((_, crystal, table),), complaints = read_bonded(path)
    assert not complaints
    return Structures.from_lists(*([part] for part in crystal)), table, problems, path.read_text()


@settings(max_examples=25, deadline=None)
@given(group=st.integers(1, 230), seed=st.integers(0, 2**32), left=st.booleans())
def test_bonds_come_back_in_every_group_and_in_p1(group: int, seed: int, left: bool, tmp_path_factory) -> None:
    rng = np.random.default_rng(seed)
    known = tables()
    rows = rng.choice(known.wyckoff_rows(group), 2)
    k = constrain(np.append(rng.uniform(-0.08, 0.08, 5), 2.1)[None], np.array([group]))
    points = np.einsum("nij,nj->ni", known.linear[rows], rng.random((2, 3))) + known.origin[rows]
    one = AsymmetricUnits(
        np.array([group], np.int16), from_k(k), np.array([[8, 25]], np.int16), rows[None].astype(np.int16),
        points[None] % 1.0,
    )  # fmt: skip
    cell = expand(one)
    assume(minimum_distances(cell)[0] > 0.7 and len(cell.numbers) < 200)
    stated = _table(cell)
    assume(len(stated[0]))
    folder = tmp_path_factory.mktemp("bonds")
    both = replace(Candidates.of_units(one), bonds=Bonds.of_tables([stated]))
    read, table, problems, text = _through(both, "cif", folder)
    assert not problems
    assert _same_bonds((read, table), (cell, stated))
    assert text.count("_geom_bond_site_symmetry_2") == 1 and f"_space_group_IT_number {group}\n" in text
    if left:
        cell = replace(cell, lattice=-cell.lattice)
    whole = Candidates(cell, np.zeros(1, np.int16), bonds=Bonds.of_tables([stated]))
    read, table, problems, _ = _through(whole, "cif-p1", folder)
    assert not problems
    if left:  # the file's axes are turned, and with them every coordinate
        turned = replace(cell, lattice=-cell.lattice, positions=-cell.positions % 1.0)
        moved = np.rint(turned.positions + cell.positions).astype(int)
        image = -stated[1] - moved[stated[0][:, 1]] + moved[stated[0][:, 0]]
        cell, stated = turned, (stated[0], image, stated[2])
    assert _same_bonds((read, table), (cell, stated))


def test_one_line_stands_for_all_that_symmetry_makes_of_it(tmp_path: Path) -> None:
    path = tmp_path / "dry-ice.cif"
    path.write_text(DRY_ICE)
    read, _, problems = read_candidates([path])
    assert not problems and read.bonds is not None
    pair, image, order = read.bonds.of(0)
    cell = read.structures
    assert len(pair) == 8 and set(order.tolist()) == {2.0}
    assert set(map(tuple, np.sort(cell.numbers[pair], 1).tolist())) == {(6, 8)}
    ends = cell.positions[pair[:, 1]] + image - cell.positions[pair[:, 0]]
    assert np.allclose(np.linalg.norm(ends @ cell.lattice[0], axis=1), 1.154, atol=2e-3)


def test_bonds_less_symmetric_than_the_atoms_are_written_in_p1(tmp_path: Path) -> None:
    one = units("quartz")
    cell = expand(one)
    pair, image, order = _table(cell)
    order = order.copy()
    order[0] = 3.0 if order[0] != 3.0 else 2.0
    candidates = replace(Candidates.of_units(one), bonds=Bonds.of_tables([(pair, image, order)]))
    read, table, problems, _ = _through(candidates, "cif", tmp_path)
    assert [p.text for p in problems] == [
        "Its bonds do not obey the symmetry of its atoms. It was written in P 1, with all its atoms."
    ]
    assert _same_bonds((read, table), (cell, (pair, image, order)))


def test_a_table_of_distances_states_no_bonds(tmp_path: Path) -> None:
    path = tmp_path / "refined.cif"
    path.write_text(DRY_ICE.replace("_ccdc_geom_bond_type\n", "").replace(" . D", " ."))
    (found,), complaints = read_bonded(path)
    assert found[2] is None and not complaints


@pytest.mark.parametrize(
    ("old", "new", "clause"),
    [
        ("C1 O1 1.154 . D", "C1 O7 1.154 . D", "its bonds name O7, and no atom is called that"),
        ("C1 O1 1.154 . D", "C1 O1 1.354 . D", "its bonds are not as long as it says"),
        (
            "C1 O1 1.154 . D",
            "C1 O1 ? 99_555 D",
            "its bonds speak of the symmetry code 99_555, which means nothing here",
        ),
        ("C1 O1 1.154 . D", "C1 C1 0.0 . D", "it bonds an atom to itself"),
        ("O1 O 0.1185", "C1 O 0.1185", "its bonds name atoms by labels that several atoms share"),
    ],
)
def test_bonds_that_cannot_be_right_are_left_out_with_a_sentence(tmp_path, old: str, new: str, clause: str) -> None:
    path = tmp_path / "bad.cif"
    path.write_text(DRY_ICE.replace(old, new))
    (found,), complaints = read_bonded(path)
    assert len(found[1][1]) == 12 and found[2] is None
    assert complaints == [("", f"The bonds were left out: {clause}.")]


def test_an_import_keeps_the_bonds_and_what_has_none_is_standardised(tmp_path: Path) -> None:
    (tmp_path / "a.cif").write_text(DRY_ICE)
    (tmp_path / "b.cif").write_text(DRY_ICE[: DRY_ICE.index("loop_\n_geom")])
    imported = import_files(tmp_path / "p.crystals", [tmp_path / "a.cif", tmp_path / "b.cif"])
    assert not imported.problems
    with ProjectReader(tmp_path / "p.crystals") as reader:
        found = reader.batch(imported.ids)
    assert found.bonds is not None and found.bonds.known.tolist() == [True, False]
    assert found.bonds.count[0] == 8 and found.space_group.tolist() == [0, 205]
