"""Perceived bonds of known frameworks: as many as chemistry says, across cell faces, whatever the cell."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from known_mofs import NAMES, known

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.mof.bond_graph import parts_of
from crystal_studio.mof.bonds import neighbours, perceive_bonds


def kinds(structures: Structures, bonds, i: int = 0) -> dict[str, int]:
    """How many bonds of each pair of elements and order."""
    numbers = structures.cell(i)[1]
    rows = slice(bonds.offsets[i], bonds.offsets[i + 1])
    names = ["-".join(sorted(SYMBOLS[z] for z in numbers[pair])) for pair in bonds.atoms[rows]]
    return dict(Counter(f"{n} {o:g}" for n, o in zip(names, bonds.order[rows], strict=True)))


def test_known_frameworks() -> None:
    structures = known(*NAMES)
    bonds = perceive_bonds(structures)
    assert kinds(structures, bonds, 0) == {
        "Cu-O 0": 48, "C-C 1.5": 48, "C-O 1.5": 48, "C-H 1": 24, "C-C 1": 24,
    }  # fmt: skip
    assert kinds(structures, bonds, 1) == {
        "O-Zn 0": 32, "C-C 1.5": 36, "C-O 1.5": 24, "C-H 1": 24, "C-C 1": 12,
    }  # fmt: skip
    assert kinds(structures, bonds, 2) == {
        "N-Zn 0": 24, "C-C 1.5": 12, "C-N 1.5": 48, "C-H 1": 60, "C-C 1": 12,
    }  # fmt: skip
    # The phenolate oxygens of the linker of MOF-74 leave its ring aromatic.
    assert kinds(structures, bonds, 3) == {
        "Mg-O 0": 30, "C-C 1.5": 18, "C-O 1.5": 12, "C-O 1": 6, "C-H 1": 6, "C-C 1": 6,
    }  # fmt: skip
    assert kinds(structures, bonds, 4) == {
        "O-Zr 0": 48, "C-C 1.5": 36, "C-O 1.5": 24, "C-H 1": 24, "C-C 1": 12, "H-O 1": 4,
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_bonds_do_not_depend_on_the_cell(name: str) -> None:
    """In a sheared basis, with atoms moved by lattice vectors, the same atoms are bonded along the same vectors."""
    structures = known(name)
    lattice, numbers, positions = structures.cell(0)
    before = perceive_bonds(structures)
    shear = np.array([[1, 1, 0], [0, 1, 0], [2, 0, 1]])
    moved = Structures.from_lists([shear @ lattice], [numbers], [positions @ np.linalg.inv(shear)])
    after = perceive_bonds(moved)
    assert kinds(structures, before) == kinds(moved, after)

    def vectors(s: Structures, bonds) -> np.ndarray:
        cell, _, x = s.cell(0)
        return (x[bonds.atoms[:, 1]] + bonds.image - x[bonds.atoms[:, 0]]) @ cell

    rows = [np.lexsort(np.c_[np.round(vectors(s, b), 3), b.atoms].T) for s, b in ((structures, before), (moved, after))]
    np.testing.assert_array_equal(before.atoms[rows[0]], after.atoms[rows[1]])
    np.testing.assert_allclose(vectors(structures, before)[rows[0]], vectors(moved, after)[rows[1]], atol=1e-9)


def test_neighbours_against_brute_force() -> None:
    rng = np.random.default_rng(3)
    lattice = np.array([[4.0, 0.3, 0], [1.5, 3.0, 0.2], [-1.0, 0.4, 2.5]])
    positions = rng.uniform(-1.5, 2.5, (7, 3))
    pairs, image, distance = neighbours(lattice, positions, 3.1)
    found = Counter(zip(*pairs.T.tolist(), np.round(distance, 6).tolist(), strict=True))
    cells = np.stack(np.meshgrid(*[np.arange(-9, 10)] * 3, indexing="ij"), -1).reshape(-1, 3)
    expected: Counter = Counter()
    for i in range(7):
        for j in range(i, 7):
            length = np.linalg.norm((positions[j] + cells - positions[i]) @ lattice, axis=1)
            near = length[(length <= 3.1) & (length > 1e-9)]
            for value in np.round(near, 6).tolist():
                expected[i, j, value] += 1
    expected = Counter({key: n // 2 if key[0] == key[1] else n for key, n in expected.items()})
    assert found == expected
    apart = (positions[pairs[:, 1]] + image - positions[pairs[:, 0]]) @ lattice
    np.testing.assert_allclose(np.linalg.norm(apart, axis=1), distance, atol=1e-9)


def molecule(symbols: str, positions: list[list[float]]) -> dict[str, int]:
    """Bonds of a molecule in a box of 20 A."""
    numbers = np.array([SYMBOLS.index(s) for s in symbols.split()])
    box = Structures.from_lists([np.eye(3) * 20], [numbers], [np.array(positions) / 20 + 0.5])
    return kinds(box, perceive_bonds(box))


def test_a_metal_is_not_bonded_to_what_stands_behind_its_donors() -> None:
    """Chelating carboxylate and nitrate of lanthanum; a carbonyl stays bonded by its carbon."""
    carboxylate = molecule("La O O C H", [[0, 0, 0], [2.4, 1.1, 0], [2.4, -1.1, 0], [2.95, 0, 0], [4.05, 0, 0]])
    assert carboxylate == {"La-O 0": 2, "C-O 1.5": 2, "C-H 1": 1}
    nitrate = molecule("La O O N O", [[0, 0, 0], [2.4, 1.08, 0], [2.4, -1.08, 0], [3.0, 0, 0], [4.22, 0, 0]])
    assert nitrate == {"La-O 0": 2, "N-O 1": 2, "N-O 2": 1}
    assert molecule("Fe C O", [[0, 0, 0], [1.8, 0, 0], [2.95, 0, 0]]) == {"C-Fe 0": 1, "C-O 2": 1}


def test_hydrogen_has_one_bond() -> None:
    """A short hydrogen bond is none; nor is a hydrogen bonded to the metal beside its water."""
    assert molecule("O H O", [[0, 0, 0], [1.0, 0, 0], [2.2, 0, 0]]) == {"H-O 1": 1}
    assert molecule("Cu O H", [[0, 0, 0], [1.5, 0.9, 0], [1.2, 0.0, 0]]) == {"Cu-O 0": 1, "H-O 1": 1}
    assert molecule("Al H", [[0, 0, 0], [1.6, 0, 0]]) == {"Al-H 0": 1}


def test_orders_of_small_molecules() -> None:
    ethyne = molecule("H C C H", [[-1.66, 0, 0], [-0.6, 0, 0], [0.6, 0, 0], [1.66, 0, 0]])
    assert ethyne == {"C-H 1": 2, "C-C 3": 1}
    cyanide = molecule("Ni C N Ni", [[0, 0, 0], [1.86, 0, 0], [3.01, 0, 0], [5.0, 0, 0]])
    assert cyanide == {"C-Ni 0": 1, "C-N 3": 1, "N-Ni 0": 1}
    turn = [[np.cos(a), np.sin(a), 0.0] for a in np.arange(6) * np.pi / 3]
    quinone_ring = [[1.45 * x, 1.45 * y, 0.0] for x, y, _ in turn]
    oxygens = [[2.67 * x, 2.67 * y, 0.0] for x, y, _ in (turn[0], turn[3])]
    quinone = molecule("C C C C C C O O", quinone_ring + oxygens)
    assert quinone["C-O 2"] == 2 and "C-C 1.5" not in quinone


def test_parts_of_a_graph() -> None:
    """A chain, a molecule and two nets that interpenetrate by a translation which is none of their own."""
    chain = parts_of(3, np.array([[0, 1], [0, 1]]), np.array([[0, 0, 0], [1, 0, 0]]))
    assert chain.dimension.tolist() == [1, 0] and chain.part.tolist() == [0, 0, 1]
    one = parts_of(1, np.zeros((3, 2), int), np.eye(3, dtype=int))
    assert one.dimension.tolist() == [3] and one.copies.tolist() == [1]
    twice = parts_of(1, np.zeros((3, 2), int), np.array([[1, 1, 0], [1, -1, 0], [0, 1, 1]]))
    assert twice.dimension.tolist() == [3] and twice.copies.tolist() == [2]
    sheet = parts_of(1, np.zeros((2, 2), int), np.array([[1, 1, 0], [2, 2, 1]]))
    assert sheet.dimension.tolist() == [2]


def test_shifts_unwrap_a_molecule() -> None:
    parts = parts_of(3, np.array([[0, 1], [2, 1]]), np.array([[0, 0, -1], [1, 0, 0]]))
    shift = parts.shift - parts.shift[0]
    assert shift.tolist() == [[0, 0, 0], [0, 0, -1], [-1, 0, -1]]
