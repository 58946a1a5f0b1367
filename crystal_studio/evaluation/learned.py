"""Fréchet distance of what a learned network knows of two sets, as an entry of the report.

Published evaluations take the features of a network of their own (CGCNN). Ours is CHGNet 0.3.0, which is at hand
everywhere: the mean over the atoms of a crystal of the 64 features that its energy is read out of. Figures of two
networks do not compare.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.evaluation.coverage import frechet_distance
from crystal_studio.evaluation.crystal_set import CrystalSet
from crystal_studio.evaluation.parallel import Workers, rows_of
from crystal_studio.execution.worker_state import once

POTENTIAL, NAME = "chgnet", "CHGNet 0.3.0"
_WIDTH = 64


def available() -> bool:
    """Whether the network is installed."""
    from crystal_studio.potentials import registry

    return POTENTIAL in registry.available()


def entries(
    generated: CrystalSet, reference: CrystalSet, sound: NDArray[np.bool_], workers: Workers
) -> dict[str, dict[str, Any]]:
    """The distance; ``sound`` (B,) are structurally valid, the others have no features."""
    mine = features(generated.structures.take(sound), workers, "Features")
    theirs = features(reference.structures, workers, "Features of the reference")
    distance = frechet_distance(mine, theirs)
    sizes = " against ".join(f"{np.isfinite(known).all(1).sum():,}" for known in (mine, theirs))
    note = f"Fréchet distance of the features of {NAME} (mean over atoms), {sizes}; {reference.label}"
    return {"frechet_chgnet": {"value": distance if np.isfinite(distance) else None, "note": note}}


def features(structures: Structures, workers: Workers, title: str) -> NDArray[np.float64]:
    """(B, 64), rows of NaN where the network has no answer."""
    return rows_of(_features, structures, _WIDTH, workers, title)


def _features(block: Structures) -> NDArray[np.float64]:
    """Runs in the worker, with the network that the worker loads once."""
    from crystal_studio.potentials import registry

    potential: Any = once(("potential", POTENTIAL), partial(registry.load, POTENTIAL))
    return potential.features(block)
