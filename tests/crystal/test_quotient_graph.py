"""Orbits of atoms, bonds and angles against a count over the whole cell, in every space group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_crystals import crystal

from crystal_studio.crystal.cell_orbits import cell_orbits
from crystal_studio.crystal.neighbours import neighbours_within
from crystal_studio.crystal.quotient_graph import quotient_graph

FAR, NEAR = 4.5, 3.1


def whole(lattice: np.ndarray, positions: np.ndarray, cutoff: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre, end and vector of every directed bond of the cell."""
    i, j, image, _ = neighbours_within(lattice, positions, cutoff)
    return i, j, (positions[j] + image - positions[i]) @ lattice


def cosines(lattice: np.ndarray, positions: np.ndarray, cutoff: float) -> np.ndarray:
    """Of all angles between two different short bonds of an atom, each once for either side."""
    centre, _, vector = whole(lattice, positions, cutoff)
    found = []
    for atom in np.unique(centre):
        unit = vector[centre == atom]
        unit = unit / np.linalg.norm(unit, axis=1)[:, None]
        product = unit @ unit.T
        found.append(product[~np.eye(len(unit), dtype=bool)])
    return np.sort(np.concatenate(found)) if found else np.zeros(0)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 230), st.integers(0, 10_000))
def test_orbits_hold_every_bond_and_angle_of_the_cell(group: int, seed: int) -> None:
    lattice, numbers, positions = crystal(group, seed)
    orbits = cell_orbits(lattice, numbers, positions)
    lattice, positions = orbits.symmetrised(lattice, positions)
    assert orbits.multiplicity.sum() == len(numbers)
    assert (numbers == numbers[orbits.representatives][orbits.orbit]).all()
    centre, end, vector = whole(lattice, positions, FAR)
    graph = quotient_graph(orbits, lattice, positions, FAR, NEAR)
    if graph is None:
        assert len(np.unique(centre)) < len(numbers)  # an atom without a neighbour
        return
    of_each = orbits.multiplicity[graph.centre] * graph.weight
    assert of_each.sum() == len(centre)
    first, second = graph.bond_atoms.T
    shown = (positions[second] + graph.bond_image - positions[first]) @ lattice
    length = np.linalg.norm(shown, axis=1)
    ends = np.stack([orbits.orbit[centre], orbits.orbit[end]], 1)
    told = np.repeat(np.stack([graph.centre, graph.other, length[graph.bond]], 1), of_each, axis=0)
    assert np.allclose(_sorted(told), _sorted(np.column_stack([ends, np.linalg.norm(vector, axis=1)])), atol=1e-6)

    corner, one, other = graph.angle_atoms.T
    sides = [
        (positions[x] + graph.angle_images[:, s] - positions[corner]) @ lattice for s, x in enumerate((one, other))
    ]
    cosine = (sides[0] * sides[1]).sum(1) / np.linalg.norm(sides[0], axis=1) / np.linalg.norm(sides[1], axis=1)
    bonds = np.bincount(graph.bond, of_each, len(length)) / 2  # of each undirected orbit
    told = np.repeat(cosine, np.rint(graph.angle_weight * bonds[graph.angle_bonds[:, 0]]).astype(int))
    assert np.allclose(np.sort(told), cosines(lattice, positions, NEAR), atol=1e-6)


def _sorted(rows: np.ndarray) -> np.ndarray:
    return rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]


@pytest.mark.parametrize("group", [1, 5, 14, 63, 70, 139, 148, 166, 194, 216, 225, 229])
def test_symmetrised_cells_have_their_operations_to_rounding(group: int) -> None:
    lattice, numbers, positions = crystal(group, 3)
    rng = np.random.default_rng(0)
    orbits = cell_orbits(lattice, numbers, positions)
    bent, moved = orbits.symmetrised(
        lattice @ (np.eye(3) + rng.normal(0, 1e-3, (3, 3))), positions + rng.normal(0, 1e-4, positions.shape)
    )
    metric = bent @ bent.T
    assert np.allclose(np.swapaxes(orbits.rotations, 1, 2) @ metric @ orbits.rotations, metric, atol=1e-10)
    image = np.einsum("kab,ib->kia", orbits.rotations, moved) + orbits.translations[:, None]
    assert np.allclose(image, moved[orbits.permutations] + orbits.images, atol=1e-6)
    assert np.abs(bent - lattice).max() < 0.1 and np.abs(moved - positions).max() < 0.01


def test_without_symmetry_every_atom_is_an_orbit() -> None:
    lattice, numbers, positions = crystal(225, 1)
    orbits = cell_orbits(lattice, numbers, positions, symmetric=False)
    assert (orbits.multiplicity == 1).all() and len(orbits.rotations) == 1
    overlapping = cell_orbits(4 * np.eye(3), np.array([8, 8]), np.zeros((2, 3)))
    assert (overlapping.multiplicity == 1).all()
