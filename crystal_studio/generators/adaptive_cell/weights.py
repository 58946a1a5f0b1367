"""A trained adaptive-cell model on disk: ``model.safetensors`` with weights and cell prior, ``card.json`` beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from crystal_studio.crystal.asymmetric_unit import n_atoms
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.errors import ModelError
from crystal_studio.generators import weights
from crystal_studio.generators.adaptive_cell.cells import CellPrior
from crystal_studio.generators.adaptive_cell.network import config_of
from crystal_studio.generators.adaptive_cell.score import NetworkConfig

FAMILY = "adaptive-cell"
FORMAT = 1


def save(
    folder: Path,
    network_weights: dict[str, Tensor],
    config: NetworkConfig,
    prior: CellPrior,
    units: AsymmetricUnits,
    card: dict[str, Any],
) -> None:
    """Write ``model.safetensors`` and ``card.json``; the card gets the hash, size, and what the crystals that were
    learnt from, ``units``, say of elements and sizes."""
    weights.save(
        folder,
        network_weights,
        prior.to_tensors(),
        card,
        kind={"family": FAMILY, "format": FORMAT, "network": config.to_dict()},
        holds={
            "elements": [int(z) for z in np.unique(units.numbers) if z],
            "limits": {"max_orbits": int(units.n_orbits.max()), "max_atoms": int(n_atoms(units, primitive=True).max())},
        },
    )


def network_config(folder: Path) -> NetworkConfig:
    """Kind and sizes of the network of a model folder; raises ``ModelError``."""
    try:
        return config_of(json.loads((folder / "card.json").read_text())["network"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{folder} holds no adaptive-cell model: name another folder.") from error


def _tensors(folder: Path) -> dict[str, Tensor]:
    path = folder / weights.NAME
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"The weights {path} are missing or damaged: train the model again.") from error


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Network weights of a model folder, float32; raises ``ModelError``."""
    return {k: v.float() for k, v in _tensors(folder).items() if not k.startswith("cell.")}


def read_prior(folder: Path) -> CellPrior:
    """What cells are expected to be; raises ``ModelError``."""
    try:
        return CellPrior.from_tensors(_tensors(folder))
    except KeyError as error:
        raise ModelError(f"{folder} holds no adaptive-cell model: name another folder.") from error
