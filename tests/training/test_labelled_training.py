"""Training with labels, extra crystals, equivalent descriptions, and fine-tuning of a trained model."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from ase.build import bulk

from crystal_studio.data.datasets import load
from crystal_studio.errors import ModelError
from crystal_studio.generators import registry
from crystal_studio.generators.symmcd.labels import NAMES, WIDTH
from crystal_studio.generators.symmcd.network import NetworkConfig
from crystal_studio.training.symmcd import TrainConfig, Trainer, batches, drop
from crystal_studio.training.symmcd_data import training_set
from crystal_studio.training.symmcd_run import train

SMALL = TrainConfig(
    network=NetworkConfig(hidden=32, layers=2, frequencies=4, node_frequencies=4),
    max_epochs=2,
    batch=32,
    bf16=False,
    warm_up_steps=5,
    checkpoint_minutes=1e9,
)
HULL = NAMES.index("e_above_hull")


def write(path, pairs, e_hull, count=60, seed=0):
    rng = np.random.default_rng(seed)
    crystals = [bulk(rng.choice(pairs), "rocksalt", a=rng.uniform(4, 6)) for _ in range(count)]
    columns = {
        "lattice": [c.cell.cellpar().tolist() for c in crystals],
        "atomic_numbers": [c.numbers.tolist() for c in crystals],
        "frac_coords": [c.get_scaled_positions().ravel().tolist() for c in crystals],
        "formation_energy_per_atom": rng.uniform(-3, 0, count),
        "e_above_hull": np.full(count, e_hull),
        "split": ["train"] * count,
    }
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelled")
    stable = write(folder / "stable.parquet", ["NaCl", "MgO"], 0.0)
    return stable, write(folder / "unstable.parquet", ["CsF", "LiI"], 0.3, seed=1)


def test_labels_come_from_columns_and_density_from_the_structure(files):
    data = training_set(load(files[0]), load(files[1]), augment=3)
    assert len(data) == 120 and len(data.variants) == 3 and len(data.main) == 60
    assert data.extra is not None and data.extra.sum() == 60
    assert np.allclose(data.labels[data.extra, HULL], 0.3) and np.allclose(data.labels[~data.extra, HULL], 0.0)
    assert np.isnan(data.labels[:, NAMES.index("band_gap")]).all()
    density = data.labels[:, NAMES.index("density")]
    assert (density > 0.3).all() and (density < 20).all()
    assert data.balanced.all(), "rock salts of these pairs are charge-neutral"


def test_extra_crystals_never_lose_their_energy_above_hull(files):
    data = training_set(load(files[0]), load(files[1]))
    shown = drop(data.labels, data.extra, SMALL, np.random.default_rng(0))
    assert np.isfinite(shown[data.extra, HULL]).all()
    stable = np.isfinite(shown[~data.extra, HULL]).mean()
    assert 0.1 < stable < 0.6
    used = np.concatenate(list(batches(data.variants[0].n_orbits, SMALL, np.random.default_rng(0), data.extra)))
    assert (~data.extra[used]).sum() == 60 and 5 < data.extra[used].sum() < 45


def test_priors_leave_extra_crystals_out(files):
    data = training_set(load(files[0]), load(files[1]))
    seen = np.flatnonzero(Trainer(SMALL, data).priors.elements.numpy()) + 1
    assert set(seen) == {8, 11, 12, 17}


def test_trained_model_aims_at_targets_and_can_be_fine_tuned(files, tmp_path, monkeypatch):
    from crystal_studio.design.request import DesignRequest, PropertyTarget
    from crystal_studio.errors import RequestError

    first = tmp_path / "models" / "first"
    train(files[0], first, SMALL, extra=files[1], augment=2)
    card = json.loads((first / "card.json").read_text())
    assert [label["name"] for label in card["labels"]] == list(NAMES) and card["network"]["labels"] == WIDTH
    assert card["data"]["crystals"] == 60 and card["data"]["extra_crystals"] == 60
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(first.parent))
    generator = registry.load("first")
    target = PropertyTarget("formation_energy_per_atom", -2.0, -1.5)
    asked = DesignRequest(count=6, targets=(target,), options={"steps": 3, "guidance": 3.0})
    generator.check(asked)
    guided = generator.sample_units(asked, 0)
    plain = generator.sample_units(asked.with_options(guidance=1.0), 0)
    assert len(guided) == 6 and not np.array_equal(guided.lattice, plain.lattice)
    with pytest.raises(RequestError, match="cannot aim at bulk_modulus"):
        generator.check(asked.with_(targets=(PropertyTarget("bulk_modulus", 1, 2),)))

    second = tmp_path / "models" / "second"
    still = replace(SMALL, max_epochs=1, learning_rate=0.0)
    train(files[0], second, still, start=first)
    from crystal_studio.generators.symmcd.weights import read_weights

    for name, value in read_weights(first).items():
        assert torch.equal(value, read_weights(second)[name])


def test_weights_of_another_size_are_refused(files, tmp_path):
    trainer = Trainer(SMALL, training_set(load(files[0])))
    other = Trainer(replace(SMALL, network=replace(SMALL.network, hidden=16)), training_set(load(files[0])))
    with pytest.raises(ModelError, match="another shape"):
        trainer.start_from(dict(other.network.named_parameters()), other.priors)
