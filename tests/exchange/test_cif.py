"""CIFs that we write are the same structure for gemmi, pymatgen and ASE."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import spglib
from hypothesis import given, settings
from hypothesis import strategies as st
from textbook_crystals import ATOMS, STRUCTURES, units

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.lattice import cell_parameters, constrain, from_k
from crystal_studio.crystal.neighbours import minimum_distances
from crystal_studio.crystal.space_groups import tables
from crystal_studio.exchange.cif import cif_text, reads_back


def _same(lattice: np.ndarray, numbers: np.ndarray, positions: np.ndarray, wanted: Structures) -> bool:
    """One to one, by element, to 1e-4 of an edge."""
    if len(numbers) != len(wanted.numbers):
        return False
    if not np.allclose(cell_parameters(np.array(lattice)[None]), cell_parameters(wanted.lattice), atol=1e-4):
        return False
    apart = positions[:, None] - wanted.positions
    near = (np.abs(apart - np.round(apart)) < 1e-4).all(-1) & (numbers[:, None] == wanted.numbers)
    return bool((near.sum(0) == 1).all() and (near.sum(1) == 1).all())


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("symmetrised", [True, False])
def test_three_readers_agree(name: str, symmetrised: bool, tmp_path: Path) -> None:
    import ase.io
    import gemmi
    from pymatgen.core import Structure

    one = units(name)
    whole = expand(one)
    assert len(whole.numbers) == ATOMS[name]
    path = tmp_path / "one.cif"
    path.write_text(cif_text(one if symmetrised else whole, name=name))
    assert reads_back(path.read_text(), whole)
    small = gemmi.read_small_structure(str(path))
    assert small.spacegroup.number == (STRUCTURES[name][0] if symmetrised else 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Structure.from_file(path)
        atoms = ase.io.read(path)
    assert _same(theirs.lattice.matrix, np.array(theirs.atomic_numbers), theirs.frac_coords, whole)
    assert _same(atoms.cell[:], atoms.numbers, atoms.get_scaled_positions(), whole)
    if symmetrised:
        assert atoms.info["spacegroup"].no == STRUCTURES[name][0]
    found = spglib.get_symmetry_dataset((theirs.lattice.matrix, theirs.frac_coords, theirs.atomic_numbers), 1e-3)
    assert found.number == STRUCTURES[name][0]


def test_the_text_states_group_multiplicity_and_letter() -> None:
    text = cif_text(units("spinel LiMn2O4"), name="spinel #1 'x'")
    lines = text.splitlines()
    assert lines[0] == "data_spinel__1__x_"
    assert "_space_group_IT_number 227" in lines and "_space_group_name_H-M_alt 'F d -3 m:2'" in lines
    assert "_chemical_formula_sum 'Li8 Mn16 O32'" in lines
    assert [line.split()[:4] for line in lines[-3:]] == [
        ["Li1", "Li", "8", "a"], ["Mn1", "Mn", "16", "d"], ["O1", "O", "32", "e"],
    ]  # fmt: skip
    assert sum(line.endswith("'") and line[0].isdigit() for line in lines) == 192


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 230), st.integers(0, 2**32))
def test_every_group_reads_back(group: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = tables()
    rows = rng.choice(table.wyckoff_rows(group), 2)
    k = constrain(np.append(rng.uniform(-0.08, 0.08, 5), 2.3)[None], np.array([group]))
    one = AsymmetricUnits(
        np.array([group], np.int16),
        from_k(k),
        np.array([[8, 25]], np.int16),
        rows[None].astype(np.int16),
        (np.einsum("nij,nj->ni", table.linear[rows], rng.random((2, 3))) + table.origin[rows])[None] % 1.0,
    )
    whole = expand(one)
    if minimum_distances(whole)[0] > 0.5:
        assert reads_back(cif_text(one), whole)
        assert reads_back(cif_text(whole), whole)
        moved = Structures(whole.lattice, whole.offsets, whole.numbers, whole.positions + 0.01, whole.orbit)
        assert not reads_back(cif_text(one), moved)


def test_a_left_handed_cell_keeps_its_hand_in_p1() -> None:
    from crystal_studio.exchange.cif_reader import crystals_of_text

    whole = expand(units("quartz"))
    left = Structures(
        whole.lattice * np.array([1.0, 1.0, -1.0])[:, None],
        whole.offsets,
        whole.numbers,
        whole.positions * np.array([1.0, 1.0, -1.0]) % 1.0,
        whole.orbit,
    )
    ((lattice, numbers, positions),) = crystals_of_text(cif_text(left))
    found = spglib.get_symmetry_dataset((lattice, positions, numbers), 1e-3)
    assert found.number == 154  # its mirror image would be 152
