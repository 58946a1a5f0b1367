"""The folder of a trained model: ``model.safetensors`` with what was learnt, ``card.json`` beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from crystal_studio.errors import ModelError
from crystal_studio.generators.hashes import sha256
from crystal_studio.generators.protocol import ModelCard

NAME = "model.safetensors"


def save(
    folder: Path,
    network: dict[str, Tensor],
    others: dict[str, Tensor],
    card: dict[str, Any],
    *,
    kind: dict[str, Any],
    holds: dict[str, Any],
) -> None:
    """Write both files: the weights of the network in half precision, ``others`` as they are.

    The card gets ``kind`` (family, format, size of the network), the number of parameters, the hash, and ``holds``,
    what the model can give.
    """
    folder.mkdir(parents=True, exist_ok=True)
    half = {k: v.detach().to(torch.float16).contiguous().cpu() for k, v in network.items()}
    path = folder / NAME
    save_file(half | {k: v.contiguous().cpu() for k, v in others.items()}, path)
    path.chmod(0o644)  # safetensors leaves it readable by its owner alone
    size = {"parameters": sum(v.numel() for v in half.values()), "sha256": sha256(path)}
    (folder / "card.json").write_text(json.dumps({**card, **kind, **size, **holds}, indent=1) + "\n")


@contextmanager
def loading(folder: Path, card: ModelCard) -> Iterator[None]:
    """Around the loading of a model: raises ``ModelError`` if the weights do not match their card or the network."""
    path = folder / NAME
    if path.exists() and sha256(path) != card.sha256:
        raise ModelError(f"The weights {path} are damaged (their hash differs from the card): install them again.")
    try:
        yield
    except (KeyError, TypeError, RuntimeError, ValueError) as error:
        raise ModelError(f"The weights {path} do not fit this version: install a model made for it.") from error
