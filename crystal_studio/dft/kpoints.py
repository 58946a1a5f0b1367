"""Grids of k-points that have the symmetry of their crystal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.operations import operations

Grid = tuple[int, int, int]


def kpoint_grid(structure: Structures, spacing: float) -> Grid:
    """Points along each reciprocal vector of a crystal (B = 1), at most ``spacing`` (1/Angstrom, with 2 pi) apart, of a
    grid that has its symmetry."""
    lengths = 2 * np.pi * np.linalg.norm(np.linalg.inv(structure.lattice[0]), axis=0)
    return symmetric(structure, np.maximum(1, np.ceil(lengths / spacing - 1e-6)).astype(int).tolist())


def symmetric(structure: Structures, grid: Sequence[int]) -> Grid:
    """The grid, or the most of its points along every axis where symmetry mixes axes that differ in them."""
    size = np.asarray(grid)
    rotations, _ = operations(*structure.cell(0))
    turned = size[:, None] * np.swapaxes(rotations, 1, 2) / size
    if np.abs(turned - np.rint(turned)).max() > 1e-6:
        size = np.full(3, size.max())
    a, b, c = size.tolist()
    return a, b, c
