"""Grids of k-points: near enough, and as symmetric as the crystal."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.operations import operations
from crystal_studio.dft.kpoints import kpoint_grid, symmetric

TETRAGONAL = np.diag([4.0, 4.0, 7.0])
BODY = Structures.from_lists([0.5 * np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]) @ TETRAGONAL], [[26]], [[[0, 0, 0]]])
"""Body-centred tetragonal in its primitive cell."""


def crystal(lattice: np.ndarray) -> Structures:
    return Structures.from_lists([lattice], [[26]], [[[0.0, 0, 0]]])


def test_points_are_no_farther_apart_than_asked() -> None:
    assert kpoint_grid(crystal(np.diag([2 * np.pi, np.pi, 100])), 0.25) == (4, 8, 1)
    assert kpoint_grid(crystal(5.43 / 2 * (np.ones((3, 3)) - np.eye(3))), 0.25) == (9, 9, 9)


@pytest.mark.parametrize("shear", [np.eye(3), np.array([[1, 0, 0], [0, 1, 0], [1, 1, 1]])])
def test_the_grid_has_the_symmetry_of_the_crystal(shear: np.ndarray) -> None:
    """Turned by every operation of the crystal, each point falls upon another."""
    lattice, numbers, positions = BODY.cell(0)
    given = Structures.from_lists([shear @ lattice], [numbers], [positions])
    grid = np.array(kpoint_grid(given, 0.3))
    points = np.array(list(product(*(range(n) for n in grid)))) / grid
    for rotation in operations(*given.cell(0))[0]:
        turned = points @ rotation * grid
        assert np.abs(turned - np.rint(turned)).max() < 1e-6


def test_a_grid_that_is_symmetric_stays() -> None:
    cell = crystal(np.diag([3.0, 3.0, 5.0]))
    assert symmetric(cell, (8, 8, 5)) == (8, 8, 5)
    assert symmetric(cell, (8, 7, 5)) == (8, 8, 8)
