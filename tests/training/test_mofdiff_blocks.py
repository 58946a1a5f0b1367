"""The training of the block encoder learns, resumes as if it had never stopped, and writes a model folder."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from crystal_studio.errors import FileError, RequestError
from crystal_studio.generators.hashes import sha256
from crystal_studio.generators.mofdiff import block_storage
from crystal_studio.generators.mofdiff.block_encoder import EncoderConfig, embed
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.library import read_blocks, shipped_blocks, write_blocks
from crystal_studio.training.family import TrainingJob
from crystal_studio.training.mofdiff_blocks import TrainConfig, Trainer, contrastive, held_out_conformers
from crystal_studio.training.mofdiff_blocks_run import train
from crystal_studio.training.registry import families

SMALL = TrainConfig(
    network=EncoderConfig(hidden=16, layers=2, radial=6, angular=3, channels=4, projected=16),
    max_minutes=1e6,  # so that the rate falls with the epochs, not with the clock
    max_epochs=4,
    batch=16,
    learning_rate=5e-3,
    warm_up_steps=5,
    ema=0.9,
    checkpoint_minutes=1e9,
)


@pytest.fixture(scope="module")
def library() -> BlockLibrary:
    """Small blocks that have others of their identity, six identities with four shapes each."""
    whole = shipped_blocks()
    ids, counts = np.unique(whole.identity[whole.n_atoms < 16], return_counts=True)
    rows = [np.flatnonzero(whole.identity == one)[:4] for one in ids[counts > 3][:6]]
    return whole.take(np.concatenate(rows))


def test_contrast_is_least_where_identities_stand_apart() -> None:
    identity = torch.tensor([0, 0, 1, 1])
    apart = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    mixed = torch.tensor([[1.0, 0], [0, 1], [1, 0], [0, 1]])
    together = torch.tensor([[1.0, 0]] * 4)
    losses = [float(contrastive(v, identity, 0.1)) for v in (apart, together, mixed)]
    assert losses[0] < 0.001 and losses[1] == pytest.approx(np.log(3), abs=1e-4) and losses[2] > 9


def test_loss_falls_and_other_shapes_are_found(library, tmp_path) -> None:
    trainer = Trainer(replace(SMALL, max_epochs=30), library)
    rows = []
    trainer.run(tmp_path, trainer.held_out, rows.append)
    assert rows[-1]["total"] < 0.5 * rows[0]["total"]
    assert (
        rows[-1]["val_noised_0.05"] > 0.8
        and {"val_conformers", "val_formula", "val_points", "val_blurred_0.25"} <= rows[-1].keys()
    )
    assert trainer.validate(trainer.held_out) == trainer.validate(trainer.held_out)


def test_held_out_shapes_have_others_and_are_not_learnt_from(library) -> None:
    found = held_out_conformers(library, 1)
    assert len(found) and len(np.unique(library.identity[found])) == len(found)
    trainer = Trainer(replace(SMALL, seed=1), library)
    assert set(library.identity[found]) <= set(library.identity[trainer.rows])
    for epoch in range(2):
        trainer.epoch = epoch
        batches = list(trainer.order(np.random.default_rng(0)))
        seen = np.concatenate(batches)
        assert len(set(seen)) == len(seen) and not set(seen) & set(found) and max(map(len, batches)) <= SMALL.batch


def test_two_and_two_epochs_are_four(library, tmp_path) -> None:
    whole = Trainer(SMALL, library)
    whole.run(tmp_path / "whole")
    trainer = Trainer(SMALL, library)
    trainer.run(tmp_path / "parts", report=lambda r: trainer.save(tmp_path / "cut") if r["epoch"] == 2 else None)
    second = Trainer(SMALL, library)
    assert second.restore(tmp_path / "cut") and second.epoch == 2
    second.run(tmp_path / "parts")
    for name, value in whole.average.weights.items():
        assert torch.allclose(value, second.average.weights[name], atol=1e-6)
    with pytest.raises(RequestError, match="same --data"):
        Trainer(SMALL, library.take(np.arange(len(library) - 1))).restore(tmp_path / "cut")


def test_train_writes_a_model_and_carries_it_on(library, tmp_path) -> None:
    data, out = tmp_path / "blocks.safetensors", tmp_path / "mine"
    write_blocks(data, library, {"source": {"licence": "CC BY 4.0"}})
    config = replace(SMALL, max_epochs=2)
    reached = train(data, out, config)
    card = json.loads((out / "card.json").read_text())
    assert (
        reached["last"]["epoch"] == 2 and card["family"] == "mofdiff-blocks" and card["figures"] == reached["figures"]
    )
    assert card["data"]["source"] == {"licence": "CC BY 4.0"} and card["library"]["blocks"] == len(library)
    assert card["sha256"] == sha256(out / "model.safetensors")
    network, known, _ = block_storage.read(out)
    np.testing.assert_array_equal(embed(network, read_blocks(data)[0]), known)
    with pytest.raises(RequestError, match="resume"):
        train(data, out, config)
    wider = replace(config, max_epochs=3, network=EncoderConfig())  # the size is that of the checkpoint
    assert train(data, out, wider, resume=True)["last"]["epoch"] == 3
    assert block_storage.read(out)[0].config == config.network


def test_what_cannot_be_learnt_from_is_one_sentence(library, tmp_path) -> None:
    family = families.get("mofdiff-blocks")
    assert family.default_data().exists()
    for field, value in (("extra", (tmp_path / "e",)), ("start", tmp_path)):
        job = TrainingJob(tmp_path / "d", tmp_path / "o", family.options(), **{field: value})
        with pytest.raises(RequestError, match=f"leave out --{field}|leave it out") as caught:
            family.train(job)
        assert caught.value.field == field
    with pytest.raises(FileError, match="cannot be read"):
        train(tmp_path / "none.safetensors", tmp_path / "o", SMALL)
    with pytest.raises(RequestError, match="at least two"):
        Trainer(SMALL, library.take(np.array([0])))
