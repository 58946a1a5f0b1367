"""Five well-known frameworks in their primitive cells (``known_mofs.json`` says where they come from)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

from crystal_studio.crystal.batches import Structures

NAMES = ("HKUST-1", "MOF-5", "ZIF-8", "Mg-MOF-74", "UiO-66")


@cache
def known(*names: str) -> Structures:
    """Those named, in that order."""
    mofs = json.loads((Path(__file__).parent / "known_mofs.json").read_text())["mofs"]
    chosen = [mofs[name] for name in names]
    return Structures.from_lists(
        [np.array(m["lattice"]) for m in chosen],
        [np.array(m["numbers"]) for m in chosen],
        [np.array(m["positions"]).reshape(-1, 3) for m in chosen],
    )
