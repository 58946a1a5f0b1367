"""Small helpers that every stage uses to put its verdicts together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.funnel.protocol import Verdicts


def rejecting(
    reasons: Sequence[str], values: Mapping[str, NDArray] | None = None, relaxed: Structures | None = None
) -> Verdicts:
    """Verdicts that reject exactly the candidates with a reason."""
    return Verdicts(np.array([not r for r in reasons], bool), tuple(reasons), values or {}, relaxed)


def marking(size: int, values: Mapping[str, NDArray]) -> Verdicts:
    """Verdicts of a stage that never rejects."""
    return Verdicts(np.ones(size, bool), ("",) * size, values)


def objects(items: Sequence[object]) -> NDArray:
    """A column of Python objects, None where there is nothing."""
    column = np.empty(len(items), object)
    column[:] = list(items)
    return column


def sound(structures: Structures) -> NDArray[np.bool_]:
    """(B,) whether a cell holds atoms, is finite and spans a volume: what symmetry searches need not to break."""
    finite = np.isfinite(structures.lattice).all((1, 2)) & (structures.n_atoms > 0)
    broken = structures.crystal[~np.isfinite(structures.positions).all(1)]
    finite[broken] = False
    volume = np.abs(np.linalg.det(np.where(finite[:, None, None], structures.lattice, np.eye(3))))
    return finite & (volume > 0.1 * np.maximum(structures.n_atoms, 1))
