"""Training learns, stops on time, and resumes as if it had never stopped."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from ase.build import bulk
from ase.io import write

from crystal_studio.errors import ModelError, RequestError
from crystal_studio.generators import registry
from crystal_studio.generators.symmcd.network import NetworkConfig
from crystal_studio.training.crystals import splits
from crystal_studio.training.symmcd import TrainConfig, Trainer, batches
from crystal_studio.training.symmcd_data import prepare, training_set
from crystal_studio.training.symmcd_run import train

SMALL = TrainConfig(
    network=NetworkConfig(hidden=32, layers=2, frequencies=4, node_frequencies=4),
    max_minutes=1e6,  # so that the rate falls with the epochs, not with the clock
    max_epochs=4,
    batch=32,
    bf16=False,
    warm_up_steps=5,
    checkpoint_minutes=1e9,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Rock salts, caesium chlorides and zinc blendes of many lattice parameters."""
    path = tmp_path_factory.mktemp("data") / "binaries.extxyz"
    rng = np.random.default_rng(0)
    pairs = ["NaCl", "KBr", "MgO", "CaS", "LiF", "RbI"]
    kinds = ["rocksalt", "cesiumchloride", "zincblende"]
    images = [bulk(rng.choice(pairs), str(rng.choice(kinds)), a=rng.uniform(4, 7)) for _ in range(120)]
    write(path, images)
    return path


@pytest.fixture(scope="module")
def features(data):
    return prepare(splits(data, 0)[0])


def test_loss_falls(features, tmp_path):
    trainer = Trainer(replace(SMALL, max_epochs=40, learning_rate=3e-3), features)
    rows = []
    trainer.run(tmp_path, features, rows.append)
    assert rows[-1]["total"] < 0.5 * rows[0]["total"]
    assert rows[-1]["val_total"] < 0.5 * rows[4]["val_total"]


def test_equivalent_descriptions_are_learnt_from(data, tmp_path):
    """Rock salt with its atoms exchanged: the same crystals, as many orbits, other points, the same priors."""
    learnt = training_set(splits(data, 0)[0], augment=4)
    first = learnt.variants[0]
    assert len(learnt.variants) == 4
    for other in learnt.variants[1:]:
        assert (other.space_group == first.space_group).all() and (other.elements == first.elements).all()
        assert np.allclose(other.k, first.k, atol=1e-5) and (other.n_orbits == first.n_orbits).all()
        assert 0.2 < (np.abs(other.positions - first.positions) > 0.1).any((1, 2)).mean() < 0.8
    trainer = Trainer(replace(SMALL, max_epochs=2), learnt)
    trainer.run(tmp_path)
    assert torch.equal(trainer.priors.elements, Trainer(SMALL, prepare(splits(data, 0)[0])).priors.elements)


def test_resumed_training_is_the_same_training(features, tmp_path):
    """Four epochs at once, and two then two more, end in the same weights and moments."""
    whole = Trainer(SMALL, features)
    whole.run(tmp_path / "whole")
    first = Trainer(SMALL, features)
    first.run(tmp_path / "parts", stop=lambda: first.epoch == 2)
    second = Trainer(SMALL, features)
    assert second.restore(tmp_path / "parts")
    assert second.epoch == 2
    second.run(tmp_path / "parts")
    assert second.epoch == whole.epoch == 4
    assert second.step == whole.step + 1, "the epoch that was cut short is begun again"


def test_checkpoint_holds_weights_average_and_moments(features, tmp_path):
    first = Trainer(replace(SMALL, max_epochs=2), features)
    first.run(tmp_path)
    second = Trainer(SMALL, features)
    second.restore(tmp_path)
    for name, value in first.average.weights.items():
        assert torch.equal(value, second.average.weights[name])
    for (name, a), (_, b) in zip(first.network.named_parameters(), second.network.named_parameters(), strict=True):
        assert torch.equal(a, b), name
    a, b = (t.optimiser.state_dict()["state"] for t in (first, second))
    assert a.keys() == b.keys()
    for i in a:
        assert torch.equal(a[i]["exp_avg"], b[i]["exp_avg"]) and torch.equal(a[i]["exp_avg_sq"], b[i]["exp_avg_sq"])


def test_two_and_two_epochs_are_four(features, tmp_path):
    """The learning rate falls by epochs here, so that both runs see the same one."""
    whole = Trainer(SMALL, features)
    whole.run(tmp_path / "whole")
    trainer = Trainer(SMALL, features)

    def save_after_two(row):
        if row["epoch"] == 2:
            trainer.save(tmp_path / "parts")

    trainer.run(tmp_path / "other", report=save_after_two)
    second = Trainer(SMALL, features)
    second.restore(tmp_path / "parts")
    second.run(tmp_path / "parts")
    for name, value in whole.average.weights.items():
        assert torch.allclose(value, second.average.weights[name], atol=1e-6)


def test_time_bounds_the_run(features, tmp_path):
    trainer = Trainer(replace(SMALL, max_minutes=0.0, max_epochs=1000), features)
    trainer.run(tmp_path)
    assert trainer.step == 1 and (tmp_path / "checkpoint.safetensors").exists()


def test_batches_cover_everything_once(features):
    rows = np.concatenate(list(batches(features.n_orbits, SMALL, np.random.default_rng(0))))
    assert sorted(rows) == list(range(len(features)))


def test_train_writes_a_model_that_samples(data, tmp_path, monkeypatch):
    from crystal_studio.design.request import DesignRequest

    out = tmp_path / "models" / "mine"
    train(data, out, SMALL)
    card = json.loads((out / "card.json").read_text())
    assert card["data"]["crystals"] == 114 and card["training"]["epochs"] == 4
    assert 11 in card["elements"] and 92 not in card["elements"]
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(out.parent))
    units = registry.load("mine").sample_units(DesignRequest(count=3, options={"steps": 3}), 0)
    assert len(units) == 3
    with pytest.raises(RequestError, match="resume"):
        train(data, out, SMALL)
    last = train(data, out, replace(SMALL, max_epochs=5), resume=True)
    assert last["epoch"] == 5


def test_a_damaged_checkpoint_is_said(data, tmp_path):
    (tmp_path / "checkpoint.safetensors").write_bytes(b"junk")
    with pytest.raises(ModelError, match="damaged"):
        train(data, tmp_path, SMALL, resume=True)
