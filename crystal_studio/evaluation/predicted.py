"""Predicted formation energies of whole sets, for the distance of their distributions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.evaluation.parallel import Failure, Workers, parts_of

PROPERTY = "formation_energy_per_atom"
_BLOCK = 200


def predictor() -> str:
    """Name of the installed model of formation energies, "" where there is none."""
    from crystal_studio.properties import registry

    names = registry.installed()
    return registry.DEFAULT if registry.DEFAULT in names else next(iter(names), "")


def formation_energies(structures: Structures, workers: Workers, name: str, title: str) -> NDArray[np.float64]:
    """(B,) eV/atom, NaN where the model has no answer."""
    blocks = [(block, name) for block in parts_of(structures, _BLOCK)]
    answers = workers.map(_predict, blocks, title)
    parts = [
        np.full(len(block), np.nan) if isinstance(answer, Failure) else answer
        for (block, _), answer in zip(blocks, answers, strict=True)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def _predict(block: tuple[Structures, str]) -> NDArray[np.float64]:
    from crystal_studio.properties import registry

    found = registry.load(block[1]).predict(block[0])
    return found.mean[:, found.names.index(PROPERTY)]
