"""Crystals as the tensors that SymmCD diffuses: k-vector, elements, site symmetries, coordinates."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal import lattice
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.symmetry_elements import AXES, SITE_CLASSES

N_ELEMENTS = 94
"""Atomic numbers 1..94; category index = atomic number - 1."""
N_AXES = len(AXES)
N_CLASSES = len(SITE_CLASSES)


@dataclass(frozen=True)
class Features:
    """B crystals padded to M orbits.

    space_group (B,) int64; k (B, 6) float32, not standardised; elements (B, M) int64 or uint8, 0..93;
    classes (B, M, 15) int64 or uint8, 0..12; positions (B, M, 3) float32 in [0, 1); n_orbits (B,) int64.
    """

    space_group: NDArray[np.int64]
    k: NDArray[np.float32]
    elements: NDArray[np.int64]
    classes: NDArray[np.int64]
    positions: NDArray[np.float32]
    n_orbits: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.space_group)

    def take(self, index: NDArray) -> Features:
        """The crystals named by an index array or Boolean mask."""
        return Features(*(getattr(self, f.name)[index] for f in fields(self)))


def usable(units: AsymmetricUnits) -> NDArray[np.bool_]:
    """(B,) crystals that the representation can hold: at least one orbit, elements up to Pu."""
    return (units.n_orbits > 0) & (units.numbers.max(1) <= N_ELEMENTS)


def encode(units: AsymmetricUnits) -> Features:
    """Features of asymmetric units; padded entries hold category 0."""
    return Features(
        units.space_group.astype(np.int64),
        lattice.constrain(lattice.to_k(units.lattice), units.space_group).astype(np.float32),
        np.maximum(units.numbers.astype(np.int64) - 1, 0),
        tables().site_class[np.maximum(units.wyckoff, 0)].astype(np.int64),
        units.positions.astype(np.float32),
        units.n_orbits.astype(np.int64),
    )


def compact(features: Features) -> Features:
    """The same features with categories of one byte: an eighth of the memory."""
    return replace(features, elements=features.elements.astype(np.uint8), classes=features.classes.astype(np.uint8))
