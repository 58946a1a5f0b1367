"""Which atom falls on which, against the definition: every pair of atoms looked at."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from crystal_studio.crystal.operations import SYMPREC, operations, permutation
from crystal_studio.crystal.primitive import primitive_cell

Cell = tuple[NDArray, NDArray, NDArray]


def every_pair(numbers: NDArray, positions: NDArray, moved: NDArray, lattice: NDArray) -> NDArray | None:
    apart = moved[:, None] - positions[None]
    apart -= np.round(apart)
    distance = np.linalg.norm(apart @ lattice, axis=-1)
    distance[numbers[:, None] != numbers[None]] = np.inf
    nearest = distance.argmin(1)
    if distance[np.arange(len(nearest)), nearest].max() > 10 * SYMPREC or len(set(nearest.tolist())) < len(nearest):
        return None
    return nearest


def same(first: NDArray | None, second: NDArray | None) -> bool:
    return first is second is None or (first is not None and second is not None and np.array_equal(first, second))


@pytest.fixture(scope="module")
def prototypes() -> list[Cell]:
    from pymatgen.analysis.prototypes import AFLOW_PROTOTYPE_LIBRARY

    found = [entry["snl"].structure for entry in AFLOW_PROTOTYPE_LIBRARY]
    found = [s for s in found if s.is_ordered and len(s) <= 40]
    return [(s.lattice.matrix, np.array(s.atomic_numbers), s.frac_coords) for s in found]


def wide(cell: Cell, n: int) -> Cell:
    lattice, numbers, positions = cell
    shifts = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), -1).reshape(-1, 3)
    return lattice * n, np.tile(numbers, n**3), ((positions + shifts[:, None]) / n).reshape(-1, 3)


def test_operations_of_prototypes(prototypes: list[Cell]) -> None:
    rng = np.random.default_rng(0)
    found = 0
    for lattice, numbers, positions in prototypes[::2]:
        rotations, translations = operations(lattice, numbers, positions)
        for k in rng.choice(len(rotations), min(6, len(rotations)), replace=False):
            moved = positions @ rotations[k].T + translations[k]
            onto = permutation(numbers, positions, moved, lattice)
            assert same(onto, every_pair(numbers, positions, moved, lattice))
            found += onto is not None
    assert found > 400


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.02, 0.1, 0.3]), st.sampled_from([3.0, 8.0, 60.0]))
def test_moved_atoms(seed: int, noise: float, c: float) -> None:
    """Shuffled, shifted by whole cells, and moved by as much as decides whether they fall on one another."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 24) * (1 + 5 * (seed % 2)))
    lattice = np.diag([3.0, 4.0, c]) + rng.uniform(-1, 1, (3, 3))
    numbers = rng.integers(1, 4, n)
    positions = rng.uniform(-1, 2, (n, 3))
    order = rng.permutation(n)
    moved = positions[order] + rng.integers(-2, 3, (n, 3)) + rng.normal(0, noise, (n, 3)) @ np.linalg.inv(lattice)
    first, second = permutation(numbers, positions, moved, lattice), every_pair(numbers, positions, moved, lattice)
    assert same(first, second)
    if not noise and (numbers == numbers[order]).all():
        assert first is not None


def test_primitive_cells_of_supercells(prototypes: list[Cell]) -> None:
    """By three translations instead of all of them: as many atoms, and the way back."""
    for cell in prototypes[::12]:
        lattice, numbers, positions = wide(cell, 2)
        alone, found = primitive_cell(*cell), primitive_cell(lattice, numbers, positions)
        assert len(found.numbers) == len(alone.numbers)
        back, again = found.restore(found.lattice, found.positions)
        assert np.allclose(back, lattice) and np.allclose(again, positions)
