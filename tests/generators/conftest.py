"""A small untrained SymmCD: the guarantees tested with it hold whatever the weights are."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.space_groups import tables
from crystal_studio.generators import registry
from crystal_studio.generators.adaptive_cell import cells
from crystal_studio.generators.adaptive_cell import weights as adaptive_cell_weights
from crystal_studio.generators.adaptive_cell.light import LightConfig, LightNetwork
from crystal_studio.generators.symmcd import weights as model
from crystal_studio.generators.symmcd.network import Denoiser, NetworkConfig
from crystal_studio.generators.symmcd.priors import Priors, estimate
from crystal_studio.generators.symmcd.representation import encode


def crystals(count: int = 300, seed: int = 0) -> AsymmetricUnits:
    """Random asymmetric units over many groups and the elements up to Bi."""
    rng = np.random.default_rng(seed)
    table = tables()
    group = rng.choice([1, 2, 14, 62, 139, 166, 194, 221, 225, 227], count).astype(np.int16)
    numbers = rng.integers(1, 84, (count, 5)).astype(np.int16)
    numbers[np.arange(5) >= rng.integers(1, 6, count)[:, None]] = 0
    rows = np.array([rng.choice(table.wyckoff_rows(g), 5) for g in group])
    points = np.einsum("bmij,bmj->bmi", table.linear[rows], rng.random((count, 5, 3))) + table.origin[rows]
    wyckoff = np.where(numbers > 0, rows, -1).astype(np.int16)
    return AsymmetricUnits(group, np.tile(np.eye(3) * 6.0, (count, 1, 1)), numbers, wyckoff, points % 1.0)


@pytest.fixture(scope="session")
def priors() -> Priors:
    return estimate(encode(crystals()))


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    config = NetworkConfig(hidden=32, layers=2, frequencies=4, node_frequencies=4)
    network = Denoiser(config, torch.as_tensor(tables().encoding))
    root = tmp_path_factory.mktemp("models")
    card = {"title": "tiny", "licence": "MIT", "data": {}, "training": {}}
    model.save(root / "tiny", dict(network.named_parameters()), config, estimate(encode(crystals())), card)
    return root


@pytest.fixture
def models(model_folder, monkeypatch) -> Path:
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(model_folder))
    return model_folder


@pytest.fixture
def generator(models):
    assert json.loads((models / "tiny" / "card.json").read_text())["family"] == "symmcd"
    made = registry.load("tiny", "cpu")
    made.chunk_size = 48  # what an untrained network makes is slow to repair
    return made


@pytest.fixture(scope="session")
def adaptive_cell_folder(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    config = LightConfig(hidden=16, edge=16, layers=1, angle=2, time_width=8)
    network = LightNetwork(config)
    learnt = crystals(40)
    root = tmp_path_factory.mktemp("adaptive-cell")
    card = {"title": "tiny", "licence": "MIT", "data": {}, "training": {}}
    adaptive_cell_weights.save(
        root / "tiny-cell", dict(network.named_parameters()), config, cells.estimate(learnt), learnt, card
    )
    return root


@pytest.fixture
def adaptive_cell_models(adaptive_cell_folder, monkeypatch) -> Path:
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(adaptive_cell_folder))
    return adaptive_cell_folder


@pytest.fixture
def adaptive_cell_generator(adaptive_cell_models):
    return registry.load("tiny-cell", "cpu")
