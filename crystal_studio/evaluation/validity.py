"""Validity as published: CDVAE's test of structures and of compositions (Xie et al., ICLR 2022), and the funnel's own.

The published test of compositions is in ``crystal/charge_neutrality.py``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.charge_neutrality import neutral
from crystal_studio.crystal.composition import reduced_counts
from crystal_studio.crystal.neighbours import minimum_distances, minimum_radius_ratios
from crystal_studio.crystal.soundness import CellLimits, is_sound
from crystal_studio.funnel.geometry import GeometryStage

LEAST_DISTANCE = 0.5
PUBLISHED = CellLimits(volume=0.1, longest=40.0, shortest=0.0)
"""Of cells, in the published check; what is closer than ``LEAST_DISTANCE`` is judged by distances."""


def structurally_valid(structures: Structures, own_images: bool = True) -> NDArray[np.bool_]:
    """(B,): no two atoms closer than 0.5 A, volume >= 0.1 A^3, edges <= 40 A.

    ``own_images`` False is the published check, in which an atom does not see its own periodic images.
    """
    valid = is_sound(structures, PUBLISHED)
    rows = np.flatnonzero(valid)
    valid[rows] = minimum_distances(structures.take(rows)) >= LEAST_DISTANCE
    if not own_images:
        close = rows[~valid[rows]]
        valid[close] = [_between_atoms(structures, i) >= LEAST_DISTANCE for i in close.tolist()]
    return valid


def _between_atoms(structures: Structures, i: int) -> float:
    """Shortest distance (Angstrom) between different atoms of one cell over all images."""
    from pymatgen.core import Lattice

    atoms = structures.atoms(i)
    if structures.n_atoms[i] < 2:
        return np.inf
    apart = Lattice(structures.lattice[i]).get_all_distances(structures.positions[atoms], structures.positions[atoms])
    return float(apart[~np.eye(len(apart), dtype=bool)].min())


def physically_valid(structures: Structures, stage: GeometryStage | None = None) -> NDArray[np.bool_]:
    """(B,): every distance, own images included, at least 0.6 of the sum of covalent radii, and a believable volume.

    The limits are those of the funnel's geometry stage.
    """
    stage = stage or GeometryStage()
    low, high = stage.least_volume, stage.most_volume
    volume = structures.volume / np.maximum(structures.n_atoms, 1)
    valid = is_sound(structures, CellLimits(volume_per_atom=low, shortest=0.0)) & (volume <= high)
    rows = np.flatnonzero(valid)
    valid[rows] = minimum_radius_ratios(structures.take(rows)) >= stage.radius_fraction
    return valid


def compositionally_valid(structures: Structures) -> NDArray[np.bool_]:
    """(B,): charge neutral with the Pauling test, as published."""
    return np.array([bool(pairs) and neutral(pairs) for pairs in reduced_counts(structures)], bool)
