"""Distances of the distributions of two sets, as published.

Definitions as in docs/metrics.md: CDVAE (Xie et al., ICLR 2022) for
property distances, SymmCD (Levy et al., ICLR 2025) for the space-group distance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.charge_balance import balanced
from crystal_studio.crystal.composition import counts, reduced_counts
from crystal_studio.crystal.lattice import densities

N_GROUPS = 230


def compositionally_valid(structures: Structures) -> NDArray[np.bool_]:
    """(B,): passes the funnel's test of charge balance (ICSD 2024 states, mixed valence).

    The published test is ``validity.compositionally_valid``.
    """
    return np.array([balanced(pairs) for pairs in reduced_counts(structures)], bool)


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
