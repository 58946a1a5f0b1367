"""The symmetry operations of one cell, and which atom each of them carries where."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.soundness import COMPUTABLE, fault_text

SYMPREC = 0.01
"""Angstrom: generated crystals are symmetric to rounding, files to three or four decimals."""

# It warns of operations that a supercell's lattice does not have; nobody takes those.
logging.getLogger("moyopy").setLevel(logging.ERROR)
logging.getLogger("moyo").setLevel(logging.ERROR)


def dataset(lattice: NDArray, numbers: NDArray, positions: NDArray, symprec: float, standard: bool = False) -> Any:
    """What moyopy finds at ``symprec`` Angstrom; ``standard``: its standardised cell in the standard setting.

    Raises moyopy's own errors, ``ValueError`` or ``RuntimeError`` where it finds nothing.
    """
    import moyopy

    cell = moyopy.Cell(lattice.tolist(), positions.tolist(), numbers.tolist())
    if standard:
        return moyopy.MoyoDataset(cell, symprec=symprec, setting=moyopy.Setting.standard())
    return moyopy.MoyoDataset(cell, symprec=symprec)


def operations(lattice: NDArray, numbers: NDArray, positions: NDArray) -> tuple[NDArray, NDArray]:
    """Rotations (K, 3, 3) and translations (K, 3) in fractional coordinates; identity alone where none is found."""
    if fault_text(lattice, numbers, positions, COMPUTABLE):  # the search panics on some of these
        return np.eye(3)[None], np.zeros((1, 3))
    try:
        found = dataset(lattice, numbers, positions, SYMPREC).operations
        return np.asarray(found.rotations, float), np.asarray(found.translations, float)
    except TimeoutError:
        raise
    except Exception:  # moyopy raises its own types on overlapping or degenerate cells
        return np.eye(3)[None], np.zeros((1, 3))


def permutation(numbers: NDArray, positions: NDArray, moved: NDArray, lattice: NDArray) -> NDArray | None:
    """(N,) index of the atom that each moved atom falls on, None where some falls on none."""
    apart = moved[:, None] - positions[None]
    apart -= np.round(apart)
    distance = np.linalg.norm(apart @ lattice, axis=-1)
    distance[numbers[:, None] != numbers[None]] = np.inf
    nearest = distance.argmin(1)
    if distance[np.arange(len(nearest)), nearest].max() > 10 * SYMPREC or len(set(nearest.tolist())) < len(nearest):
        return None
    return nearest
