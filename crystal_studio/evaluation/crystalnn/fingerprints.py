"""CrystalNN fingerprints of whole batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.soundness import CellLimits, is_sound
from crystal_studio.evaluation.crystalnn.coordination import Elements, coordination_weights, elements, neighbours
from crystal_studio.evaluation.crystalnn.motifs import COLUMN, LARGEST, MOTIFS, WIDTH
from crystal_studio.evaluation.crystalnn.order_parameters import COLLINEAR, order_parameters
from crystal_studio.evaluation.crystalnn.voronoi import voronoi_faces

LIMITS = CellLimits(volume=0.1, volume_per_atom=0.03, shortest=0.0)
"""Smaller cells have no fingerprint, as in the published evaluation; in denser ones a site has 50,000 atoms around it.
"""

_CRYSTALS_AT_ONCE = 100


def crystalnn_fingerprints(crystals: AsymmetricUnits | Structures, collinear: float = COLLINEAR) -> NDArray[np.float64]:
    """(B, 61) means of the site fingerprints over all atoms; columns are named by ``LABELS``.

    The numbers of matminer's CrystalNNFingerprint, preset "ops", for structures without oxidation states.
    Of an orbit only one atom is computed: asymmetric units, and structures that name the orbit of each
    atom, take a fraction of the time. Rows of NaN where there is no fingerprint: an empty, flat or not
    finite cell, coinciding atoms, or an element beyond Cm.

    collinear : sine below which two bonds lie on one line. The published 1e-12 tells exact coordinates
        from ones with rounding errors: fingerprints of the same octahedral site then differ by up to 0.1.
        With 1e-3 both give the same.
    """
    structures = expand(crystals) if isinstance(crystals, AsymmetricUnits) else crystals
    of = elements()
    starts = range(0, len(structures), _CRYSTALS_AT_ONCE)
    parts = (structures.take(np.arange(s, min(s + _CRYSTALS_AT_ONCE, len(structures)))) for s in starts)
    found = [_fingerprints(part, of, collinear) for part in parts]
    return np.concatenate(found) if found else np.zeros((0, WIDTH))


def _fingerprints(structures: Structures, of: Elements, collinear: float) -> NDArray[np.float64]:
    """(B, 61) of one chunk."""
    result = np.full((len(structures), WIDTH), np.nan)
    rows = np.flatnonzero(is_sound(structures, LIMITS))
    if not len(rows):
        return result
    sound = structures.take(rows)
    sites, multiplicity = _sites(sound)
    by_site = site_fingerprints(sound, sites, of, collinear)
    total = np.zeros((len(rows), WIDTH))
    np.add.at(total, sound.crystal[sites], by_site * multiplicity[:, None])
    result[rows] = total / sound.n_atoms[:, None]
    return result


def _sites(structures: Structures) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One atom of each orbit and how many atoms the orbit has; atoms of unknown orbit stand for themselves."""
    atom = np.arange(len(structures.numbers))
    first = structures.offsets[structures.crystal]
    # Every atom a key of its own, but for atoms of one orbit.
    key = np.where(structures.orbit >= 0, 2 * (first + structures.orbit), 2 * atom + 1)
    _, sites, multiplicity = np.unique(key, return_index=True, return_counts=True)
    return sites, multiplicity


def site_fingerprints(
    structures: Structures, sites: NDArray[np.int64], of: Elements, collinear: float = COLLINEAR
) -> NDArray[np.float64]:
    """(S, 61) fingerprints of atoms ``sites`` (rows of the batch); NaN where the Voronoi cell is open."""
    result = np.zeros((len(sites), WIDTH))
    faces = voronoi_faces(structures, sites)
    around = neighbours(faces, structures.numbers, structures.numbers[sites], of)
    likelihood = coordination_weights(around.weight)
    for number in range(1, min(LARGEST, likelihood.shape[1]) + 1):
        column, weight = COLUMN[number], likelihood[:, number - 1]
        result[:, column] = weight
        rows = np.flatnonzero(weight > 0)
        if number in MOTIFS and len(rows):
            nearest = (rows, slice(number))
            parameters = order_parameters(around.vector[nearest], around.exact[nearest], collinear)
            span = slice(column + 1, column + 1 + parameters.shape[1])
            result[rows, span] = weight[rows, None] * parameters
    result[~faces.closed | np.isnan(around.weight).any(1)] = np.nan
    return result
