"""Edges of the symmetric multigraph against all pairs of the whole cell, in every crystal family and centring."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from prototypes import one_of_each
from random_crystals import asymmetric_unit

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.lattice import family_rows
from crystal_studio.crystal.multigraph import Edges, Orbits, edges_within, nearest, own_images, reverse
from crystal_studio.crystal.neighbours import neighbours_within
from crystal_studio.crystal.space_groups import tables

REACH = 5.0


def of(units: AsymmetricUnits) -> tuple[Orbits, torch.Tensor, torch.Tensor]:
    at, column = np.nonzero(units.mask)
    orbits = Orbits.of(units.space_group, at, units.wyckoff[at, column])
    return orbits, torch.as_tensor(units.positions[at, column]).float(), torch.as_tensor(units.lattice).float()


def within(units: AsymmetricUnits, reach: float = REACH) -> tuple[Orbits, torch.Tensor, torch.Tensor, Edges]:
    orbits, x, lattice = of(units)
    return orbits, x, lattice, edges_within(orbits, x, lattice, torch.full((len(units),), reach))


def all_pairs(units: AsymmetricUnits, i: int, reach: float) -> list[list[tuple[int, float, float, float, float]]]:
    """Element, length and Cartesian vector of all neighbours of each representative, sorted."""
    lattice, numbers, positions = expand(units).cell(i)
    found = []
    for x in units.positions[i][units.mask[i]]:
        centre = int(np.abs(positions - x - np.rint(positions - x)).max(1).argmin())
        a, b, image, distance = neighbours_within(lattice, positions, reach)
        here = a == centre
        vector = (positions[b] + image - positions[a])[here] @ lattice
        rows = zip(numbers[b[here]], distance[here], *vector.T, strict=True)
        found.append(sorted((int(z), *(round(float(v), 2) for v in rest)) for z, *rest in rows))
    return found


@pytest.fixture(scope="module")
def units() -> AsymmetricUnits:
    found = one_of_each()
    centring = {tables().symbol[g - 1][0] for g in found.space_group}
    assert set(family_rows(found.space_group)) == set(range(6)) and {"P", "C", "I", "F", "R"} <= centring
    return found


def test_edges_are_all_pairs_of_the_whole_cell(units):
    orbits, _, _, edges = within(units)
    column = np.concatenate([np.arange(n) for n in units.n_orbits])
    for i in range(len(units)):
        expected = all_pairs(units, i, REACH - 1e-3)
        for o in np.flatnonzero(orbits.crystal.numpy() == i):
            mine = (edges.centre == o) & (edges.length < REACH - 1e-3)
            other = orbits.orbit[edges.atom[mine]].numpy()
            z = units.numbers[i][column[other]]
            length = edges.length[mine].numpy()
            assert (np.diff(length) >= 0).all()
            wanted = np.array(expected[column[o]])
            assert len(wanted) == len(length), (units.space_group[i], o)
            assert sorted(z) == sorted(wanted[:, 0].astype(int))
            assert np.allclose(length, np.sort(wanted[:, 1]), atol=0.02)
            # As a set of points, whatever the order of equal lengths.
            vector = edges.vector[mine].numpy()
            apart = np.linalg.norm(vector[:, None] - wanted[None, :, 2:], axis=-1)
            apart[z[:, None] != wanted[None, :, 0]] = np.inf
            assert (apart.min(0) < 0.03).all() and (apart.min(1) < 0.03).all()


def test_an_edge_leads_where_its_operation_puts_the_representative(units):
    orbits, x, lattice, edges = within(units)
    table = tables()
    operation = orbits.operation[edges.atom].numpy()
    other = orbits.orbit[edges.atom].numpy()
    crystal_of = orbits.crystal[edges.centre]
    shift = torch.einsum("ei,eij->ej", edges.cell.float(), orbits.basis[crystal_of]).numpy()
    image = (
        np.einsum("eij,ej->ei", table.rotations[operation], x[other].numpy()) + table.translations[operation] + shift
    )
    vector = np.einsum("ei,eij->ej", image - x[edges.centre].numpy(), lattice[crystal_of].numpy())
    assert np.allclose(vector, edges.vector, atol=1e-3)


def test_every_edge_has_a_reverse_by_the_inverse_operation(units):
    orbits, x, lattice, edges = within(units, 4.9123)
    back = reverse(orbits, edges, x)
    assert (back >= 0).all()
    assert torch.equal(edges.centre[back], orbits.orbit[edges.atom])
    assert torch.equal(orbits.orbit[edges.atom[back]], edges.centre)
    assert torch.allclose(edges.length[back], edges.length, atol=1e-4)
    # The operation of the edge carries the other end's representative to where the edge ends: the reverse edge turned
    # by it runs back along the edge.
    cells = lattice[orbits.crystal[edges.centre]]
    turned = cells.mT @ orbits.rotation[edges.atom] @ torch.linalg.inv(cells.mT)
    assert torch.allclose((turned @ edges.vector[back].unsqueeze(2)).squeeze(2), -edges.vector, atol=2e-3)


def test_reverse_edges_that_are_missing_are_told(units):
    orbits, x, _, edges = within(units)
    back = reverse(orbits, edges, x)
    kept = torch.arange(len(back)) % 3 > 0
    fewer = Edges(*(column[kept] for column in edges))
    found = reverse(orbits, fewer, x)
    assert torch.equal(found >= 0, kept[back[kept]])


@pytest.mark.parametrize("group", [2, 5, 15, 42, 70, 79, 122, 146, 167, 196, 227, 230])
def test_random_crystals_on_any_positions(group):
    """Positions of any site symmetry, the general one among them."""
    units = asymmetric_unit(group, group)
    _, _, _, edges = within(units, 4.0)
    expected = [len(rows) for rows in all_pairs(units, 0, 4.0)]
    assert np.bincount(edges.centre, minlength=len(expected)).tolist() == expected


def test_no_crystal_knows_of_its_neighbours_in_a_batch(units):
    orbits, _, _, edges = within(units)
    for i in (0, len(units) - 1):
        _, _, _, alone = within(units.take(np.array([i])))
        mine = orbits.crystal[edges.centre] == i
        assert torch.equal(edges.cell[mine], alone.cell) and torch.allclose(edges.vector[mine], alone.vector, atol=1e-5)


def test_nearest_are_the_nearest(units):
    orbits, x, lattice, edges = within(units, 9.0)
    near = nearest(orbits, x, lattice, 24)
    for o in range(len(orbits)):
        mine = edges.centre == o
        assert torch.allclose(near.length[o], edges.length[mine][:24], atol=1e-4)
    assert torch.allclose(near.vector.norm(dim=2), near.length, atol=1e-4)
    assert torch.equal(near.equivalent, near.other == torch.arange(len(orbits)).unsqueeze(1))
    assert near.equivalent.any() and not near.equivalent.all()
    # What is as far as the last has no weight, so it does not matter which of equally distant ones are taken.
    furthest = near.length > near.length[:, -1:] - 1e-4
    assert (near.weight[furthest] < 1e-6).all() and (near.weight[:, 0] > 0.5).all()
    assert (near.weight.diff(dim=1) < 1e-4).all()


def test_padding_weighs_nothing():
    """A chain in a vacuum: six cells either side are searched, so an atom has twelve neighbours of 24."""
    lattice = np.diag([60.0, 62.0, 2.5])[None]
    chain = AsymmetricUnits(np.array([16]), lattice, np.array([[29]]), np.array([[_row(16, "a")]]), np.zeros((1, 1, 3)))
    orbits, x, cell = of(chain)
    near = nearest(orbits, x, cell, 24)
    found = near.length[0] > 0
    assert found.sum() == 12 and (near.weight[0][~found] == 0).all() and (near.weight[0][found] > 0).all()
    assert (near.vector[0][~found] == 0).all() and (near.other == 0).all()


def _row(group: int, letter: str) -> int:
    return tables().wyckoff_row(group, letter)


def test_own_images_reach_the_nearest_image_of_each_orbit(units):
    orbits, x, lattice = of(units)
    moved = x + 0.01
    images = own_images(orbits, moved, x, lattice, torch.full((len(units),), 3.0))
    assert (orbits.orbit[images.atom] == images.centre).all()
    shortest = torch.full((len(orbits),), 99.0).scatter_reduce(0, images.centre, images.length, "amin")
    step = (torch.full_like(x, -0.01).unsqueeze(1) @ lattice[orbits.crystal]).squeeze(1).norm(dim=1)
    assert (shortest < step + 1e-4).all()


def test_representatives_are_wrapped_by_primitive_vectors(units):
    """In C, I, F and R cells too: another primitive vector is the same crystal, and the nearest image of an atom that
    one carried away is the atom itself."""
    orbits, x, lattice = of(units)
    centred = {tables().symbol[g - 1][0] for g in units.space_group[np.abs(np.linalg.det(centring(units))) < 0.99]}
    assert centred >= {"C", "I", "F", "R"}
    rng = np.random.default_rng(0)
    basis = orbits.basis[orbits.crystal]
    step = torch.as_tensor(rng.integers(-2, 3, (len(x), 1, 3))).float()
    moved = x + (step @ basis).squeeze(1)
    reach = torch.full((len(units),), REACH - 0.0123)
    before, after = edges_within(orbits, x, lattice, reach), edges_within(orbits, moved, lattice, reach)
    assert torch.equal(before.centre, after.centre) and torch.allclose(before.length, after.length, atol=1e-3)
    images = own_images(orbits, moved, x, lattice, torch.full((len(units),), 0.5))
    shortest = torch.full((len(orbits),), 9.0).scatter_reduce(0, images.centre, images.length, "amin")
    assert (shortest < 1e-3).all()


def centring(units: AsymmetricUnits) -> np.ndarray:
    return Orbits.of(units.space_group, np.zeros(0, int), np.zeros(0, int)).basis.numpy()
