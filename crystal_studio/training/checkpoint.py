"""Training state on disk: safetensors and JSON, replaced atomically, never pickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from crystal_studio.errors import ModelError, RequestError

NAME = "checkpoint.safetensors"


def check_free(folder: Path, held: bool, resume: bool) -> None:
    """``RequestError`` where a folder that holds a training is to be trained into, but not carried on."""
    if held and not resume:
        raise RequestError(
            f"{folder} already holds a training run: add --resume to carry it on, or name another folder."
        )


def save(folder: Path, tensors: Mapping[str, Tensor], state: dict[str, Any]) -> None:
    """Write ``checkpoint.safetensors`` with the state in its header, so that both change at once."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{NAME}.part"
    save_file({k: v.detach().contiguous().cpu() for k, v in tensors.items()}, temporary, {"state": json.dumps(state)})
    temporary.replace(folder / NAME)


def load(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The last checkpoint, None if there is none; raises ``ModelError`` if it is damaged."""
    path = folder / NAME
    if not path.exists():
        return None
    try:
        from safetensors import safe_open

        with safe_open(path, "pt") as file:
            state = json.loads(file.metadata()["state"])
        return load_file(path), state
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The checkpoint {path} is damaged: delete it to start training afresh.") from error


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Moments and step counts of Adam, by number of the parameter."""
    return {
        f"optimiser.{i}.{name}": value
        for i, entry in optimiser.state_dict()["state"].items()
        for name, value in entry.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """The inverse of ``optimiser_tensors``."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            _, index, name = key.split(".")
            state.setdefault(int(index), {})[name] = value
    full = optimiser.state_dict()
    full["state"] = state
    optimiser.load_state_dict(full)
