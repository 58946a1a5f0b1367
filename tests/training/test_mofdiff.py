"""The training of MOFDiff learns, resumes as if it had never stopped, and writes a model that generates."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import ModelError, RequestError
from crystal_studio.generators import registry
from crystal_studio.generators.mofdiff import weights
from crystal_studio.generators.mofdiff.labels import LABELS
from crystal_studio.generators.mofdiff.objective import Batch, losses
from crystal_studio.mof.alike import alike
from crystal_studio.mof.blocks import NODE
from crystal_studio.mof.collecting import only_used
from crystal_studio.mof.library import shipped_blocks, shipped_mofs, write_mofs
from crystal_studio.training.mofdiff import TrainConfig, Trainer
from crystal_studio.training.mofdiff_data import Examples, exchanged, no_labels
from crystal_studio.training.mofdiff_family import MofDiffTraining
from crystal_studio.training.mofdiff_run import hypothetical, train
from crystal_studio.training.registry import families
from tests.generators.mofdiff_parts import SIZES, random_embeddings, vocabulary

SMALL = TrainConfig(
    network=SIZES,
    max_minutes=1e6,  # so that the rate falls with the epochs, not with the clock
    max_epochs=4,
    batch=8,
    learning_rate=5e-3,
    bf16=False,
    warm_up_steps=5,
    ema=0.95,
    checkpoint_minutes=1e9,
    exchanged=0.3,
)


EMBEDDINGS = random_embeddings(len(shipped_blocks()))


@pytest.fixture(scope="module")
def few():
    mofs = shipped_mofs()
    return mofs.take(np.flatnonzero(mofs.n_blocks <= 6)[:24])


@pytest.fixture(scope="module")
def blocks(few):
    """The blocks that few frameworks are made of, and those frameworks."""
    mofs, library = only_used(few, shipped_blocks())
    return library, mofs


@pytest.fixture(scope="module")
def examples(blocks):
    return Examples.of(blocks[1], np.zeros((len(blocks[1]), len(LABELS)), np.float32))


@pytest.fixture(scope="module")
def trainer(blocks, examples):
    library, mofs = blocks
    words = vocabulary(library, mofs)
    return lambda **changes: Trainer(replace(SMALL, **changes), examples, library, words)


def test_losses_fall(trainer, examples, tmp_path):
    rows: list[dict[str, float]] = []
    trainer(max_epochs=15).run(tmp_path, examples, rows.append)
    assert rows[-1]["total"] < 0.9 * rows[0]["total"]
    assert rows[-1]["count"] < rows[0]["count"]
    assert "val_places" in rows[-1]


def test_validation_asks_the_same_every_time(trainer, examples):
    made = trainer()
    assert made.validate(examples) == made.validate(examples)


def test_two_and_two_epochs_are_four(trainer, tmp_path):
    whole = trainer()
    whole.run(tmp_path / "whole")
    first = trainer()
    first.run(tmp_path / "parts", report=lambda r: first.save(tmp_path / "cut") if r["epoch"] == 2 else None)
    second = trainer()
    assert second.restore(tmp_path / "cut")
    second.run(tmp_path / "cut")
    for key, value in whole.average.weights.items():
        torch.testing.assert_close(second.average.weights[key], value, rtol=1e-4, atol=1e-6)


def test_blocks_are_exchanged_for_others_alike(blocks, examples):
    library = blocks[0]
    rng = np.random.default_rng(0)
    others = alike(library)
    shown = exchanged(examples, others, library.kind, rng, 1.0)
    before, after = examples.mofs.block, shown.mofs.block
    assert (before != after).any()
    np.testing.assert_array_equal(library.kind[before], library.kind[after])
    np.testing.assert_array_equal(library.n_points[before], library.n_points[after])
    for i in range(len(examples)):
        rows = examples.mofs.blocks(i)
        changed = before[rows] != after[rows]
        if (changed & (library.kind[before[rows]] != NODE)).any():
            assert np.isnan(shown.labels[i]).all()
    assert not np.isnan(exchanged(examples, others, library.kind, rng, 0.0).labels).any()


def test_hypothetical_frameworks_are_shown_among_the_known_ones(blocks, examples):
    library, mofs = blocks
    words, others = vocabulary(library, mofs), examples.take(np.arange(10))

    def shown(share: float, hypothetical: Examples | None) -> list[int]:
        made = Trainer(replace(SMALL, hypothetical=share), examples, library, words, hypothetical=hypothetical)
        return np.concatenate(list(made.order(np.random.default_rng(0)))).tolist()

    known = list(range(len(examples)))
    assert sorted(shown(0.5, None)) == sorted(shown(0.0, others)) == known
    count = np.bincount(shown(0.5, others), minlength=len(examples) + 10)
    assert (count[: len(examples)] == 1).all() and count[len(examples) :].sum() == len(examples)
    assert set(count[len(examples) :]) <= {len(examples) // 10, len(examples) // 10 + 1}
    few = np.array(shown(0.2, others))
    assert (few >= len(examples)).sum() == round(len(examples) / 4) and few.max() < len(examples) + 10


def test_of_hypothetical_frameworks_the_denoiser_alone_learns(trainer, examples):
    made = trainer()
    batch = made.batch(np.arange(6), np.random.default_rng(0))
    z_says = ("cell", "count", "metals", "prior")

    def found(known: list[bool], of: Batch) -> dict[str, float]:
        parts = losses(made.network, replace(of, known=torch.tensor(known)), torch.Generator().manual_seed(0))
        return {name: float(value.detach()) for name, value in parts.items()}

    every, none = found([True] * 6, batch), found([False] * 6, batch)
    assert all(none[name] == 0 < every[name] for name in z_says)
    assert all(none[name] == every[name] for name in ("blocks", "places", "strain", "kl"))
    half, other = found([True] * 3 + [False] * 3, batch), found([False] * 3 + [True] * 3, batch)
    for name in z_says:
        assert half[name] + other[name] == pytest.approx(2 * every[name], rel=1e-4)
    one = Trainer(made.config, examples, made.library, made.vocabulary, hypothetical=examples.take(np.arange(2)))
    rows = np.array([0, len(examples), 1])
    assert one.batch(rows, np.random.default_rng(0)).known.tolist() == [True, False, True]


def test_hypothetical_frameworks_beside_the_data_are_learnt_from(few, tmp_path):
    write_mofs(tmp_path / "mofs.safetensors", few, shipped_blocks(), {})
    write_mofs(tmp_path / "hypothetical.safetensors", few.take(np.arange(5)), shipped_blocks(), {})
    found = hypothetical(tmp_path, shipped_blocks())
    assert found is not None and len(found) == 5 and np.isnan(found.labels).all()
    rows: list[dict[str, float]] = []
    config = replace(SMALL, max_epochs=1, warm_up_steps=1)
    train(tmp_path / "mofs.safetensors", tmp_path / "with", config, EMBEDDINGS, report=rows.append)
    none = replace(config, hypothetical=0.0)
    train(tmp_path / "mofs.safetensors", tmp_path / "without", none, EMBEDDINGS, report=rows.append)
    assert rows[0]["step"] > rows[1]["step"]  # more are shown
    cards = [json.loads((tmp_path / out / "card.json").read_text()) for out in ("with", "without")]
    assert cards[0]["data"]["hypothetical"] == 5 and "hypothetical" not in cards[1]["data"]
    assert cards[0]["data"]["frameworks"] == cards[1]["data"]["frameworks"]
    assert hypothetical(tmp_path / "with", shipped_blocks()) is None


def test_a_trained_model_generates_frameworks(few, tmp_path, monkeypatch):
    write_mofs(tmp_path / "mofs.safetensors", few, shipped_blocks(), {"source": {"licence": "CC BY 4.0"}})
    (tmp_path / "pores.csv").write_text(
        "name,lcd,pld,surface_area,void_fraction\n"
        + "".join(f"{name},{5 + i % 3},4.0,900,0.5\n" for i, name in enumerate(few.name))
    )
    out = tmp_path / "models" / "mine"
    config = replace(SMALL, max_epochs=2)
    last = train(tmp_path / "mofs.safetensors", out, config, EMBEDDINGS)
    assert last["epoch"] == 2
    with pytest.raises(RequestError, match="already holds a training"):
        train(tmp_path / "mofs.safetensors", out, config, EMBEDDINGS)
    assert train(tmp_path / "mofs.safetensors", out, replace(config, max_epochs=3), EMBEDDINGS, resume=True)
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path / "models"))
    generator = registry.load("mine")
    assert generator.card.data["licence"] == "CC BY 4.0"
    lcd = next(label for label in generator.card.labels if label.name == "lcd")
    assert (lcd.low, lcd.high) == (5.0, 7.0)
    generator.rounds = 1
    request = DesignRequest(count=2, options={"steps": 2}, model="mine")
    one, two = generator.sample(request, 0), generator.sample(request, 0)
    assert len(one) == 2 and one.blocks is not None and one.bonds is not None
    np.testing.assert_array_equal(one.structures.positions, two.structures.positions)


def test_a_model_of_other_blocks_is_refused(tmp_path):
    library = shipped_blocks()
    made = vocabulary()
    weights.save(tmp_path, {}, SIZES, made, (np.zeros(6), np.ones(6)), library, np.full((2, len(LABELS)), np.nan), {})
    assert weights.read(tmp_path, library)[1].width == made.width
    with pytest.raises(ModelError, match="another library of building blocks"):
        weights.read(tmp_path, library.take(np.arange(5)))


def test_the_family_is_registered_and_has_data():
    family = families.get("mofdiff")
    assert family.default_data().exists()
    assert MofDiffTraining().exchanged == TrainConfig().exchanged
    assert MofDiffTraining().hypothetical == TrainConfig().hypothetical
    assert len(no_labels(3)) == 3
