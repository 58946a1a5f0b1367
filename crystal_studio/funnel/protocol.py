"""What a funnel stage takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import AsymmetricUnits, Structures


@dataclass(frozen=True)
class Batch:
    """Candidates on their way through the funnel.

    ``structures`` is the geometry to be judged: the generated conventional cell,
    or after relaxation the relaxed cell. ``values`` holds the columns that
    earlier stages found, each (B,).
    """

    ids: NDArray[np.int64]
    units: AsymmetricUnits
    structures: Structures
    values: Mapping[str, NDArray] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdicts:
    """One stage's answer to one batch.

    passed : (B,) bool
    reasons : B strings, empty where passed: one sentence a person can act on
    values : columns found, each (B,), float64 (NaN = none) or object (None = none)
    relaxed : the changed geometry, where the stage moves atoms
    """

    passed: NDArray[np.bool_]
    reasons: tuple[str, ...]
    values: Mapping[str, NDArray] = field(default_factory=dict)
    relaxed: Structures | None = None


class Stage(Protocol):
    """One question, asked of a whole batch at once.

    ``in_order`` stages need what came before (uniqueness) and see the batches of
    a project in the order of candidate ids; the others may run in any worker.
    ``costly`` stages are sent to worker processes in small batches.
    """

    name: str
    title: str
    in_order: bool
    costly: bool

    def __call__(self, batch: Batch, context: Any) -> Verdicts: ...
