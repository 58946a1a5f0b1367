"""Grids of k-points: near enough, and as symmetric as the crystal."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.operations import operations
from crystal_studio.dft.kpoints import kpoint_grid, symmetric
from crystal_studio.dft.manifest import Manifest
from crystal_studio.dft.protocol import Settings

HEXAGONAL = np.array([[1, 0, 0], [-0.5, math.sqrt(0.75), 0], [0, 0, 1]])
ARSENIC = Structures.from_lists(
    [HEXAGONAL * [[3.76], [3.76], [10.55]]],
    [[33] * 6],
    [[[x, y, (z + s * 0.2271) % 1] for x, y, z in ((0, 0, 0), (2 / 3, 1 / 3, 1 / 3), (1 / 3, 2 / 3, 2 / 3))
      for s in (1, -1)]],
)  # fmt: skip
MAGNESIUM = Structures.from_lists(
    [HEXAGONAL * [[3.2], [3.2], [5.2]]], [[12, 12]], [[[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]]]
)
LONG = Structures.from_lists([np.diag([3.0, 4.0, 12.0])], [[11]], [[[0, 0, 0]]])
CENTRED = Structures.from_lists([np.diag([3.0, 9.0, 4.0])], [[11, 11]], [[[0, 0, 0], [0.5, 0.5, 0]]])


@pytest.mark.parametrize("given", [ARSENIC, MAGNESIUM, LONG, CENTRED])
def test_a_grid_is_as_fine_as_asked_and_as_symmetric_as_its_crystal(given):
    cell = Manifest.of("r", 1, "X", "generated", "gpaw", Settings(), given).structure
    size = np.array(kpoint_grid(cell, 0.25))
    reciprocal = 2 * math.pi * np.linalg.inv(cell.lattice[0]).T
    assert (np.linalg.norm(reciprocal, axis=1) / size <= 0.25 + 1e-9).all()
    grid = np.stack(np.meshgrid(*[np.arange(n) / n for n in size], indexing="ij"), -1).reshape(-1, 3)
    there = {tuple(k) for k in (np.rint(grid * size) % size).astype(int).tolist()}
    for rotation in operations(*cell.cell(0))[0]:
        moved = grid @ np.linalg.inv(rotation) * size
        np.testing.assert_allclose(moved, np.rint(moved), atol=1e-6)
        assert {tuple(k) for k in (np.rint(moved) % size).astype(int).tolist()} == there


def test_a_long_cell_has_few_points_along_its_length() -> None:
    assert kpoint_grid(LONG, 0.25) == (9, 7, 3)


def test_a_grid_that_is_symmetric_stays() -> None:
    cell = Structures.from_lists([np.diag([3.0, 3.0, 5.0])], [[26]], [[[0, 0, 0]]])
    assert symmetric(cell, (8, 8, 5)) == (8, 8, 5)
    assert symmetric(cell, (8, 7, 5)) == (8, 8, 8)
