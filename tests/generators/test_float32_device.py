"""The model on a device that has no float64: sampling and training never make such a tensor there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from crystal_studio.design.request import ChemicalSystem, DesignRequest
from crystal_studio.generators import registry
from crystal_studio.generators.symmcd import model
from crystal_studio.generators.symmcd.network import NetworkConfig
from crystal_studio.generators.symmcd.representation import encode
from crystal_studio.training.symmcd import TrainConfig, Trainer, TrainingSet
from tests.generators.conftest import crystals
from tests.generators.float32_device import DEVICE, Float32Device


class OfTheCpu(torch.Generator):
    """The device's random numbers come from the CPU."""

    def __new__(cls, device="cpu"):
        return super().__new__(cls, device="cpu")


@pytest.fixture
def device(monkeypatch):
    monkeypatch.setattr(torch, "Generator", OfTheCpu)
    monkeypatch.setattr(model, "bf16_pays", lambda kind: False)  # the same arithmetic here and there
    with Float32Device():
        yield DEVICE


def test_the_stand_in_refuses_what_the_device_refuses(device):
    there = torch.zeros(2, device=device)
    for wrong in (there.double, lambda: torch.as_tensor(np.zeros(2), device=device), lambda: there + torch.ones(2)):
        with pytest.raises((TypeError, RuntimeError)):
            wrong()
    assert there.cpu().double().dtype == torch.float64


@pytest.mark.parametrize(
    "request_",
    [
        DesignRequest(count=6, seed=1, model="tiny", options={"steps": 3}),
        DesignRequest(count=4, seed=2, model="tiny", options={"steps": 2, "sampler": "published"}),
        DesignRequest(
            count=4,
            seed=3,
            model="tiny",
            options={"steps": 3},
            space_groups=(225,),
            chemical_system=ChemicalSystem(("Na", "Cl"), "exact"),
        ),
    ],
)
def test_sampling(models, device, request_):
    generator = registry.load("tiny", device)
    there = generator.sample(request_, 0)
    assert len(there) == request_.count
    here = registry.load("tiny", "cpu").sample(request_, 0)
    np.testing.assert_array_equal(there.structures.numbers, here.structures.numbers)
    np.testing.assert_allclose(there.structures.positions, here.structures.positions, atol=1e-3)


def test_training(device, tmp_path):
    config = TrainConfig(
        network=NetworkConfig(hidden=8, layers=1, frequencies=2, node_frequencies=2), max_epochs=1, bf16=False
    )
    features = encode(crystals(40))
    trainer = Trainer(replace(config, batch=20), TrainingSet((features,)), device)
    trainer.run(tmp_path, features)
    assert trainer.step > 0
