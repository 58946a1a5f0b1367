"""The network for sampling says what the network of the training says."""

import numpy as np
import pytest
import torch

from crystal_studio.crystal.space_groups import tables
from crystal_studio.generators.symmcd.inference import Inference, packed
from crystal_studio.generators.symmcd.labels import WIDTH
from crystal_studio.generators.symmcd.network import Denoiser, NetworkConfig, Prediction

COUNTS = [3, 1, 7, 3, 5, 7]


def mask_of(counts: list[int], width: int) -> np.ndarray:
    """Orbits that exist, not only the first ones."""
    rng = np.random.default_rng(0)
    return np.array([rng.permutation(np.arange(width) < count) for count in counts])


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("edges", [1, 60, 10_000])
def test_same_function_as_the_denoiser(edges: int, labelled: bool) -> None:
    torch.manual_seed(2)
    config = NetworkConfig(hidden=32, layers=3, frequencies=5, node_frequencies=4, labels=WIDTH)
    network = Denoiser(config, torch.as_tensor(tables().encoding)).eval()
    torch.nn.init.normal_(network.labels.weight, std=0.5)
    batch, orbits = len(COUNTS), 8
    asked = (
        torch.randint(1, 231, (batch,)),
        torch.rand(batch),
        torch.randn(batch, 6),
        torch.randint(0, 94, (batch, orbits)),
        torch.randint(0, 13, (batch, orbits, 15)),
        torch.rand(batch, orbits, 3),
        torch.randn(batch, WIDTH) if labelled else None,
    )
    inference = Inference(network)
    inference.edges = edges
    for mask in (None, torch.as_tensor(mask_of(COUNTS, orbits))):
        with torch.no_grad():
            expected = network(*asked, mask)
        found = inference(*asked, mask)
        there = torch.ones(batch, orbits, dtype=torch.bool) if mask is None else mask
        for name, a, b in zip(Prediction._fields, found, expected, strict=True):
            rows = slice(None) if name == "k" else there
            assert torch.allclose(a[rows], b[rows], atol=2e-5), name


@pytest.mark.parametrize("edges", [1, 60, 10_000])
def test_packing_holds_every_orbit_once(edges: int) -> None:
    mask = mask_of(COUNTS, 8)
    rows, groups = packed(mask, edges)
    assert sorted(rows) == np.flatnonzero(mask).tolist()
    assert sum(block.crystals for group in groups for block in group) == len(COUNTS)
    for group in groups:
        end = 0
        for block in group:
            of = rows[block.rows].reshape(block.crystals, block.width) // 8
            assert (of == of[:, :1]).all() and mask[of[:, 0]].sum(1).tolist() == [block.width] * block.crystals
            assert block.edges == slice(end, end + block.crystals * block.width**2)
            end = block.edges.stop
        assert end <= edges or (len(group) == group[0].crystals == 1)
    assert edges < 10_000 or len(groups) == 1
