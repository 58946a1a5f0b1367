"""Vibrations of crystals whose frequencies are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.crystal.neighbours import neighbours_within
from crystal_studio.potentials.one_by_one import Energies, OneByOne
from crystal_studio.potentials.phonons import MOST_ATOMS, THZ, frequencies, supercell

EDGE, STIFFNESS, MASS = 4.0, 2.0, 63.546
PRIMITIVE = 0.5 * EDGE * (1 - np.eye(3))


class Springs(OneByOne):
    """Harmonic springs (eV/Angstrom^2) between atoms nearer than ``reach``, at rest at the distances ``lengths``."""

    def __init__(self, reach: float, length: float, stiffness: float = STIFFNESS) -> None:
        self.reach, self.length, self.stiffness = reach, length, stiffness

    def evaluation_of(self, lattice: np.ndarray, numbers: np.ndarray, positions: np.ndarray) -> Energies:
        i, j, image, r = neighbours_within(lattice, positions, self.reach)
        vector = (positions[j] + image - positions[i]) @ lattice
        stretch = r - self.length
        pull = (self.stiffness * stretch / r)[:, None] * vector
        forces = np.zeros((len(numbers), 3))
        np.add.at(forces, i, pull)
        stress = 0.5 * np.einsum("na,nb->ab", pull, vector) / abs(np.linalg.det(lattice))
        return Energies(0.25 * float((self.stiffness * stretch**2).sum()), forces, stress)


def at(vectors: np.ndarray, found: np.ndarray, q: tuple[float, float, float]) -> np.ndarray:
    return found[np.flatnonzero(np.abs(vectors - q).max(1) < 1e-9)[0]]


def test_nearest_neighbours_in_copper_vibrate_as_the_textbook_says() -> None:
    """Springs k to twelve neighbours: w^2 = 4k/m twice and 8k/m at X, 2k/m twice and 8k/m at L."""
    potential = Springs(1.2 * EDGE / np.sqrt(2), EDGE / np.sqrt(2))
    vectors, found = frequencies(potential, PRIMITIVE, np.array([29]), np.zeros((1, 3)), reach=4.0)
    unit = THZ * np.sqrt(STIFFNESS / MASS)
    assert np.abs(at(vectors, found, (0, 0, 0))).max() < 1e-3
    assert at(vectors, found, (0.5, 0.5, 0)) == pytest.approx(unit * np.sqrt([4, 4, 8]), rel=1e-3)
    assert at(vectors, found, (0.5, 0.5, 0.5)) == pytest.approx(unit * np.sqrt([2, 2, 8]), rel=1e-3)


def test_a_simple_cubic_crystal_of_nearest_neighbours_shears_away() -> None:
    """Compressed springs push the atoms sideways: transverse waves grow."""
    potential = Springs(1.2 * 3.0, 3.2)
    vectors, found = frequencies(potential, 3.0 * np.eye(3), np.array([29]), np.zeros((1, 3)))
    sideways = -2 * THZ * np.sqrt(STIFFNESS * 0.2 / 3.0 / MASS)
    assert at(vectors, found, (0.5, 0, 0))[:2] == pytest.approx([sideways] * 2, rel=1e-2)


def test_two_masses_on_springs_have_an_optical_branch() -> None:
    """Rock salt by nearest neighbours: at the centre w^2 = 2k (1/m + 1/M)."""
    potential = Springs(1.2 * 2.8, 2.8)
    cell = 2.8 * (1 - np.eye(3))
    vectors, found = frequencies(potential, cell, np.array([11, 17]), np.array([[0, 0, 0], [0.5] * 3]), reach=4.0)
    optical = THZ * np.sqrt(2 * STIFFNESS * (1 / 22.98976928 + 1 / 35.453))
    assert at(vectors, found, (0, 0, 0)) == pytest.approx([0, 0, 0, *[optical] * 3], abs=2e-3)


def test_no_answer_is_no_frequency_and_supercells_stay_small() -> None:
    class Mute(OneByOne):
        def evaluation_of(self, lattice: np.ndarray, numbers: np.ndarray, positions: np.ndarray) -> None:
            return None

    assert np.isnan(frequencies(Mute(), PRIMITIVE, np.array([29]), np.zeros((1, 3)))[1]).all()
    assert supercell(PRIMITIVE, 1) == (3, 3, 3) and supercell(np.diag([3.0, 30.0, 5.0]), 8) == (2, 1, 2)
    assert np.prod(supercell(2.0 * np.eye(3), 30)) * 30 <= MOST_ATOMS
