"""Cells that a symmetry search can be asked of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures


def sound(structures: Structures) -> NDArray[np.bool_]:
    """(B,) whether a cell holds atoms, is finite and spans a volume: what symmetry searches need not to break."""
    finite = np.isfinite(structures.lattice).all((1, 2)) & (structures.n_atoms > 0)
    broken = structures.crystal[~np.isfinite(structures.positions).all(1)]
    finite[broken] = False
    volume = np.abs(np.linalg.det(np.where(finite[:, None, None], structures.lattice, np.eye(3))))
    return finite & (volume > 0.1 * np.maximum(structures.n_atoms, 1))
