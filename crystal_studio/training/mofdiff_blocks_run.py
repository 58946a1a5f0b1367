"""The block encoder from a library of building blocks to a model folder: training, weights, embeddings and card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from crystal_studio.generators.mofdiff import block_storage
from crystal_studio.mof.library import read_blocks
from crystal_studio.training import checkpoint
from crystal_studio.training.curve import rounded
from crystal_studio.training.model_card import of_training
from crystal_studio.training.mofdiff_blocks import TrainConfig, Trainer
from crystal_studio.training.mofdiff_blocks_figures import figures


def train(
    data: Path,
    out: Path,
    config: TrainConfig,
    *,
    device: str = "cpu",
    resume: bool = False,
    report: Callable[[dict[str, float]], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train on a library (``blocks.safetensors`` with its card); write checkpoint, curve, weights and card to ``out``.

    With ``resume`` the checkpoint in ``out`` is carried on, network size included; without it a folder that holds one
    is refused. Returns the last row of the learning curve, ``last``, and the ``figures`` of the weights written.
    """
    checkpoint.check_free(out, (out / checkpoint.NAME).exists(), resume)
    library, source = read_blocks(data)
    if resume:
        config = Trainer.saved_network(out, config)
    trainer = Trainer(config, library, device)
    if resume:
        trainer.restore(out)
    last = trainer.run(out, trainer.held_out, report, stop)
    card: dict[str, Any] = {
        "title": "Block encoder of MOFDiff",
        "licence": "MIT (weights); see data for the licence of the training data",
        "data": {"file": data.name, "blocks": len(trainer.rows), "held_out": len(trainer.held_out)}
        | {key: source[key] for key in ("source",) if key in source},
        "training": of_training(trainer, {k: v for k, v in last.items() if not k.startswith("val_")}),
    }
    block_storage.save(out, trainer.average.weights, config.network, library, card)
    # Of what was written, in half precision.
    network, _, _ = block_storage.read(out)
    found = rounded(figures(network, library, trainer.held_out))
    block_storage.save(out, trainer.average.weights, config.network, library, card | {"figures": found})
    return {"last": last, "figures": found}
