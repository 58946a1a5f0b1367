"""Validity as published: CDVAE's test of structures and of compositions (Xie et al., ICLR 2022), and the funnel's own.

The test of compositions is SMACT's (Davies et al., Chem 1, 617 (2016)) with one
oxidation state an element out of the list of its first release: charges must
cancel, and every cation must be less electronegative than every anion
(Pauling). Single elements and alloys count as valid; more than ten million
combinations of states, or an element without one, count as invalid.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.lattice import cell_parameters
from crystal_studio.crystal.neighbours import minimum_distances, minimum_radius_ratios
from crystal_studio.funnel.composition import Pairs
from crystal_studio.funnel.geometry import Geometry

LEAST_DISTANCE = 0.5
LEAST_VOLUME = 0.1
LONGEST_EDGE = 40.0
MOST_COMBINATIONS = 10_000_000


def structurally_valid(structures: Structures, own_images: bool = True) -> NDArray[np.bool_]:
    """(B,): no two atoms closer than 0.5 A, volume >= 0.1 A^3, edges <= 40 A.

    ``own_images`` False is the published check, in which an atom does not see its own periodic images.
    """
    edges = cell_parameters(structures.lattice)[:, :3].max(1, initial=0.0)
    sane = np.isfinite(structures.lattice).all((1, 2)) & (structures.volume >= LEAST_VOLUME) & (edges <= LONGEST_EDGE)
    valid = sane & (structures.n_atoms > 0)
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


def physically_valid(structures: Structures, stage: Geometry | None = None) -> NDArray[np.bool_]:
    """(B,): every distance, own images included, at least 0.6 of the sum of covalent radii, and a believable volume.

    The limits are those of the funnel's geometry stage.
    """
    stage = stage or Geometry()
    low, high = stage.volume_per_atom
    volume = structures.volume / np.maximum(structures.n_atoms, 1)
    valid = np.isfinite(structures.lattice).all((1, 2)) & (volume >= low) & (volume <= high) & (structures.n_atoms > 0)
    rows = np.flatnonzero(valid)
    valid[rows] = minimum_radius_ratios(structures.take(rows)) >= stage.radius_fraction
    return valid


def compositionally_valid(structures: Structures) -> NDArray[np.bool_]:
    """(B,): charge neutral with the Pauling test, as published."""
    return np.array([bool(pairs) and neutral(pairs) for pairs in reduced_counts(structures)], bool)


def reduced_counts(structures: Structures) -> list[Pairs]:
    """B reduced compositions as (atomic number, count), ascending; empty for an empty cell."""
    table = counts(structures)
    divisor = np.gcd.reduce(table, axis=1)
    return [
        tuple((int(z), int(row[z] // d)) for z in np.flatnonzero(row)) for row, d in zip(table, divisor, strict=True)
    ]


@cache
def _elements() -> tuple[tuple[tuple[int, ...], ...], tuple[float | None, ...], tuple[bool, ...]]:
    """Oxidation states of SMACT's first list, Pauling electronegativities, and whether SMACT calls it a metal."""
    import smact

    known = smact.element_dictionary()
    metals = set(smact.metals)
    states = tuple(tuple(known[s].oxidation_states_smact14 or ()) if s in known else () for s in SYMBOLS)
    electronegativity = tuple(known[s].pauling_eneg if s in known else None for s in SYMBOLS)
    return states, electronegativity, tuple(s in metals for s in SYMBOLS)


@lru_cache(maxsize=200_000)
def neutral(composition: Pairs) -> bool:
    """Whether some choice of one oxidation state an element passes both tests.

    The states are not enumerated: with the cations up to an electronegativity
    and the anions above it, the sums of charges that can be reached are sets of
    small integers.
    """
    states, electronegativity, metal = _elements()
    elements = [z for z, _ in composition]
    if len(elements) == 1 or all(metal[z] for z in elements):
        return True
    if np.prod([float(len(states[z])) for z in elements]) > MOST_COMBINATIONS:
        return False
    scale = [electronegativity[z] for z in elements]
    if None in scale:
        return False
    for limit in sorted({x for x in scale if x is not None}):
        sums = {0}
        for (z, n), x in zip(composition, scale, strict=True):
            cation = x is not None and x <= limit
            allowed = [s for s in states[z] if (s > 0) == cation and s != 0]
            sums = {total + s * n for total in sums for s in allowed}
            if not sums:
                break
        if 0 in sums:
            return True
    return False
