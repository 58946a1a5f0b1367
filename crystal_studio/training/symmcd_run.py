"""SymmCD from a data file to a model folder: the training, its weights and their card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from crystal_studio.data.datasets import load
from crystal_studio.generators.symmcd import weights as model
from crystal_studio.generators.symmcd.labels import WIDTH
from crystal_studio.training import checkpoint
from crystal_studio.training.crystals import splits
from crystal_studio.training.model_card import of_training
from crystal_studio.training.symmcd import TrainConfig, Trainer
from crystal_studio.training.symmcd_data import prepare, training_set


def train(
    data: Path,
    out: Path,
    config: TrainConfig,
    *,
    device: str = "cpu",
    resume: bool = False,
    extra: Path | None = None,
    augment: int = 1,
    start: Path | None = None,
    source: dict[str, Any] | None = None,
    report: Callable[[dict[str, float]], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train SymmCD on a data file and write checkpoint, curve, weights and card to ``out``.

    With ``resume`` the checkpoint in ``out`` is carried on, network size included;
    without it a folder that holds one is refused. ``extra`` names crystals unlike those of ``data`` that are
    only shown with their energy above hull, ``augment`` how many equivalent descriptions each crystal gets,
    ``start`` the folder of a model to begin with (fine-tuning). Returns the last row of the learning curve.
    """
    checkpoint.check_free(out, (out / checkpoint.NAME).exists(), resume)
    training, validation = splits(data, config.seed)
    data_set = training_set(training, load(extra) if extra else None, augment)
    config = replace(config, network=replace(config.network, labels=WIDTH))
    if resume:
        config = Trainer.saved_network(out, config)
    elif start is not None:
        config = replace(config, network=model.network_config(start))
    trainer = Trainer(config, data_set, device)
    if resume:
        trainer.restore(out)
    elif start is not None:
        trainer.start_from(model.read_weights(start), model.read_priors(start))
    last = trainer.run(out, prepare(validation) if validation is not None else None, report, stop)
    about = dict(source or {})
    if extra is not None and data_set.extra is not None:
        about |= {"extra_file": extra.name, "extra_crystals": int(data_set.extra.sum())}
    if start is not None:
        about |= {"started_from": start.name}
    write_model(trainer, out, data.name, len(data_set.main), about, last)
    return last


def write_model(
    trainer: Trainer, out: Path, data: str, crystals: int, source: dict[str, Any], last: dict[str, float]
) -> None:
    """The averaged weights and their card, beside the checkpoint."""
    known = trainer.data.balanced
    if known is not None and trainer.data.extra is not None:
        known = known[~trainer.data.extra]
    card = {
        "title": f"SymmCD trained on {data}",
        "licence": "MIT (weights); see data for the licence of the training data",
        "data": {"file": data, "crystals": crystals, **source},
        "limits": {} if known is None else {"neutral_share": round(float(known.mean()), 4)},
        "training": of_training(trainer, last, loss_weights=trainer.config.weights.to_dict()),
    }
    model.save(out, trainer.average.weights, trainer.config.network, trainer.priors, card)
