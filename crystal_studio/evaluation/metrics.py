"""The published metrics of generated sets: validity and distances of distributions.

Definitions as in docs/metrics.md: CDVAE (Xie et al., ICLR 2022) for validity and
property distances, SymmCD (Levy et al., ICLR 2025) for the space-group distance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.lattice import cell_parameters, densities
from crystal_studio.crystal.neighbours import minimum_distances
from crystal_studio.funnel.composition import reason_against

LEAST_DISTANCE = 0.5
LEAST_VOLUME = 0.1
LONGEST_EDGE = 40.0
N_GROUPS = 230


def structurally_valid(structures: Structures) -> NDArray[np.bool_]:
    """(B,): no two atoms closer than 0.5 A (own periodic images count), volume >= 0.1 A^3, edges <= 40 A.

    Stricter than the published check, which ignores an atom's own images.
    """
    edges = cell_parameters(structures.lattice)[:, :3].max(1)
    sane = np.isfinite(structures.lattice).all((1, 2)) & (structures.volume >= LEAST_VOLUME) & (edges <= LONGEST_EDGE)
    valid = sane & (structures.n_atoms > 0)
    rows = np.flatnonzero(valid)
    valid[rows] = minimum_distances(structures.take(rows)) >= LEAST_DISTANCE
    return valid


def compositionally_valid(structures: Structures) -> NDArray[np.bool_]:
    """(B,): charge neutral with the Pauling test (SMACT); elements and alloys count as valid."""
    valid = np.zeros(len(structures), bool)
    for i, row in enumerate(counts(structures)):
        elements = np.flatnonzero(row)
        if len(elements):
            divisor = np.gcd.reduce(row[elements])
            valid[i] = not reason_against(tuple((int(z), int(row[z] // divisor)) for z in elements))
    return valid


def density_distance(generated: Structures, reference: Structures) -> float:
    """Wasserstein-1 distance of mass densities, g/cm3."""
    return float(wasserstein_distance(densities(generated), densities(reference)))


def element_count_distance(generated: Structures, reference: Structures) -> float:
    """Wasserstein-1 distance of the number of elements a crystal."""
    numbers = [(counts(s) > 0).sum(1) for s in (generated, reference)]
    return float(wasserstein_distance(*numbers))


def space_group_distance(generated: NDArray, reference: NDArray) -> float:
    """Jensen-Shannon distance (natural logarithm) of histograms over the groups 1..230; 0 (not found) is left out."""
    histograms = [np.bincount(g[g > 0], minlength=N_GROUPS + 1)[1:] for g in (generated, reference)]
    return float(jensenshannon(*histograms))
