"""Pores on a grid: a cubic lattice, whose figures are known exactly, and known frameworks beside what is published."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from crystal_studio import paths
from crystal_studio.mof.build_pores import NAME, read, values
from crystal_studio.mof.library import shipped_blocks, shipped_mofs
from crystal_studio.mof.pore_grid import PROBE, pores
from crystal_studio.mof.whole import whole_atoms

NAMES = ("lcd", "pld", "surface_area", "void_fraction")


def test_spheres_between_atoms_on_a_cubic_lattice():
    edge, radius = 8.0, 1.70  # of carbon
    found = pores(edge * np.eye(3), np.array([6]), np.zeros((1, 3)))
    assert found.lcd == pytest.approx(edge * np.sqrt(3) - 2 * radius, abs=0.1)
    assert found.pld == pytest.approx(edge * np.sqrt(2) - 2 * radius, abs=0.5)
    assert found.void_fraction == pytest.approx(1 - 4 / 3 * np.pi * radius**3 / edge**3, abs=0.02)
    grams = 12.011 / 6.02214e23
    assert found.surface_area == pytest.approx(4 * np.pi * (radius + PROBE) ** 2 * 1e-20 / grams, rel=0.02)


def test_any_cell_of_a_crystal_has_the_same_pores():
    lattice, x = np.diag([7.0, 8.0, 9.0]), np.array([[0.1, 0.2, 0.3], [0.6, 0.5, 0.8]])
    other = np.array([[1, 0, 0], [2, 1, 0], [0, -1, 1]])
    one = pores(lattice, np.array([6, 30]), x)
    two = pores(other @ lattice, np.array([6, 30]), x @ np.linalg.inv(other))
    assert [getattr(two, name) for name in NAMES] == pytest.approx([getattr(one, name) for name in NAMES], rel=1e-3)


def test_a_dense_crystal_lets_nothing_pass():
    found = pores(1.9 * np.eye(3), np.array([6]), np.zeros((1, 3)))
    assert (found.pld, found.surface_area, found.void_fraction) == (0.0, 0.0, 0.0)


def test_a_cage_is_wide_and_closed():
    """Carbon on the faces of a box: room inside, no way out."""
    side = np.linspace(0, 1, 9)[:-1]
    a, b = (part.ravel() for part in np.meshgrid(side, side))
    zero = np.zeros_like(a)
    walls = np.unique(np.concatenate([np.stack(p, 1) for p in ((a, b, zero), (a, zero, b), (zero, a, b))]), axis=0)
    found = pores(12.0 * np.eye(3), np.full(len(walls), 6), walls)
    assert found.lcd == pytest.approx(12 - 3.4, abs=0.1)
    assert (found.pld, found.surface_area, found.void_fraction) == (0.0, 0.0, 0.0)


def test_known_frameworks_are_ranked_as_they_are_published():
    whole, library = shipped_mofs(), shipped_blocks()
    published = values(whole, read(paths.resources() / "mof" / NAME), NAMES)
    rows = np.flatnonzero((whole.n_blocks <= 8) & np.isfinite(published[:, 0]))[::60]
    cells = whole_atoms(whole.take(rows), library).structures
    found = np.array([[getattr(pores(*cells.cell(i)), name) for name in NAMES] for i in range(len(rows))])
    assert len(rows) >= 20
    for column, least in enumerate((0.95, 0.9, 0.75, 0.9)):
        assert spearmanr(found[:, column], published[rows, column])[0] > least
    assert np.median(np.abs(found - published[rows])[:, :2], axis=0).max() < 0.3
