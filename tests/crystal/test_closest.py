"""Closest contacts of large cells by a tree, against every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.crystal import neighbours
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.neighbours import closest_contacts


def crowd(seed: int) -> Structures:
    """Large and small random cells, usual, skewed and long ones, some with atoms on one another."""
    rng = np.random.default_rng(seed)
    lattices, numbers, positions = [], [], []
    for n in (3, 170, 9, 220):
        edge = (n * rng.uniform(2, 40)) ** (1 / 3)
        shape = np.diag(rng.choice([1, 1, 4, 12], 3) ** rng.uniform(-0.5, 0.5, 3)) + rng.normal(0, 0.4, (3, 3))
        x = rng.random((n, 3)) * rng.choice([1.0, 0.2])
        if rng.random() < 0.3:
            x[-1] = x[0] + rng.choice([0.0, 1.0])
        lattices.append(edge * shape)
        numbers.append(rng.choice([1, 3, 8, 55], n))
        positions.append(x)
    return Structures.from_lists(lattices, numbers, positions)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_as_every_pair_says(seed: int, by_radii: bool) -> None:
    cells = crowd(seed)
    found, every = closest_contacts(cells, by_radii), neighbours._of_all_pairs(cells, by_radii)
    measure = "ratio" if by_radii else "distance"
    assert getattr(found, measure) == pytest.approx(getattr(every, measure), rel=1e-6, abs=1e-7)
    pairs = np.sort([found.first, found.second], axis=0)
    told = np.isclose(found.distance, every.distance, atol=1e-7)
    assert (cells.crystal[pairs] == np.arange(len(cells))).all()
    assert told.all() or by_radii


def test_cells_that_are_none_are_left_to_every_pair() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((200, 3))
    broken = x.copy()
    broken[3] = np.nan
    flat = np.diag([20.0, 20.0, 1e-7])
    cells = Structures.from_lists([np.zeros((3, 3)), flat, 14 * np.eye(3)], [np.full(200, 8)] * 3, [x, x, broken])
    with np.errstate(all="ignore"):
        found, every = closest_contacts(cells), neighbours._of_all_pairs(cells, False)
    assert np.array_equal(found.distance, every.distance, equal_nan=True)
