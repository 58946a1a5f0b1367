"""A trained SymmCD on disk: ``model.safetensors`` with weights and priors, ``card.json`` beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from crystal_studio.errors import ModelError
from crystal_studio.generators.hashes import sha256
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
    folder.mkdir(parents=True, exist_ok=True)
    half = {k: v.detach().to(torch.float16).contiguous().cpu() for k, v in network_weights.items()}
    path = folder / "model.safetensors"
    save_file(half | {k: v.contiguous().cpu() for k, v in priors.to_tensors().items()}, path)
    path.chmod(0o644)  # safetensors leaves it readable by its owner alone
    full = {
        **card,
        "family": FAMILY,
        "format": FORMAT,
        "network": config.to_dict(),
        "parameters": sum(v.numel() for v in half.values()),
        "sha256": sha256(path),
        "elements": [int(i) + 1 for i in np.flatnonzero(priors.elements.numpy() > 0)],
        "labels": _label_cards() if config.labels else [],
        "limits": {**card.get("limits", {}), "max_orbits": priors.orbits.shape[1] - 1, "default_steps": DEFAULT_STEPS},
    }
    (folder / "card.json").write_text(json.dumps(full, indent=1) + "\n")


def network_config(folder: Path) -> NetworkConfig:
    """Size of the network of a model folder."""
    return NetworkConfig(**json.loads((folder / "card.json").read_text())["network"])


def _tensors(folder: Path) -> dict[str, Tensor]:
    path = folder / "model.safetensors"
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
