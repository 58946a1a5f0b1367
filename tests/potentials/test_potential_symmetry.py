"""Primitive cells and symmetric forces for relaxations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.crystal.primitive import primitive_cell
from crystal_studio.potentials.symmetry import find_symmetry

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


def test_operations_permute_the_atoms_and_average_forces_to_zero() -> None:
    symmetry = find_symmetry(*ROCKSALT)
    assert len(symmetry.rotations) == 192  # 48 rotations times 4 centring translations
    rng = np.random.default_rng(0)
    assert np.allclose(symmetry.forces(rng.normal(size=(8, 3)), ROCKSALT[0]), 0, atol=1e-12)
    stress = symmetry.stress(rng.normal(size=(3, 3)), ROCKSALT[0])
    assert np.allclose(stress, stress[0, 0] * np.eye(3), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_symmetric_forces_stay_as_they_are(seed: int) -> None:
    """The average is a projection, and a pair potential's forces are symmetric already."""
    lattice, numbers, positions = RHOMBOHEDRAL
    symmetry = find_symmetry(lattice, numbers, positions)
    forces = symmetry.forces(np.random.default_rng(seed).normal(size=(12, 3)), lattice)
    assert np.allclose(symmetry.forces(forces, lattice), forces, atol=1e-12)
    assert np.abs(forces[:, :2]).max() < 1e-12  # every atom sits on the threefold axis


def test_cells_without_symmetry_have_the_identity() -> None:
    overlapping = find_symmetry(4 * np.eye(3), np.array([8, 8]), np.zeros((2, 3)))
    flat = find_symmetry(np.zeros((3, 3)), np.array([8]), np.zeros((1, 3)))
    for found in (overlapping, flat):
        assert len(found.rotations) == 1 and np.array_equal(found.rotations[0], np.eye(3))
