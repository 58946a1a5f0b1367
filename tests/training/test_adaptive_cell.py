"""The adaptive-cell training learns, resumes as if it had never stopped, and writes a model folder."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import get_args, get_type_hints

import numpy as np
import pytest
import torch
from ase.build import bulk
from ase.io import write

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.lattice import from_k, to_k
from crystal_studio.crystal.space_groups import tables
from crystal_studio.errors import ModelError, RequestError
from crystal_studio.generators.adaptive_cell import weights
from crystal_studio.generators.adaptive_cell.cells import estimate
from crystal_studio.generators.adaptive_cell.dimenet import DimeNetConfig
from crystal_studio.generators.adaptive_cell.light import LightConfig
from crystal_studio.generators.adaptive_cell.network import NETWORKS, build, config_of
from crystal_studio.generators.hashes import sha256
from crystal_studio.training.adaptive_cell import TrainConfig, Trainer
from crystal_studio.training.adaptive_cell_family import AdaptiveCellTraining, network_config
from crystal_studio.training.adaptive_cell_run import train
from crystal_studio.training.registry import families

SMALL = TrainConfig(
    network=LightConfig(hidden=16, edge=16, layers=2, angle=2, neighbours=12, time_width=8),
    max_minutes=1e6,  # so that the rate falls with the epochs, not with the clock
    max_epochs=4,
    batch=16,
    learning_rate=5e-3,
    bf16=False,
    warm_up_steps=5,
    ema=0.95,
    checkpoint_minutes=1e9,
)


@pytest.fixture(scope="module")
def units() -> AsymmetricUnits:
    """Rutiles of one shape and of sizes that follow from their elements: cell and oxygen position can be learnt."""
    rng, table = np.random.default_rng(0), tables()
    metals = rng.choice([12, 22, 25, 50], 64)
    rows = np.array([table.wyckoff_row(136, "a"), table.wyckoff_row(136, "f")])
    edge = 4.0 + metals / 50
    lattice = np.zeros((64, 3, 3))
    lattice[:, [0, 1, 2], [0, 1, 2]] = np.stack([edge, edge, 0.65 * edge], 1)
    points = np.tile([[0.0, 0, 0], [0.305, 0.305, 0]], (64, 1, 1))
    numbers = np.stack([metals, np.full(64, 8)], 1).astype(np.int16)
    return AsymmetricUnits(
        np.full(64, 136, np.int16), lattice, numbers, np.tile(rows, (64, 1)).astype(np.int16), points
    )


def test_loss_falls(units, tmp_path):
    trainer = Trainer(replace(SMALL, max_epochs=30), units)
    rows = []
    trainer.run(tmp_path, units, rows.append)
    assert rows[-1]["total"] < 0.6 * rows[0]["total"]
    assert rows[-1]["val_sites"] < 0.7 * rows[4]["val_sites"]
    assert all(
        r["val_total"] == pytest.approx(r["val_sites"] + r["val_cell"], abs=1e-4) for r in rows if "val_total" in r
    )


def test_validation_asks_the_same_every_time(units):
    trainer = Trainer(SMALL, units)
    assert trainer.validate(units) == trainer.validate(units)


def test_two_and_two_epochs_are_four(units, tmp_path):
    whole = Trainer(SMALL, units)
    whole.run(tmp_path / "whole")
    trainer = Trainer(SMALL, units)
    trainer.run(tmp_path / "parts", report=lambda r: trainer.save(tmp_path / "cut") if r["epoch"] == 2 else None)
    second = Trainer(SMALL, units.take(slice(0, 10)))  # what cells are expected to be comes from the checkpoint
    second.units = units
    assert second.restore(tmp_path / "cut") and second.epoch == 2
    second.run(tmp_path / "parts")
    for name, value in whole.average.weights.items():
        assert torch.allclose(value, second.average.weights[name], atol=1e-6)
    assert torch.equal(second.prior.std, whole.prior.std)


def test_train_writes_a_model_and_carries_it_on(tmp_path):
    rng = np.random.default_rng(0)
    kinds = ["rocksalt", "cesiumchloride", "zincblende"]
    path, out = tmp_path / "binaries.extxyz", tmp_path / "mine"
    write(
        path, [bulk(rng.choice(["NaCl", "MgO", "LiF"]), str(rng.choice(kinds)), a=rng.uniform(4, 7)) for _ in range(40)]
    )
    config = replace(SMALL, max_epochs=2)
    last = train(path, out, config)
    card = json.loads((out / "card.json").read_text())
    assert last["epoch"] == 2 and card["family"] == "adaptive-cell" and card["data"]["crystals"] == 38
    assert card["elements"] == [3, 8, 9, 11, 12, 17] and card["limits"] == {"max_orbits": 2, "max_atoms": 2}
    assert card["sha256"] == sha256(out / "model.safetensors")
    with pytest.raises(RequestError, match="resume"):
        train(path, out, config)
    wider = replace(config, max_epochs=3, network=LightConfig())  # the size is that of the checkpoint
    assert train(path, out, wider, resume=True)["epoch"] == 3
    assert weights.network_config(out) == config.network
    other = train(path, tmp_path / "other", config, start=out)
    assert other["epoch"] == 2
    with pytest.raises(ModelError, match="name another"):
        train(path, tmp_path / "third", config, start=tmp_path)


def test_a_network_is_chosen_by_name_and_kept_in_the_card(tmp_path):
    kinds = get_args(get_type_hints(AdaptiveCellTraining)["network"])
    assert kinds == tuple(NETWORKS)
    chosen = network_config(AdaptiveCellTraining(network="dimenet", hidden=16, layers=1, neighbours=20))
    assert (chosen.kind, chosen.hidden, chosen.layers, chosen.neighbours) == ("dimenet", 16, 1, 20)
    with pytest.raises(RequestError, match="dimenet has no --edge"):
        network_config(AdaptiveCellTraining(network="dimenet", edge=16))
    with pytest.raises(RequestError, match="dimenet has no --descriptors"):
        network_config(AdaptiveCellTraining(network="dimenet", descriptors=True))
    assert build(network_config(AdaptiveCellTraining(descriptors=True))).of_descriptors.weight.shape[1] == 10
    assert config_of(chosen.to_dict()) == chosen
    old = LightConfig(hidden=32).to_dict()
    del old["kind"]
    assert config_of(old) == LightConfig(hidden=32)


def test_the_published_network_is_trained_and_loaded(units, tmp_path):
    config = replace(SMALL, network=DimeNetConfig(neighbours=12, hidden=8, layers=1, inner=4, out=8))
    path, out = tmp_path / "binaries.extxyz", tmp_path / "mine"
    write(path, [bulk("NaCl", "rocksalt", a=5 + 0.01 * i) for i in range(20)])
    assert train(path, out, replace(config, max_epochs=1))["epoch"] == 1
    assert json.loads((out / "card.json").read_text())["network"]["kind"] == "dimenet"
    assert train(path, out, replace(SMALL, max_epochs=2), resume=True)["epoch"] == 2
    assert weights.network_config(out) == config.network
    loaded = build(weights.network_config(out))
    loaded.load_state_dict(weights.read_weights(out))
    trainer = Trainer(replace(config, max_epochs=20), units)
    rows = []
    trainer.run(tmp_path / "rutiles", None, rows.append)
    assert rows[-1]["total"] < 0.8 * rows[0]["total"]


def test_an_extra_file_is_refused(tmp_path):
    from crystal_studio.training.family import TrainingJob

    family = families.get("adaptive-cell")
    job = TrainingJob(tmp_path / "d.extxyz", tmp_path / "o", family.options(), extra=(tmp_path / "e.extxyz",))
    with pytest.raises(RequestError, match="extra"):
        family.train(job)


def test_cells_expected_follow_the_composition(units):
    """Sizes that follow from the elements are expected, so that little of them is left to learn."""
    prior = estimate(units)
    expected = np.linalg.det(from_k(prior.expected(units))) ** (1 / 3)
    assert np.allclose(expected, np.linalg.det(units.lattice) ** (1 / 3), rtol=0.1)
    shape = to_k(units.lattice)[:, 4]
    assert np.allclose(prior.expected(units)[:, 4], shape, atol=1e-3)
    unknown = replace(units, numbers=np.where(units.numbers == 8, 34, units.numbers))
    assert (np.linalg.det(from_k(prior.expected(unknown))) ** (1 / 3) > expected).all()
