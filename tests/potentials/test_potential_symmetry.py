"""Symmetric forces for relaxations."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.potentials.symmetry import find_symmetry

FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
ROCKSALT = (5.64 * np.eye(3), np.array([11] * 4 + [17] * 4), np.concatenate([FCC, FCC + np.array([0.5, 0, 0])]) % 1)
RHOMBOHEDRAL = (
    np.array([[2.8, 0, 0], [-1.4, 1.4 * np.sqrt(3), 0], [0, 0, 14.0]]),
    np.array([3] * 3 + [27] * 3 + [8] * 6),
    np.concatenate([np.array(c) + p for p in ([[0, 0, 0.5]], [[0, 0, 0]], [[0, 0, 0.24]], [[0, 0, -0.24]])
                    for c in [[[0, 0, 0], [2 / 3, 1 / 3, 1 / 3], [1 / 3, 2 / 3, 2 / 3]]]]) % 1,
)  # fmt: skip


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
