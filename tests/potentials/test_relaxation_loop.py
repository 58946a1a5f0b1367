"""The relaxation on a model potential whose answer is known: no network involved."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.neighbours import neighbours_within
from crystal_studio.crystal.standardise import space_group_numbers
from crystal_studio.potentials.one_by_one import Energies, relax_each
from crystal_studio.potentials.protocol import Relaxation, why

R0 = 2.5


def morse(lattice: np.ndarray, numbers: np.ndarray, positions: np.ndarray) -> Energies:
    """Pairs with a Morse well at ``R0``, cut off smoothly at 6 Angstrom, with exact forces and stress."""
    i, j, image, r = neighbours_within(lattice, positions, 6.0)
    vector = (positions[j] + image - positions[i]) @ lattice
    x = np.exp(-1.4 * (r - R0))
    window, slope = (1 - (r / 6) ** 2) ** 2, -4 * r / 36 * (1 - (r / 6) ** 2)
    energy = x * x - 2 * x
    derivative = -1.4 * (2 * x * x - 2 * x) * window + energy * slope
    pull = (derivative / r)[:, None] * vector
    forces = np.zeros((len(numbers), 3))
    np.add.at(forces, i, pull)
    stress = 0.5 * np.einsum("na,nb->ab", pull, vector) / abs(np.linalg.det(lattice))
    return Energies(0.5 * float((energy * window).sum()), forces, stress)


def test_model_potential_is_consistent() -> None:
    lattice, positions = 3.1 * np.eye(3) + 0.1, np.array([[0, 0, 0], [0.45, 0.52, 0.5]])
    numbers, step = np.array([18, 18]), 1e-5
    found = morse(lattice, numbers, positions)
    strain = np.zeros((3, 3))
    strain[0, 1] = strain[1, 0] = step
    up, down = (morse(lattice @ (np.eye(3) + s * strain), numbers, positions).energy for s in (1, -1))
    assert (up - down) / (4 * step) == pytest.approx(found.stress[0, 1] * abs(np.linalg.det(lattice)), rel=1e-4)


def test_perturbed_face_centred_cubic_relaxes_and_stays_cubic() -> None:
    fcc = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    cells = Structures.from_lists([3.3 * np.eye(3), 4.1 * np.eye(3)], [[18] * 4] * 2, [fcc] * 2)
    outcome = relax_each(cells, morse, 100, 0.001)
    assert outcome.converged.all() and outcome.reasons == (None, None)
    assert outcome.energy_per_atom[0] == pytest.approx(outcome.energy_per_atom[1], abs=1e-5)
    edges = np.linalg.norm(outcome.structures.lattice, axis=2)
    assert np.allclose(edges, edges[0, 0], rtol=1e-3) and 3.0 < edges[0, 0] < 3.3
    assert outcome.structures.n_atoms.tolist() == [4, 4]
    assert space_group_numbers(outcome.structures, 1e-4).tolist() == [225, 225]


def test_symmetry_survives_noise_in_the_forces() -> None:
    rng = np.random.default_rng(0)

    def noisy(lattice: np.ndarray, numbers: np.ndarray, positions: np.ndarray) -> Energies:
        exact = morse(lattice, numbers, positions)
        return Energies(
            exact.energy,
            exact.forces + rng.normal(scale=0.02, size=(len(numbers), 3)),
            exact.stress + rng.normal(scale=1e-3, size=(3, 3)),
        )

    body_centred = Structures.from_lists([2.7 * np.eye(3)], [[18, 18]], [[[0, 0, 0], [0.5, 0.5, 0.5]]])
    outcome = relax_each(body_centred, noisy, 30, 1e-9)
    assert space_group_numbers(outcome.structures, 1e-6).tolist() == [229]


def test_low_symmetry_cell_reaches_the_minimum() -> None:
    rng = np.random.default_rng(5)
    face_centred = 1.7 * (1 - np.eye(3))
    cells = Structures.from_lists([face_centred + 0.1 * rng.normal(size=(3, 3))], [[18]], [[[0, 0, 0]]])
    outcome = relax_each(cells, morse, 200, 0.001)
    assert outcome.converged[0]
    lattice, zero = outcome.structures.lattice[0], np.zeros((1, 3))
    lowest = morse(lattice, np.array([18]), zero)
    assert np.abs(lowest.stress).max() * abs(np.linalg.det(lattice)) < 0.001


def sentence(outcome: Relaxation) -> str:
    """Why the first crystal was given up."""
    assert outcome.reasons[0] is not None
    return why(outcome.reasons[0])


def test_runaways_end_with_a_reason() -> None:
    def swelling(lattice: np.ndarray, numbers: np.ndarray, positions: np.ndarray) -> Energies:
        return Energies(-np.linalg.det(lattice), np.zeros((len(numbers), 3)), -np.eye(3))

    def broken(lattice: np.ndarray, numbers: np.ndarray, positions: np.ndarray) -> Energies:
        return Energies(np.nan, np.zeros((len(numbers), 3)), np.zeros((3, 3)))

    cell = Structures.from_lists([3 * np.eye(3)], [[18]], [[[0, 0, 0]]])
    swollen = relax_each(cell, swelling, 200, 0.01)
    assert sentence(swollen).startswith("The cell swelled to 3") and np.isnan(swollen.energy_per_atom[0])
    assert np.array_equal(swollen.structures.lattice, cell.lattice)  # the geometry that came is kept
    told = sentence(relax_each(cell, broken, 10, 0.01))
    assert "no finite energy" in told and "step 1 of" in told and "another potential" in told
    empty = Structures.from_lists([3 * np.eye(3)], [[]], [[]])
    assert sentence(relax_each(empty, morse, 10, 0.01)) == "The cell holds no atom."
    told = sentence(relax_each(cell, lambda *_: None, 10, 0.01))
    assert "no answer" in told and "step 1 of" in told and "another potential" in told


@pytest.mark.parametrize(
    ("hole", "code"),
    [(np.nan, "no_energy"), (-np.inf, "no_energy"), (None, "no_answer")],
)
def test_a_hole_that_atoms_fall_into_on_the_way_is_named_with_its_step(hole: float | None, code: str) -> None:
    asked: list[int] = []

    def falling(lattice: np.ndarray, numbers: np.ndarray, positions: np.ndarray) -> Energies | None:
        asked.append(1)
        if len(asked) < 3:
            return Energies(-float(len(asked)), np.array([[0.5, 0.3, 0.2], [-0.5, -0.3, -0.2]]), np.zeros((3, 3)))
        return None if hole is None else Energies(hole, np.zeros((2, 3)), np.zeros((3, 3)))

    cell = Structures.from_lists([3 * np.eye(3)], [[11, 17]], [[[0, 0, 0], [0.3, 0.35, 0.41]]])
    fallen = relax_each(cell, falling, 200, 0.01, symmetric=False)
    assert fallen.reasons[0] is not None and fallen.reasons[0].code == code
    assert "step 3 of the relaxation" in sentence(fallen)
    assert np.isnan(fallen.energy_per_atom[0]) and np.array_equal(fallen.structures.positions, cell.positions)
