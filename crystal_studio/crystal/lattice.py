"""Lattices: cell parameters, and the k-vector that turns a lattice into six free numbers.

A lattice L (rows a, b, c) is, up to a rotation, exp(S) with the symmetric
S = 1/2 log(L L^T) = sum_i k_i B_i (Jiao et al., DiffCSP++, ICLR 2024, section 4.1;
the symmetric root makes it exact for monoclinic and triclinic cells too).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.element_data import MASSES

BASIS: NDArray[np.float64] = np.array(
    [
        [[0, 1, 0], [1, 0, 0], [0, 0, 0]],
        [[0, 0, 1], [0, 0, 0], [1, 0, 0]],
        [[0, 0, 0], [0, 0, 1], [0, 1, 0]],
        [[1, 0, 0], [0, -1, 0], [0, 0, 0]],
        [[1, 0, 0], [0, 1, 0], [0, 0, -2]],
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    ],
    float,
)
"""(6, 3, 3) symmetric matrices B_0..B_5."""

HEXAGONAL_K0 = -np.log(3.0) / 4.0
_LIMITS = (2, 15, 74, 142, 194, 230)
_FREE = np.array([list(row) for row in ("111111", "010111", "000111", "000011", "000011", "000001")]) == "1"
GRAMS_PER_CM3 = 1.66053906660
"""One atomic mass unit per cubic Angstrom in g/cm3 (CODATA 2018)."""


def family_rows(space_group: NDArray) -> NDArray[np.int64]:
    """(B,) 0..5: triclinic, monoclinic, orthorhombic, tetragonal, hexagonal, cubic."""
    return np.searchsorted(_LIMITS, np.asarray(space_group))


def free_components(space_group: NDArray) -> NDArray[np.bool_]:
    """(B, 6): which components of k the crystal family of each group (B,) leaves free."""
    return _FREE[family_rows(space_group)]


def fixed_components(space_group: NDArray) -> NDArray[np.float64]:
    """(B, 6): the values of the components that are not free; 0 elsewhere."""
    space_group = np.asarray(space_group)
    fixed = np.zeros((*space_group.shape, 6))
    fixed[..., 0] = np.where((space_group >= 143) & (space_group <= 194), HEXAGONAL_K0, 0.0)
    return fixed


def to_k(lattice: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, 6) k-vectors of lattices (B, 3, 3) in Angstrom."""
    values, vectors = np.linalg.eigh(lattice @ np.swapaxes(lattice, -1, -2))
    s = np.einsum("...ij,...j,...kj->...ik", vectors, 0.5 * np.log(values), vectors)
    xx, yy, zz = s[..., 0, 0], s[..., 1, 1], s[..., 2, 2]
    k5 = (xx + yy + zz) / 3
    k4 = (xx + yy - 2 * zz) / 6
    return np.stack([s[..., 0, 1], s[..., 0, 2], s[..., 1, 2], (xx - yy) / 2, k4, k5], -1)


def from_k(k: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, 3, 3) symmetric lattices exp(S), Angstrom, of k-vectors (B, 6)."""
    values, vectors = np.linalg.eigh(np.einsum("...i,ijk->...jk", np.asarray(k, float), BASIS))
    return np.einsum("...ij,...j,...kj->...ik", vectors, np.exp(np.clip(values, -20, 20)), vectors)


def constrain(k: NDArray[np.float64], space_group: NDArray) -> NDArray[np.float64]:
    """k with the components that the crystal family fixes set to their values."""
    return np.where(free_components(space_group), k, fixed_components(space_group))


def cell_parameters(lattice: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, 6): a, b, c in Angstrom and alpha, beta, gamma in degrees."""
    lengths = np.linalg.norm(lattice, axis=-1)
    unit = lattice / np.maximum(lengths, 1e-12)[..., None]
    cosines = np.stack([(unit[..., i, :] * unit[..., j, :]).sum(-1) for i, j in ((1, 2), (0, 2), (0, 1))], -1)
    return np.concatenate([lengths, np.degrees(np.arccos(np.clip(cosines, -1, 1)))], -1)


def from_parameters(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """(B, 3, 3) lattices with a along x and b in the xy plane, from (B, 6) parameters."""
    parameters = np.asarray(parameters, float)
    a, b, c = parameters[..., 0], parameters[..., 1], parameters[..., 2]
    ca, cb, cg = (np.cos(np.radians(parameters[..., i])) for i in (3, 4, 5))
    sg = np.sqrt(np.maximum(1 - cg**2, 1e-24))
    zero = np.zeros_like(a)
    cy = (ca - cb * cg) / sg
    cz = np.sqrt(np.maximum(1 - cb**2 - cy**2, 0))
    rows = [[a, zero, zero], [b * cg, b * sg, zero], [c * cb, c * cy, c * cz]]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def standard_orientation(lattice: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same cells with a along x and b in the xy plane."""
    return from_parameters(cell_parameters(lattice))


def densities(structures: Structures) -> NDArray[np.float64]:
    """(B,) mass densities in g/cm3."""
    mass = np.bincount(structures.crystal, MASSES[structures.numbers], len(structures))
    return mass / np.maximum(structures.volume, 1e-12) * GRAMS_PER_CM3
