"""A trained block encoder on disk, with the embeddings of the library that it was trained on."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from crystal_studio import paths
from crystal_studio.errors import ModelError
from crystal_studio.generators import weights
from crystal_studio.generators.hashes import sha256
from crystal_studio.generators.mofdiff.block_encoder import WIDTH, BlockEncoder, EncoderConfig, embed
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.library import library_hash, shipped_blocks

FAMILY = "mofdiff-blocks"
FORMAT = 1
_EMBEDDINGS = "library.embeddings"


def save(
    folder: Path, network: dict[str, Tensor], config: EncoderConfig, library: BlockLibrary, card: dict[str, Any]
) -> None:
    """Write ``model.safetensors`` (weights in half precision and the embeddings of the library by just these) and
    ``card.json``, which names the library by its hash."""
    import torch

    halved = {name: value.detach().to(torch.float16).float().cpu() for name, value in network.items()}
    encoder = _built(config, halved)
    weights.save(
        folder,
        halved,
        {_EMBEDDINGS: torch.as_tensor(embed(encoder, library))},
        card,
        kind={"family": FAMILY, "format": FORMAT, "network": config.to_dict()},
        holds={
            "elements": [int(z) for z in np.unique(library.numbers)],
            "limits": {"max_atoms": int(library.n_atoms.max()), "max_points": int(library.n_points.max())},
            "library": {"blocks": len(library), "hash": library_hash(library)},
            "embedding": f"{WIDTH} numbers a block, of which the sum of squares is 1",
        },
    )


def read(folder: Path) -> tuple[BlockEncoder, NDArray[np.float32], dict[str, Any]]:
    """The network, the embeddings (L, 32) of its library, and its card; raises ``ModelError``."""
    path = folder / weights.NAME
    try:
        card = json.loads((folder / "card.json").read_text())
        if card["family"] != FAMILY:
            raise ModelError(f"{folder} is no block encoder but a {card['family']}: name another one.")
        if sha256(path) != card["sha256"]:
            raise ModelError(f"The weights {path} are damaged (their hash differs from the card): install them again.")
        tensors = load_file(path)
        embeddings = tensors.pop(_EMBEDDINGS).numpy()
        network = _built(EncoderConfig(**card["network"]), {name: value.float() for name, value in tensors.items()})
    except OSError as error:
        raise ModelError(
            f"The block encoder {folder} cannot be read: install Crystal Studio again, or run"
            f" 'crystal-studio train {FAMILY}'."
        ) from error
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"The weights {path} do not fit this version: install a model made for it.") from error
    return network, embeddings, card


@cache
def shipped_encoder() -> BlockEncoder:
    """The encoder that ships; raises ``ModelError``."""
    return read(_shipped())[0]


@cache
def block_embeddings() -> NDArray[np.float32]:
    """(L, 32) float32 embeddings, each of unit length, of ``shipped_blocks``; raises ``ModelError``."""
    _, embeddings, card = read(_shipped())
    if card["library"]["hash"] != library_hash(shipped_blocks()):
        raise ModelError(
            f"The block encoder {_shipped()} was trained on another library of building blocks: install Crystal Studio"
            f" again, or run 'crystal-studio train {FAMILY}'."
        )
    embeddings.flags.writeable = False
    return embeddings


def _shipped() -> Path:
    return paths.models() / FAMILY


def _built(config: EncoderConfig, state: dict[str, Tensor]) -> BlockEncoder:
    network = BlockEncoder(config)
    network.load_state_dict(state)
    return network.eval()
