"""New labels for a trained MOFDiff, from its folder to another."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import torch

from crystal_studio.generators.mofdiff import weights as model
from crystal_studio.generators.mofdiff.labels import NAMES
from crystal_studio.generators.mofdiff.network import Network
from crystal_studio.mof.library import read_mofs, shipped_blocks
from crystal_studio.training.mofdiff_labels import encoded, errors, joined, learn, shown
from crystal_studio.training.mofdiff_run import known_values, ranges, split

_OF_THE_FILE = ("family", "format", "network", "library", "parameters", "sha256", "elements", "labels")
"""What is written anew of a card."""


@dataclass(frozen=True)
class LabelConfig:
    """How labels are learnt; ``seed`` is that of the training of the model: the same frameworks are held out."""

    steps: int = 1200
    learning_rate: float = 5e-4
    exchanged: float = 0.15
    seed: int = 42


def learn_labels(
    data: Path,
    start: Path,
    out: Path,
    config: LabelConfig,
    *,
    device: str = "cpu",
    report: Callable[[dict[str, float]], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Write to ``out`` the model in ``start`` with property heads and prior for the labels that are known of the
    frameworks of a file (``mofdiff_run.known_values``). Encoder, denoiser and cell stay as they are.

    Returns losses on frameworks held out. Raises ``ModelError`` and ``FileError``.
    """
    library = shipped_blocks()
    mofs, _ = read_mofs(data, library)
    values = known_values(mofs, data.parent)
    training, validation = split(mofs, values, config.seed)
    sizes, vocabulary, scale, weights = model.read(start, library)
    card = json.loads((start / "card.json").read_text(encoding="utf-8"))
    network = Network(sizes, vocabulary)
    network.load_state_dict(weights)
    network.to(device).eval()
    vocabulary = vocabulary.to(device)
    plain = scale[0].double().numpy(), scale[1].double().numpy()
    copies = shown(training, library, config.exchanged, config.seed)
    learnt = joined([encoded(network, copy, vocabulary, plain, device) for copy in copies])
    held_out = encoded(network, validation if validation is not None else training, vocabulary, plain, device)
    last = learn(network, learnt, held_out, config.steps, config.learning_rate, config.seed, report, stop)
    about = {
        "date": date.today().isoformat(),
        "steps": int(last["step"]),
        "started_from": start.name,
        "frameworks": {
            k: int(n)
            for k, n in zip(NAMES, torch.isfinite(learnt.labels[: len(training)]).sum(0).tolist(), strict=True)
        },
        "losses": {k: round(v, 5) for k, v in last.items() if k != "step"},
        "held_out": errors(network, held_out),
    }
    rest = {k: v for k, v in card.items() if k not in _OF_THE_FILE}
    model.save(
        out,
        network.state_dict(),
        sizes,
        vocabulary.to("cpu"),
        plain,
        library,
        ranges(values),
        rest | {"labels_learnt": about},
    )
    return last | {"held_out": about["held_out"]}
