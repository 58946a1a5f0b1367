"""The adaptive-cell model from a data file to a model folder: the training, its weights and their card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from crystal_studio.generators.adaptive_cell import weights as model
from crystal_studio.training import checkpoint
from crystal_studio.training.adaptive_cell import TrainConfig, Trainer
from crystal_studio.training.crystals import held_units, splits, weights
from crystal_studio.training.model_card import of_training


def train(
    data: Path,
    out: Path,
    config: TrainConfig,
    *,
    device: str = "cpu",
    resume: bool = False,
    start: Path | None = None,
    report: Callable[[dict[str, float]], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train on a data file and write checkpoint, curve, weights and card to ``out``.

    With ``resume`` the checkpoint in ``out`` is carried on, network size included; without it a folder that holds one
    is refused. ``start`` names the folder of a model to begin with. Returns the last row of the learning curve.
    """
    checkpoint.check_free(out, (out / checkpoint.NAME).exists(), resume)
    training, validation = splits(data, config.seed)
    units, held = held_units(training)
    weight = weights(training)
    if resume:
        config = Trainer.saved_network(out, config)
    elif start is not None:
        config = replace(config, network=model.network_config(start))
    trainer = Trainer(config, units, device, None if weight is None else weight[held])
    if resume:
        trainer.restore(out)
    elif start is not None:
        trainer.start_from(model.read_weights(start), model.read_prior(start))
    last = trainer.run(out, held_units(validation)[0] if validation is not None else None, report, stop)
    card = {
        "title": f"Adaptive cell, trained on {data.name}",
        "licence": "MIT (weights); see data for the licence of the training data",
        "data": {"file": data.name, "crystals": len(units)} | ({"started_from": start.name} if start else {}),
        "training": of_training(trainer, last),
    }
    model.save(out, trainer.average.weights, config.network, trainer.prior, units, card)
    return last
