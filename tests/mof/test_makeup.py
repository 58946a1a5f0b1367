"""What known frameworks are made of."""

from __future__ import annotations

import numpy as np
import pytest
from framework_parts import in_blocks

from crystal_studio.candidates.batch import Candidates
from crystal_studio.mof.makeup import makeup, makeup_of


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("HKUST-1", [("Node", "Cu2", 8, 6), ("Linker", "C9H3O6", 6, 8)]),
        ("MOF-5", [("Node", "Zn4O", 12, 2), ("Linker", "C8H4O4", 4, 6)]),
        ("ZIF-8", [("Node", "Zn", 4, 6), ("Linker", "C4H5N2", 2, 12)]),
    ],
)
def test_known_frameworks_by_kind(name, kinds):
    found = makeup_of(in_blocks(name))
    assert [(k.title, k.formula, k.points, k.count) for k in found.kinds] == kinds
    assert found.dimension == 3 and found.loose == 0
    assert np.bincount(found.kind_of_block).tolist() == [count for *_, count in kinds]


def test_shapes_of_one_bond_graph_are_one_kind_and_other_graphs_are_not():
    framework = in_blocks("MOF-5")
    numbers, bonds, (names, block) = framework.structures.numbers, framework.bonds.of(0), framework.blocks.of(0)
    linker = np.flatnonzero(names == "C8H4O4")
    named = names.copy()
    named[linker] = [f"C8H4O4-4-0a1b2c-{k}" for k in range(len(linker))]
    assert [k.count for k in makeup(numbers, bonds, (named, block)).kinds] == [2, len(linker)]
    named[linker[0]] = "C8H4O4-4-0d1b2c-0"
    assert [k.count for k in makeup(numbers, bonds, (named, block)).kinds] == [2, len(linker) - 1, 1]


def test_guests_and_atoms_of_no_block():
    framework = in_blocks("MOF-5")
    bonds, (names, block) = framework.bonds.of(0), framework.blocks.of(0)
    numbers = np.append(framework.structures.numbers, [18, 10])  # an argon as a block, a neon as none
    found = makeup(numbers, bonds, (np.append(names, "Ar"), np.append(block, [len(names), -1])))
    assert found.kinds[-1].title == "Guest" and found.kinds[-1].formula == "Ar"
    assert found.loose == 1 and found.kind_of_atom[-1] == -1


def test_without_bonds_or_blocks_nothing_is_said():
    framework = in_blocks("MOF-5")
    assert makeup_of(Candidates.of_structures(framework.structures)) is None
    assert makeup_of(Candidates(framework.structures, np.zeros(1, np.int16), bonds=framework.bonds)) is None
