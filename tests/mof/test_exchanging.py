"""Where bonds leave a turn open, the atoms decide it."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.mof.alternatives import alternatives
from crystal_studio.mof.ends import bond_ends
from crystal_studio.mof.exchanging import crowding, exchange
from crystal_studio.mof.library import shipped_blocks


def _first(formula: str, points: int) -> int:
    library = shipped_blocks()
    return int(np.flatnonzero((library.formula == formula) & (library.n_points == points))[0])


def test_a_straight_linker_may_spin_and_a_symmetric_node_may_not_be_turned() -> None:
    library = shipped_blocks()
    pyrazine, wheel = _first("C4H4N2", 2), _first("Cu2", 8)
    spins = alternatives(library, pyrazine)
    assert 4 <= len(spins.turns) <= 12
    axis = library.points[library.point_rows(pyrazine)][0]
    for turn in spins.turns:
        moved = turn @ axis
        assert min(np.abs(moved - axis).max(), np.abs(moved + axis).max()) < 0.5
    assert len(alternatives(library, wheel).turns) == 1


@pytest.mark.parametrize("points", [3, 4, 6])
def test_alternatives_leave_the_bonds_where_they_are_and_move_atoms(points: int) -> None:
    library = shipped_blocks()
    for k in np.flatnonzero(library.n_points == points)[:12].tolist():
        found, ends = alternatives(library, k), bond_ends(library.take(np.array([k])))
        atoms, numbers = library.positions[library.atoms(k)], library.numbers[library.atoms(k)]
        np.testing.assert_array_equal(found.turns[0], np.eye(3))
        np.testing.assert_allclose(np.linalg.det(found.turns), 1)
        for turn, order in zip(found.turns[1:], found.order[1:], strict=True):
            assert np.linalg.norm(ends @ turn.T - ends[order], axis=-1).max() < 0.7
            moved = atoms @ turn.T
            far = np.linalg.norm(moved[:, None] - atoms[None], axis=-1)
            far[numbers[:, None] != numbers[None]] = np.inf
            assert max(far.min(0).max(), far.min(1).max()) > 0.4


def test_linkers_spin_out_of_each_others_way() -> None:
    """Two pyrazines side by side, their rings in one plane: hydrogens on top of each other until they are turned."""
    library = shipped_blocks()
    k = _first("C4H4N2", 2)
    choice = alternatives(library, k)
    atoms, numbers = library.positions[library.atoms(k)], library.numbers[library.atoms(k)]
    axis = np.linalg.svd(library.points[library.point_rows(k)])[2][0]
    normal = np.linalg.svd(atoms - atoms.mean(0))[2][2]
    place = np.array([np.zeros(3), 4.4 * np.cross(axis, normal)])
    lattice, turned, block = 30 * np.eye(3), np.tile(np.eye(3), (2, 1, 1)), np.repeat([0, 1], len(atoms))

    def crowded(chosen: np.ndarray) -> float:
        places = np.concatenate([atoms @ choice.turns[a].T + x for a, x in zip(chosen, place, strict=True)])
        return crowding(lattice, np.tile(numbers, 2), places, block)

    chosen = exchange(
        lattice, [numbers] * 2, [atoms] * 2, turned, place, lambda k, turns: np.zeros(len(turns)), [choice] * 2
    )
    assert crowded(np.zeros(2, int)) > 5
    assert crowded(chosen) < 0.5
