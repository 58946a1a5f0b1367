"""A trained MOFDiff on disk: ``model.safetensors`` with weights, vocabulary and scale of cells, and ``card.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from crystal_studio.errors import ModelError
from crystal_studio.generators import weights
from crystal_studio.generators.mofdiff.labels import LABELS
from crystal_studio.generators.mofdiff.layers import NetworkConfig
from crystal_studio.generators.mofdiff.vocabulary import Vocabulary
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.library import library_hash

FAMILY = "mofdiff"
FORMAT = 1
_OTHERS = ("vocabulary.", "cell.")

Scale = tuple[Tensor, Tensor]
"""Mean and spread (6,) of the logarithms of Niggli cells."""


def save(
    folder: Path,
    network_weights: dict[str, Tensor],
    config: NetworkConfig,
    vocabulary: Vocabulary,
    scale: tuple[NDArray[np.float64], NDArray[np.float64]],
    library: BlockLibrary,
    ranges: NDArray[np.float64],
    card: dict[str, Any],
) -> None:
    """Write both files; ``ranges`` (2, P): lowest and highest value of each label that the model saw."""
    labels = [
        {"name": label.name, "unit": label.unit, "low": float(low), "high": float(high)}
        for label, low, high in zip(LABELS, *ranges, strict=True)
        if np.isfinite([low, high]).all()
    ]
    others = {"cell.mean": torch.as_tensor(scale[0]).float(), "cell.spread": torch.as_tensor(scale[1]).float()}
    weights.save(
        folder,
        network_weights,
        vocabulary.to_tensors() | others,
        card,
        kind={"family": FAMILY, "format": FORMAT, "network": config.to_dict(), "library": library_hash(library)},
        holds={"elements": [int(z) for z in np.unique(library.numbers)], "labels": labels},
    )


def read(folder: Path, library: BlockLibrary) -> tuple[NetworkConfig, Vocabulary, Scale, dict[str, Tensor]]:
    """Sizes, vocabulary, scale of cells and weights (float32) of a model folder; raises ``ModelError``.

    Also where the model was trained with other blocks than those of ``library``.
    """
    path = folder / weights.NAME
    try:
        card = json.loads((folder / "card.json").read_text())
        config = NetworkConfig(**card["network"])
        made_for = card["library"]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder} holds no MOFDiff model: name another folder.") from error
    if made_for != library_hash(library):
        raise ModelError(
            f"The model {folder.name} was trained with another library of building blocks: train it again with"
            " crystal-studio train mofdiff, or install both of one version."
        )
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"The weights {path} are missing or damaged: train the model again.") from error
    vocabulary = Vocabulary.from_tensors(tensors)
    scale = tensors["cell.mean"], tensors["cell.spread"]
    found = {k: v.float() for k, v in tensors.items() if not k.startswith(_OTHERS)}
    return config, vocabulary, scale, widened(found, len(LABELS))


def widened(weights: dict[str, Tensor], labels: int) -> dict[str, Tensor]:
    """The same network with more labels behind those that it has, of which it says nothing and hears nothing."""
    had = len(weights["labels_of.2.bias"]) if "labels_of.2.bias" in weights else labels
    more = labels - had
    if more <= 0:
        return weights
    row, told = weights["labels_of.2.weight"], weights["prior_in.weight"]
    none = torch.zeros(len(told), more)
    rest, there = told[:, :-had], told[:, -had:]
    return weights | {
        "labels_of.2.weight": torch.cat([row, torch.zeros(more, row.shape[1])]),
        "labels_of.2.bias": torch.cat([weights["labels_of.2.bias"], torch.zeros(more)]),
        "prior_in.weight": torch.cat([rest, none, there, none], 1),
    }
