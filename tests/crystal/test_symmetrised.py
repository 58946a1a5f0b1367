"""Nearest images and the edges that run back, against all pairs, in every crystal family and centring."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from prototypes import one_of_each
from random_crystals import asymmetric_unit

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.lattice import family_rows
from crystal_studio.crystal.multigraph import Orbits, edges_within
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.symmetrised import Symmetrised, symmetrised

K = 30


def of(units: AsymmetricUnits) -> tuple[Orbits, torch.Tensor, torch.Tensor]:
    at, column = np.nonzero(units.mask)
    orbits = Orbits.of(units.space_group, at, units.wyckoff[at, column])
    return orbits, torch.as_tensor(units.positions[at, column]).float(), torch.as_tensor(units.lattice).float()


@pytest.fixture(scope="module")
def units() -> AsymmetricUnits:
    found = one_of_each()
    centring = {tables().symbol[g - 1][0] for g in found.space_group}
    assert set(family_rows(found.space_group)) == set(range(6)) and {"P", "C", "I", "F", "R"} <= centring
    rng = np.random.default_rng(0)
    for group in (5, 42, 79, 146, 196):  # general positions, where no two distances are equal
        unit = asymmetric_unit(group, int(rng.integers(100)))
        found = AsymmetricUnits.concatenate([found, unit])
    return found


def there(found: Symmetrised) -> torch.Tensor:
    return found.share < 1


def test_the_k_nearest_of_either_end_are_there(units):
    orbits, x, lattice = of(units)
    found = symmetrised(orbits, x, lattice, K)
    edges = edges_within(orbits, x, lattice, torch.full((len(units),), 9.0))
    last = torch.stack([edges.length[edges.centre == i][K - 1] for i in range(len(orbits))])
    for i in range(len(orbits)):
        mine = edges.centre == i
        length, other = edges.length[mine], orbits.orbit[edges.atom[mine]]
        far = torch.maximum(last[i], last[other])
        near = length < far - 1e-3
        kept = there(found)[i] & (found.share[i] < 1 - 1e-3)
        # The shell of the last ones counts for nothing, so it does not matter whether it is there.
        assert torch.allclose(found.length[i][kept].sort().values, length[length < far * (1 - 1e-3)], atol=1e-3)
        assert near.sum() >= kept.sum() > 0


def test_every_edge_runs_back_to_where_it_came_from(units):
    orbits, x, lattice = of(units)
    found = symmetrised(orbits, x, lattice, K)
    n, most = found.length.shape
    flat = found.reverse.flatten()
    assert torch.equal(found.reverse // most, found.other)
    # Back and back again is the same edge, or one that the site symmetry of its atom relates to it.
    twice = flat[flat]
    general = torch.as_tensor(tables().degrees_of_freedom)[orbits.row] == 3
    assert torch.equal(twice.view(n, most)[general], torch.arange(n * most).view(n, most)[general]) and general.any()
    assert torch.equal(twice // most, torch.arange(n * most) // most)
    assert torch.equal(found.other.flatten()[twice], found.other.flatten())
    assert torch.allclose(found.length.flatten()[flat], found.length.flatten(), atol=1e-3)
    assert torch.allclose(found.share.flatten()[flat], found.share.flatten(), atol=1e-3)
    assert torch.equal(found.equivalent, found.other == torch.arange(n).unsqueeze(1))
    assert torch.equal(found.equivalent.flatten()[flat], found.equivalent.flatten())
    assert (found.equivalent & there(found)).any() and (~found.equivalent).any()


def test_padding_is_its_own_reverse_and_has_no_length(units):
    orbits, x, lattice = of(units)
    found = symmetrised(orbits, x, lattice, K)
    padding = ~there(found)
    n, most = found.length.shape
    assert padding.any() and (found.length[padding] == 0).all() and (found.vector[padding] == 0).all()
    assert torch.equal(found.reverse[padding], torch.arange(n * most).view(n, most)[padding])
    assert torch.equal(found.other[padding], torch.arange(n).unsqueeze(1).expand(n, most)[padding])


def test_a_lonely_atom_finds_its_neighbours_and_they_hear_it():
    """A dense layer and one far atom: the reach has to grow, and the far atom counts atoms that do not count it."""
    row = tables().wyckoff_row(1, "a")
    points = np.array([[[0.0, 0, 0], [0.5, 0.0, 0.02], [0.0, 0.5, 0.04], [0.5, 0.5, 0.01], [0.2, 0.3, 0.4]]])
    unit = AsymmetricUnits(
        np.array([1]), np.diag([4.0, 4.2, 24.0])[None], np.full((1, 5), 29), np.full((1, 5), row), points
    )
    orbits, x, lattice = of(unit)
    found = symmetrised(orbits, x, lattice, 60)
    edges = edges_within(orbits, x, lattice, torch.full((1,), 25.0))
    length = edges.length[edges.centre == 4]
    assert torch.allclose(found.length[4][there(found)[4]].sort().values, length[length < length[59]], atol=1e-4)
    last = [edges.length[edges.centre == i][59] for i in range(4)]
    for i in range(4):
        far = there(found)[i] & (found.other[i] == 4)
        assert far.any() and (found.length[i][far] > last[i]).all()
