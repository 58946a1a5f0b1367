"""A trained SymmCD on disk: ``model.safetensors`` with weights and priors, ``card.json`` beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from crystal_studio.errors import ModelError
from crystal_studio.generators import weights
from crystal_studio.generators.symmcd.labels import LABELS
from crystal_studio.generators.symmcd.network import NetworkConfig
from crystal_studio.generators.symmcd.priors import Priors

FAMILY = "symmcd"
FORMAT = 1
DEFAULT_STEPS = 100


def save(
    folder: Path, network_weights: dict[str, Tensor], config: NetworkConfig, priors: Priors, card: dict[str, Any]
) -> None:
    """Write ``model.safetensors`` and ``card.json``; the card gets the hash, size and elements."""
    most = {"max_orbits": priors.orbits.shape[1] - 1, "default_steps": DEFAULT_STEPS}
    weights.save(
        folder,
        network_weights,
        priors.to_tensors(),
        card,
        kind={"family": FAMILY, "format": FORMAT, "network": config.to_dict()},
        holds={
            "elements": [int(i) + 1 for i in np.flatnonzero(priors.elements.numpy() > 0)],
            "labels": _label_cards() if config.labels else [],
            "limits": {**card.get("limits", {}), **most},
        },
    )


def network_config(folder: Path) -> NetworkConfig:
    """Size of the network of a model folder."""
    return NetworkConfig(**json.loads((folder / "card.json").read_text())["network"])


def _tensors(folder: Path) -> dict[str, Tensor]:
    path = folder / weights.NAME
    if not path.exists():
        raise ModelError(f"The weights {path} are missing: install Crystal Studio again or train a model.")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ModelError(f"The weights {path} do not fit this version: install a model made for it.") from error


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Network weights of a model folder, float32; raises ``ModelError``."""
    return {k: v.float() for k, v in _tensors(folder).items() if not k.startswith("prior.")}


def read_priors(folder: Path) -> Priors:
    """Priors of a model folder; raises ``ModelError``."""
    return Priors.from_tensors(_tensors(folder))


def _label_cards() -> list[dict[str, Any]]:
    return [{"name": label.name, "unit": label.unit, "low": label.low, "high": label.high} for label in LABELS]
