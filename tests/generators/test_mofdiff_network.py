"""What the networks of MOFDiff say of a framework does not depend on how it is described."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from crystal_studio.generators.mofdiff import noise
from crystal_studio.generators.mofdiff.frameworks import Frameworks, cell_of_log, log_cell, orbits_of, reduced
from crystal_studio.generators.mofdiff.labels import LABELS
from crystal_studio.generators.mofdiff.network import Denoised, Shown
from crystal_studio.mof.library import shipped_mofs
from tests.generators import mofdiff_parts

NONE = torch.full((2, len(LABELS)), torch.nan)
CHANGE = np.array([[1, 1, 0], [0, 1, 0], [0, -1, 1]])
"""From one basis of a lattice to another."""


@pytest.fixture(scope="module")
def network():
    return mofdiff_parts.network()


@pytest.fixture(scope="module")
def mofs():
    whole = shipped_mofs()
    small = np.flatnonzero((whole.n_blocks > 3) & (whole.n_blocks < 9))
    return reduced(whole.take(small[[3, 40]]))


def framework(lattice, positions, block, counts) -> Frameworks:
    real = [torch.as_tensor(v, dtype=torch.float32) for v in (positions, lattice)]
    return Frameworks(orbits_of(counts, "cpu"), torch.as_tensor(block).long(), *real, NONE)


def described(mofs, change=None, turn=None, shift=None, order=None) -> Frameworks:
    """The same frameworks in another basis, turned, moved, with their blocks in another order."""
    lattice, positions, block = mofs.lattice, mofs.positions, mofs.block
    if change is not None:
        lattice, positions = change @ lattice, positions @ np.linalg.inv(change)
    if turn is not None:
        lattice = lattice @ turn
    if shift is not None:
        positions = positions + shift
    if order is not None:
        positions, block = positions[order], block[order]
    return framework(lattice, positions, block, mofs.n_blocks)


def looked_at(network, given: Frameworks, features: torch.Tensor) -> Denoised:
    times = torch.tensor([0.4, 0.7])
    sigma = torch.tensor([0.8, 2.0])
    z = torch.linspace(-1, 1, 8).view(2, 4)
    with torch.no_grad():
        return network(Shown(given.orbits, features, given.x, given.lattice, times, times, sigma, z))


@pytest.fixture(scope="module")
def features(network, mofs):
    random = torch.randn(len(mofs.block), network.features.shape[1], generator=torch.Generator().manual_seed(1))
    return network.features[torch.as_tensor(mofs.block).long()] + 0.3 * random


def test_the_denoiser_says_something(network, mofs, features):
    out = looked_at(network, described(mofs), features)
    assert out.places.norm(dim=1).min() > 1e-3 and out.strain.abs().max() > 1e-3


@pytest.mark.parametrize(
    "how",
    [{"change": CHANGE}, {"shift": [0.3, -1.2, 5.0]}, {"shift": [1.0, 2.0, -1.0]}],
    ids=["basis", "moved", "wrap"],
)
def test_basis_shift_and_images_change_nothing(network, mofs, features, how):
    plain, other = (looked_at(network, described(mofs, **h), features) for h in ({}, how))
    for one, two in zip(plain, other, strict=True):
        torch.testing.assert_close(one, two, atol=2e-3, rtol=1e-3)
    with torch.no_grad():
        for one, two in zip(network.encode(described(mofs)), network.encode(described(mofs, **how)), strict=True):
            torch.testing.assert_close(one, two, atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("mirror", [1.0, -1.0], ids=["turned", "mirrored"])
def test_places_and_strain_turn_with_the_framework(network, mofs, features, mirror):
    turn = mirror * Rotation.from_euler("xyz", [0.4, -1.0, 2.0]).as_matrix()
    plain, turned = (looked_at(network, described(mofs, turn=t), features) for t in (None, turn))
    r = torch.as_tensor(turn).float()
    torch.testing.assert_close(turned.logits, plain.logits, atol=2e-3, rtol=1e-3)
    torch.testing.assert_close(turned.places, plain.places @ r, atol=2e-3, rtol=1e-3)
    torch.testing.assert_close(turned.strain, r.T @ plain.strain @ r, atol=2e-3, rtol=1e-3)


def test_the_order_of_blocks_is_that_of_the_answer(network, mofs, features):
    first = int(mofs.n_blocks[0])
    order = np.concatenate([np.arange(first)[::-1], np.arange(first, len(mofs.block))])
    plain, other = looked_at(network, described(mofs), features), None
    other = looked_at(network, described(mofs, order=order), features[order.copy()])
    torch.testing.assert_close(other.places, plain.places[order.copy()], atol=2e-3, rtol=1e-3)
    torch.testing.assert_close(other.logits, plain.logits[order.copy()], atol=2e-3, rtol=1e-3)


def test_a_framework_does_not_know_its_batch(network, mofs, features):
    one = mofs.take(np.array([0]))
    n = len(one.block)
    alone = replace(described(mofs), orbits=orbits_of(one.n_blocks, "cpu"))
    alone = framework(one.lattice, one.positions, one.block, one.n_blocks)
    with torch.no_grad():
        torch.testing.assert_close(
            network.encode(replace(alone, labels=NONE[:1]))[0],
            network.encode(described(mofs))[0][:1],
            atol=1e-4,
            rtol=1e-4,
        )
    out = looked_at(network, described(mofs), features)
    shown = Shown(
        alone.orbits, features[:n], alone.x, alone.lattice, *[torch.tensor([0.4])] * 2, torch.tensor([0.8]),
        torch.linspace(-1, 1, 8).view(2, 4)[:1],
    )  # fmt: skip
    with torch.no_grad():
        torch.testing.assert_close(network(shown).places, out.places[:n], atol=1e-3, rtol=1e-3)


def test_the_score_is_that_of_the_wrapped_density(mofs):
    lattice = torch.as_tensor(mofs.lattice).float()[:1]
    away = torch.tensor([[0.31, -0.22, 0.47]], requires_grad=True)
    sigma = torch.tensor([[4.0]])
    images = torch.cartesian_prod(*[torch.arange(-4, 5)] * 3).float()
    places = (away.unsqueeze(1) + images) @ lattice
    density = torch.exp(-0.5 * places.square().sum(-1) / sigma**2).sum()
    (slope,) = torch.autograd.grad(density.log(), away)
    score = sigma * torch.linalg.solve(lattice[0], slope.T).T
    found = noise.towards_clean(away.detach(), lattice, sigma)
    torch.testing.assert_close(found, score, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(noise.towards_clean(away.detach() + 3.0, lattice, sigma), found, atol=1e-4, rtol=1e-3)


def test_niggli_cells_hold_the_same_framework(mofs):
    skewed = replace(mofs, lattice=CHANGE @ mofs.lattice, positions=(mofs.positions @ np.linalg.inv(CHANGE)) % 1.0)
    again = reduced(skewed)
    lengths = [np.sort(np.linalg.norm(m.lattice, axis=-1), 1) for m in (again, mofs)]
    np.testing.assert_allclose(*lengths, rtol=1e-4)
    # Where a block lies, up to lattice vectors of the first framework.
    apart = [m.positions[0] @ m.lattice[0] - m.positions[1] @ m.lattice[0] for m in (skewed, again)]
    turn = np.linalg.solve(skewed.lattice[0], again.lattice[0])  # reduced cells are in the same frame
    whole = (apart[0] - apart[1]) @ np.linalg.inv(again.lattice[0])
    np.testing.assert_allclose(whole, np.rint(whole), atol=1e-3)
    assert abs(abs(np.linalg.det(turn)) - 1) < 1e-6


def test_a_cell_is_told_by_its_logarithm(mofs):
    symmetric = cell_of_log(torch.as_tensor(log_cell(mofs.lattice)))
    for one, other in zip(symmetric.numpy(), mofs.lattice, strict=True):
        np.testing.assert_allclose(one @ one.T, other @ other.T, rtol=1e-6, atol=1e-6)
