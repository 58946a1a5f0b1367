"""Structures to asymmetric units and back, on pymatgen's AFLOW prototypes."""

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

from crystal_studio.crystal.asymmetric_unit import expand, n_atoms
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.primitive import primitive
from crystal_studio.crystal.projection import project
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.standardise import space_group_numbers, to_asymmetric_units


def to_pymatgen(batch: Structures, i: int) -> Structure:
    atoms = batch.atoms(i)
    return Structure(batch.lattice[i], batch.numbers[atoms], batch.positions[atoms])


@pytest.fixture(scope="module")
def prototypes() -> tuple[list[Structure], Structures]:
    from pymatgen.analysis.prototypes import AFLOW_PROTOTYPE_LIBRARY

    found = [entry["snl"].structure for entry in AFLOW_PROTOTYPE_LIBRARY]
    found = [s for s in found if s.is_ordered and len(s) <= 60]
    batch = Structures.from_lists(
        [s.lattice.matrix for s in found], [s.atomic_numbers for s in found], [s.frac_coords for s in found]
    )
    return found, batch


def test_prototypes_survive(prototypes):
    known, batch = prototypes
    assert len(known) > 200
    units, ok, reasons = to_asymmetric_units(batch, 0.01)
    assert ok.all(), reasons
    cells = expand(units)
    small = primitive(cells, units.space_group)
    assert (small.n_atoms == n_atoms(units, primitive=True)).all()
    matcher = StructureMatcher(primitive_cell=True, attempt_supercell=False)
    for i, structure in enumerate(known):
        assert matcher.fit(structure, to_pymatgen(small, i)), f"{structure.formula} changed"
    found = space_group_numbers(cells, 0.01)
    assert (found == units.space_group).mean() > 0.99


def test_projection_keeps_what_is_right(prototypes):
    units, _, _ = to_asymmetric_units(prototypes[1], 0.01)
    classes = tables().site_class[np.maximum(units.wyckoff, 0)]
    again = project(units.space_group, units.lattice, units.numbers, classes, units.positions)
    same = (again.wyckoff == units.wyckoff)[units.mask]
    assert same.all()
    gap = (again.positions - units.positions)[units.mask]
    assert np.abs(gap - np.rint(gap)).max() < 1e-6


@pytest.mark.parametrize(
    "number, letters, elements, formula",
    [(225, "ab", (11, 17), "NaCl"), (221, "abc", (38, 22, 8), "SrTiO3"), (227, "ade", (3, 25, 8), "LiMn2O4")],
)
def test_textbook_structures_expand(number, letters, elements, formula):
    table = tables()
    rows = [table.wyckoff_row(number, letter) for letter in letters]
    points = table.origin[rows] + table.linear[rows] @ np.array([0.2624] * 3)
    units = AsymmetricUnits(
        np.array([number], np.int16),
        np.eye(3)[None] * 6.0,
        np.array([elements], np.int16),
        np.array([rows], np.int16),
        points[None] % 1.0,
    )
    structure = to_pymatgen(expand(units), 0)
    assert structure.composition.reduced_formula == formula
    assert space_group_numbers(expand(units), 0.01)[0] == number


def test_a_cell_without_symmetry_is_kept_as_it_is():
    rng = np.random.default_rng(5)
    cell = np.array([[4.0, 0.1, 0.2], [0.3, 5.0, 0.1], [0.5, 0.7, 6.0]])
    batch = Structures.from_lists([cell], [[6, 7, 8, 9]], [rng.random((4, 3))])
    units, ok, _ = to_asymmetric_units(batch, 1e-3)
    assert ok.all() and units.space_group[0] == 1 and units.n_orbits[0] == 4


def test_overlapping_atoms_are_reported_not_raised():
    batch = Structures.from_lists(
        [np.eye(3) * 4, np.eye(3), np.zeros((3, 3)), np.eye(3) * 3],
        [[6, 6], [], [6], [6]],
        [[[0, 0, 0], [0, 0, 1e-4]], np.zeros((0, 3)), [[0, 0, 0]], [[0, 0, 0]]],
    )
    units, ok, reasons = to_asymmetric_units(batch)
    assert ok.tolist() == [False, False, False, True] and len(units) == 4
    assert all(bool(reason) != good for reason, good in zip(reasons, ok, strict=True))
    assert space_group_numbers(batch).tolist() == [0, 0, 0, 221]
