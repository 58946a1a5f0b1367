"""Triage models on disk: weights, calibration and domain in one safetensors file, its card beside it."""

from __future__ import annotations

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
from crystal_studio.properties.protocol import TRIAGE
from crystal_studio.properties.storage import sha256
from crystal_studio.properties.triage_ensemble import FEW, Calibration, Seen, TriageEnsemble
from crystal_studio.properties.triage_network import Size, TriageNetwork

_SEEN = ("trained", "low", "high", "epistemic")


def save(
    folder: Path,
    members: Sequence[TriageNetwork],
    size: Size,
    facts: NDArray[np.float32],
    calibrated: Calibration,
    seen: Seen,
    card: dict[str, Any],
) -> None:
    """Write ``model.safetensors`` and ``card.json``; the card says by which ``potential`` crystals were relaxed."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {"facts": torch.as_tensor(facts)}
    tensors |= {f"calibration.{n}": torch.as_tensor(getattr(calibrated, n)) for n in ("table", "chance")}
    tensors |= {f"seen.{n}": torch.as_tensor(np.asarray(getattr(seen, n), np.float32)) for n in _SEEN}
    for k, member in enumerate(members):
        tensors |= {f"member.{k}.{n}": v.clone() for n, v in member.state_dict().items()}
    path = folder / "model.safetensors"
    save_file(tensors, path)
    card = card | {
        "family": TRIAGE,
        "format": 1,
        "network": size.to_dict(),
        "members": len(members),
        "parameters": sum(p.numel() for m in members for p in m.parameters()),
        "sha256": sha256(path),
        "elements": [int(z) for z in np.flatnonzero(seen.trained >= FEW)],
    }
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")


def read(folder: Path) -> TriageEnsemble:
    """The model of one folder; raises ``ModelError`` if it is missing, damaged or of another version."""
    path = folder / "model.safetensors"
    try:
        card = json.loads((folder / "card.json").read_text())
        if card["family"] != TRIAGE:
            raise ModelError(f"{folder.name} is no triage model but a {card['family']}: name another one.")
        if sha256(path) != card["sha256"]:
            raise ModelError(f"The weights {path} are damaged (their hash differs from the card): install them again.")
        tensors = load_file(path)
        size = Size(**card["network"])
        members = []
        for k in range(card["members"]):
            prefix = f"member.{k}."
            member = TriageNetwork(size)
            member.load_state_dict(
                {n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)}, strict=True
            )
            members.append(member)
        calibrated = Calibration(tensors["calibration.table"].numpy(), tensors["calibration.chance"].numpy())
        seen = Seen(**{n: tensors[f"seen.{n}"].numpy() for n in _SEEN})
        return TriageEnsemble(folder.name, card, members, tensors["facts"].numpy(), calibrated, seen)
    except OSError as error:
        raise ModelError(f"The triage model {folder} cannot be read: install Crystal Studio again.") from error
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(f"The triage model {folder} does not fit this version: install one made for it.") from error
