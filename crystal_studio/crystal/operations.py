"""The symmetry operations of one cell, and which atom each of them carries where."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.crystal.soundness import COMPUTABLE, fault_text

SYMPREC = 0.01
"""Angstrom: generated crystals are symmetric to rounding, files to three or four decimals."""

_WIDE = 0.3
"""Fraction of the cell beyond which all pairs of atoms are looked at, as they are in small cells."""
_FEW = 60
_IMAGES = np.stack(np.meshgrid(*[np.arange(-1.0, 2.0)] * 3, indexing="ij"), -1).reshape(-1, 3)

# It warns of operations that a supercell's lattice does not have; nobody takes those.
logging.getLogger("moyopy").setLevel(logging.ERROR)
logging.getLogger("moyo").setLevel(logging.ERROR)


def endless_from(lattice: NDArray, numbers: NDArray, positions: NDArray) -> float:
    """Tolerance in Angstrom up to which a search of symmetry is sure to end.

    moyopy multiplies the rotations that it finds until they form a group. In a needle or a plate (longest vector c,
    shortest a) mirrors and axes a fraction of ``a`` apart all hold within the tolerance, since it weighs what a
    rotation does to the angle of a and c by sqrt(a c) only; their products are translations, shears of the lattice,
    and so without end. Axes of a hexagonal net, the densest, come in at 0.14 sqrt(a^3 / c); 0.1 is taken. Of 2,000
    known crystals 8 are longer than that at 0.1 Angstrom, and have the same group at the smaller tolerance.
    """
    reduced, change = reduce_cells(np.asarray(lattice, float)[None])
    edges = np.linalg.norm(reduced[0], axis=1)
    short = float(edges.min())
    # A translation that the given cell does not show carries an atom onto another of its kind.
    kinds, count = np.unique(numbers, return_counts=True)
    rare = positions[numbers == kinds[count.argmin()]]
    if len(rare) > 1:
        apart = (rare[1:] - rare[0]) @ np.linalg.inv(change[0].astype(float))
        images = (apart - np.rint(apart))[:, None] + _IMAGES
        short = min(short, float(np.linalg.norm(images @ reduced[0], axis=-1).min()))
    return float(0.1 * np.sqrt(short**3 / edges.max()))


def dataset(lattice: NDArray, numbers: NDArray, positions: NDArray, symprec: float, standard: bool = False) -> Any:
    """What moyopy finds at ``symprec`` Angstrom, less where the cell is so long that the search would not end.

    ``standard``: its standardised cell in the standard setting. Raises moyopy's own errors, ``ValueError`` or
    ``RuntimeError`` where it finds nothing.
    """
    import moyopy

    symprec = min(symprec, endless_from(lattice, numbers, positions))
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
    """(N,) index of the atom that each moved atom falls on, None where some falls on none or two on the same.

    An atom falls on the nearest of its element within ten tolerances of a search, 0.1 Angstrom. ``positions`` and
    ``moved`` (N, 3) are fractional, of the atoms ``numbers`` (N,).
    """
    within = 10 * SYMPREC
    i, j = _candidates(numbers, positions, moved, within / np.linalg.svd(lattice, compute_uv=False).min())
    apart = moved[i] - positions[j]
    distance = np.linalg.norm((apart - np.round(apart)) @ lattice, axis=1)
    near = np.flatnonzero(distance <= within)
    near = near[np.argsort(-distance[near], kind="stable")]
    onto = np.full(len(numbers), -1)
    onto[i[near]] = j[near]  # the last, nearest one stays
    return onto if np.array_equal(np.sort(onto), np.arange(len(numbers))) else None


def _candidates(numbers: NDArray, positions: NDArray, moved: NDArray, reach: float) -> tuple[NDArray, NDArray]:
    """Moved atoms and atoms of the same element at most ``reach`` apart in fractional coordinates, or more of them."""
    if len(numbers) <= _FEW or not reach < _WIDE:
        i, j = np.nonzero(numbers[:, None] == numbers[None])
        return i, j
    from scipy.spatial import cKDTree

    found = []
    for number in np.unique(numbers):
        atoms = np.flatnonzero(numbers == number)
        there, here = (cKDTree(_wrapped(x[atoms]), boxsize=1.0) for x in (positions, moved))
        pairs = here.sparse_distance_matrix(there, reach * (1 + 1e-9), output_type="ndarray")
        found.append((atoms[pairs["i"]], atoms[pairs["j"]]))
    return np.concatenate([i for i, _ in found]), np.concatenate([j for _, j in found])


def _wrapped(positions: NDArray) -> NDArray:
    """Fractional coordinates in [0, 1): rounding must not leave a 1."""
    inside = positions % 1.0
    return np.where(inside >= 1.0, 0.0, inside)
