"""Primitive cells by the translations found, and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.crystal.primitive import primitive_cell

FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
ROCKSALT = (5.64 * np.eye(3), np.array([11] * 4 + [17] * 4), np.concatenate([FCC, FCC + np.array([0.5, 0, 0])]) % 1)
BODY_CENTRED = (np.diag([3.0, 3.0, 4.2]), np.array([26, 26]), np.array([[0.1, 0.2, 0.3], [0.6, 0.7, 0.8]]))
RHOMBOHEDRAL = (
    np.array([[2.8, 0, 0], [-1.4, 1.4 * np.sqrt(3), 0], [0, 0, 14.0]]),
    np.array([3] * 3 + [27] * 3 + [8] * 6),
    np.concatenate([np.array(c) + p for p in ([[0, 0, 0.5]], [[0, 0, 0]], [[0, 0, 0.24]], [[0, 0, -0.24]])
                    for c in [[[0, 0, 0], [2 / 3, 1 / 3, 1 / 3], [1 / 3, 2 / 3, 2 / 3]]]]) % 1,
)  # fmt: skip


@pytest.mark.parametrize(("cell", "atoms"), [(ROCKSALT, 2), (BODY_CENTRED, 1), (RHOMBOHEDRAL, 4)])
def test_primitive_cell_and_the_way_back(cell: tuple, atoms: int) -> None:
    lattice, numbers, positions = cell
    found = primitive_cell(lattice, numbers, positions)
    assert len(found.numbers) == atoms
    ratio = len(numbers) / atoms
    assert abs(np.linalg.det(found.lattice)) * ratio == pytest.approx(abs(np.linalg.det(lattice)))
    strain = np.eye(3) + 0.02 * np.array([[1, 0.3, 0], [0.3, -1, 0.2], [0, 0.2, 0.5]])
    back, fractional = found.restore(found.lattice @ strain, found.positions)
    assert np.allclose(back, lattice @ strain)
    assert np.allclose(fractional, positions)


@pytest.mark.parametrize("lattice", [np.zeros((3, 3)), np.full((3, 3), np.nan), np.diag([0.3, 40.0, 40.0])])
def test_a_cell_that_is_not_sound_comes_back_as_it_is(lattice: np.ndarray) -> None:
    """It is not searched: a search of such cells may never end."""
    _, numbers, positions = BODY_CENTRED
    with np.errstate(invalid="ignore"):
        found = primitive_cell(lattice, numbers, positions)
    assert np.array_equal(found.lattice, lattice, equal_nan=True)
    assert np.array_equal(found.numbers, numbers) and np.array_equal(found.positions, positions)
