"""The same seed gives the same training as before: losses, weights, and from a checkpoint written then."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from crystal_studio.training.properties import train_member
from crystal_studio.training.symmcd import Trainer
from tests.training import tiny

WEIGHTS = load_file(tiny.KEPT / "course.safetensors")
LOSSES = json.loads((tiny.KEPT / "course.json").read_text())
CLOCK = ("minutes", "crystals_per_s")


def same(weights: dict[str, torch.Tensor], prefix: str) -> None:
    kept = {k.removeprefix(prefix): v for k, v in WEIGHTS.items() if k.startswith(prefix)}
    assert kept.keys() == weights.keys()
    for name, value in weights.items():
        torch.testing.assert_close(value.detach(), kept[name], rtol=1e-4, atol=1e-6, msg=f"{prefix}{name}")


def same_rows(rows: list[dict[str, float]], kept: list[dict[str, float]]) -> None:
    for row, before in zip(rows, kept, strict=True):
        assert row.keys() == before.keys() | set(CLOCK) & row.keys()
        for name, value in before.items():
            assert row[name] == pytest.approx(value, rel=1e-4, abs=2e-5), name


def test_symmcd_learns_as_before(tmp_path: Path) -> None:
    trainer, rows = Trainer(tiny.CONFIG, tiny.learnt()), []
    trainer.run(tmp_path, tiny.held_out(), rows.append)
    same_rows(rows, LOSSES["symmcd"])
    same(dict(trainer.network.named_parameters()), "model.")
    same(trainer.average.weights, "ema.")


def test_a_checkpoint_of_before_is_carried_on(tmp_path: Path) -> None:
    """Written after two of five epochs: the three others end in the same weights."""
    packed = (tiny.KEPT / "half.safetensors.xz").read_bytes()
    (tmp_path / "checkpoint.safetensors").write_bytes(lzma.decompress(packed))
    config = Trainer.saved_network(tmp_path, tiny.CONFIG)
    assert config == tiny.CONFIG
    trainer, rows = Trainer(config, tiny.learnt()), []
    assert trainer.restore(tmp_path)
    assert (trainer.epoch, trainer.step) == (2, 11)
    trainer.run(tmp_path, tiny.held_out(), rows.append)
    same_rows(rows, LOSSES["symmcd"][2:])
    same(dict(trainer.network.named_parameters()), "model.")
    same(trainer.average.weights, "ema.")


def test_properties_are_learned_as_before() -> None:
    rows: list[dict[str, float]] = []
    network = train_member(tiny.salts(), tiny.PROPERTIES, 0, rows.append)
    same(dict(network.named_parameters()), "properties.")
    assert [row["loss"] for row in rows] == pytest.approx(LOSSES["properties"], rel=1e-4)
