"""Property models on disk: weights, calibration and domain in one safetensors file, its card beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from crystal_studio.errors import ModelError
from crystal_studio.properties.ensemble import FEW, Domain, Ensemble
from crystal_studio.properties.network import PropertyNetwork, Size
from crystal_studio.properties.protocol import FAMILY

_DOMAIN = ("trained", "low", "high", "epistemic")


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def save(
    folder: Path,
    members: Sequence[PropertyNetwork],
    size: Size,
    table: NDArray[np.float64],
    domain: Domain,
    card: dict[str, Any],
) -> None:
    """Write ``model.safetensors`` and ``card.json``; the elemental table is kept once."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {"elements": members[0].elements.clone(), "calibration": torch.as_tensor(table)}
    for k, member in enumerate(members):
        tensors |= {f"member.{k}.{n}": v.clone() for n, v in member.state_dict().items() if n != "elements"}
    tensors |= {f"domain.{n}": torch.as_tensor(np.asarray(getattr(domain, n), np.float32)) for n in _DOMAIN}
    path = folder / "model.safetensors"
    save_file(tensors, path)
    elements = [int(z) for z in np.flatnonzero(domain.trained >= FEW)]
    card = card | {
        "family": FAMILY,
        "format": 1,
        "network": size.to_dict(),
        "members": len(members),
        "parameters": sum(p.numel() for m in members for p in m.parameters()),
        "sha256": sha256(path),
        "elements": elements,
    }
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")


def read(folder: Path) -> Ensemble:
    """The model of one folder; raises ``ModelError`` if it is missing, damaged or of another version."""
    path = folder / "model.safetensors"
    try:
        card = json.loads((folder / "card.json").read_text())
        if card["family"] != FAMILY:
            raise ModelError(f"{folder.name} is no property model but a {card['family']}: name another one.")
        if sha256(path) != card["sha256"]:
            raise ModelError(f"The weights {path} are damaged (their hash differs from the card): install them again.")
        tensors = load_file(path)
        size = Size(**card["network"])
        elements = tensors["elements"].numpy()
        members = []
        for k in range(card["members"]):
            prefix = f"member.{k}."
            state = {n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)}
            member = PropertyNetwork(size, elements)
            member.load_state_dict(state | {"elements": tensors["elements"]}, strict=True)
            members.append(member)
        domain = Domain(**{n: tensors[f"domain.{n}"].numpy() for n in _DOMAIN})
        return Ensemble(folder.name, card, members, tensors["calibration"].numpy(), domain)
    except OSError as error:
        raise ModelError(f"The property model {folder} cannot be read: install Crystal Studio again.") from error
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"The property model {folder} does not fit this version: install one made for it.") from error
