"""Sets of Wyckoff positions, counted by generating functions and by trying them all."""

from __future__ import annotations

from collections import Counter
from itertools import combinations_with_replacement

import numpy as np
import pytest

from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.wyckoff_counts import assignments, count_sets
from crystal_studio.crystal.wyckoff_sets import can_hold


def brute_force(number: int, atoms: tuple[int, ...], orbits: int) -> int:
    """Multisets of (position, element) with these atoms in the primitive cell and exactly so many orbits."""
    table = tables()
    rows = [int(r) for r in table.wyckoff_rows(number)]
    found = 0
    for choice in combinations_with_replacement([(r, e) for r in rows for e in range(len(atoms))], orbits):
        held = [0] * len(atoms)
        for row, element in choice:
            held[element] += int(table.multiplicity[row] // table.n_centring[number - 1])
        used = Counter(row for row, _ in choice)
        free = all(n == 1 or table.degrees_of_freedom[row] for row, n in used.items())
        found += free and tuple(held) == atoms
    return found


@pytest.mark.parametrize("number", [1, 2, 12, 62, 123, 166, 194, 216, 225, 227])
def test_counts_are_those_of_trying_every_set(number: int) -> None:
    ways = count_sets(number, (3, 4), 3)
    for atoms in ((1, 1), (1, 2), (2, 2), (2, 4), (3, 3), (0, 4)):
        for orbits in (1, 2, 3):
            assert ways[(*atoms, orbits)] == brute_force(number, atoms, orbits)


def test_spinel_perovskite_and_rock_salt() -> None:
    assert count_sets(225, (1, 1), 2)[1, 1, 2] == 2  # 4a and 4b, either way
    assert count_sets(221, (1, 1, 3), 3)[1, 1, 3, 3] == 4  # A and B on 1a and 1b, X on 3c or 3d
    spinel = count_sets(227, (2, 4, 8), 3)[2, 4, 8]
    assert spinel[3] > 0 and spinel[:3].sum() == 0
    assert count_sets(227, (2, 4, 8), 3, taken=[tables().wyckoff_row(227, "a")])[2, 4, 8, 3] < spinel[3]


def test_something_is_counted_exactly_where_positions_can_hold_it() -> None:
    table = tables()
    for number in range(1, 231, 7):
        ways = count_sets(number, (4, 6), 6).sum(-1)
        centring = int(table.n_centring[number - 1])
        for atoms in np.ndindex(5, 7):
            if min(atoms) > 0:
                assert (ways[atoms] > 0) == can_hold(number, tuple(n * centring for n in atoms), 6)


def test_orbits_are_shared_out_to_elements() -> None:
    ways = assignments([2, 4, 8], [4, 10])
    assert ways[4, 10] == 1 and ways[2, 10] == 0 and assignments([1, 1, 2], [2, 2])[2, 2] == 2
