import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.neighbours import (
    bonds,
    closest_contacts,
    minimum_distances,
    neighbours_within,
    reduce_cells,
)

SALT = Structures.from_lists(
    [np.array([[0, 2.82, 2.82], [2.82, 0, 2.82], [2.82, 2.82, 0]])], [[11, 17]], [[[0, 0, 0], [0.5, 0.5, 0.5]]]
)


def brute_force(cell, points):
    reach = np.arange(-6, 7)
    shifts = np.stack(np.meshgrid(reach, reach, reach, indexing="ij"), -1).reshape(-1, 3)
    best = np.inf
    for i, p in enumerate(points):
        for j, q in enumerate(points):
            d = np.linalg.norm((q - p + shifts) @ cell, axis=1)
            best = min(best, d[d > 1e-9].min() if i == j else d.min())
    return best


@st.composite
def crystals(draw):
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    cell = rng.normal(size=(3, 3)) * rng.uniform(2, 8, (3, 1))
    while abs(np.linalg.det(cell)) < 8:
        cell = rng.normal(size=(3, 3)) * rng.uniform(2, 8, (3, 1))
    # A skewed description of the same lattice must not matter.
    cell[1] += draw(st.integers(-2, 2)) * cell[0]
    return cell, rng.random((draw(st.integers(1, 5)), 3))


@settings(max_examples=60, deadline=None)
@given(crystals())
def test_minimum_distance_counts_every_image(crystal):
    cell, points = crystal
    found = minimum_distances(Structures.from_lists([cell], [[6] * len(points)], [points]))[0]
    reduced, change = reduce_cells(cell[None])
    assert np.allclose(change[0] @ cell, reduced[0])
    assert round(abs(np.linalg.det(change[0]))) == 1
    inverse = np.linalg.inv(change[0])
    # Wrapped: the search by brute force reaches six cells only.
    assert np.isclose(found, brute_force(reduced[0], points @ inverse % 1.0), atol=1e-9)


def test_own_images_count():
    thin = Structures.from_lists([np.diag([10.0, 10.0, 0.4])], [[6]], [[[0, 0, 0]]])
    assert np.isclose(minimum_distances(thin)[0], 0.4)


def test_contact_names_the_atoms():
    contact = closest_contacts(SALT, by_radii=True)
    assert np.isclose(contact.distance[0], 2.82)
    assert {int(contact.first[0]), int(contact.second[0])} == {0, 1}


def test_batches_do_not_mix():
    both = Structures.concatenate([SALT, Structures.from_lists([np.eye(3) * 2], [[6]], [[[0, 0, 0]]]), SALT])
    assert np.allclose(minimum_distances(both), [2.82, 2.0, 2.82])


def test_sodium_has_six_neighbours():
    i, j, _, distance = neighbours_within(SALT.lattice[0], SALT.positions, 3.0)
    assert (np.bincount(i) == 6).all() and np.allclose(distance, 2.82) and (i != j).all()
    first, _, _ = bonds(SALT.lattice[0], SALT.numbers, SALT.positions)
    assert len(first) == 6
