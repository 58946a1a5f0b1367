"""Coverage of a reference set by generated crystals, and the Fréchet distance of fingerprints.

Coverage follows Xie et al. (CDVAE, ICLR 2022): a crystal is covered when the nearest
structural fingerprint of the other set is within 0.4 and the nearest compositional one
within 10. The published code takes the two nearest crystals apart from each other: they
may be two different ones. The stricter reading, one crystal near in both, is given beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.evaluation.magpie import scaled

STRUCTURE_CUTOFF = 0.4
"""Largest Euclidean distance of CrystalNN fingerprints (published for MP-20)."""

COMPOSITION_CUTOFF = 10.0
"""Largest Euclidean distance of scaled Magpie fingerprints (published for MP-20)."""

_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Coverage:
    """Shares between 0 and 1, and mean distances to the nearest crystal of the other set.

    recall, precision : COV-R and COV-P as published
    recall_same, precision_same : one and the same crystal must be within both cutoffs
    structure_recall, structure_precision : mean structural distance (published as AMSD-R, AMSD-P)
    composition_recall, composition_precision : mean scaled compositional distance (AMCD-R, AMCD-P)
    """

    recall: float
    precision: float
    recall_same: float
    precision_same: float
    structure_recall: float
    structure_precision: float
    composition_recall: float
    composition_precision: float


def _distances(rows: NDArray, columns: NDArray) -> NDArray[np.float64]:
    """(n, m) Euclidean distances by one matrix product; errors below 1e-6 for numbers of order 1."""
    square = (rows**2).sum(1)[:, None] + (columns**2).sum(1) - 2 * rows @ columns.T
    return np.sqrt(np.maximum(square, 0))


def _known(structure: NDArray, composition: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The rows that have a structural fingerprint, compositions scaled."""
    known = np.isfinite(structure).all(1)
    return np.asarray(structure, float)[known], scaled(np.asarray(composition, float)[known])


def coverage(
    generated_fp: NDArray,
    generated_comp: NDArray,
    reference_fp: NDArray,
    reference_comp: NDArray,
    n_generated: int | None = None,
    structure_cutoff: float = STRUCTURE_CUTOFF,
    composition_cutoff: float = COMPOSITION_CUTOFF,
) -> Coverage:
    """COV-R and COV-P of a generated set.

    generated_fp, reference_fp : (B, 61), (R, 61) from ``crystalnn_fingerprints``; rows with NaN have none
    generated_comp, reference_comp : (B, 132), (R, 132) from ``magpie_features``, not scaled
    n_generated : everything that was generated, B if not given; whatever has no fingerprint is a miss
    of the precision. Reference crystals without a fingerprint are left out, as published.
    """
    total = len(generated_fp) if n_generated is None else n_generated
    structures, compositions = _known(generated_fp, generated_comp)
    known_structures, known_compositions = _known(reference_fp, reference_comp)
    n, m = len(structures), len(known_structures)
    if not n or not m:
        return Coverage(0.0, 0.0, 0.0, 0.0, np.nan, np.nan, np.nan, np.nan)
    near = np.empty((2, n))
    near_reference = np.full((2, m), np.inf)
    same, same_reference = np.zeros(n, bool), np.zeros(m, bool)
    for start in range(0, n, _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        by_structure = _distances(structures[rows], known_structures)
        by_composition = _distances(compositions[rows], known_compositions)
        for k, table in enumerate((by_structure, by_composition)):
            near[k, rows] = table.min(1)
            near_reference[k] = np.minimum(near_reference[k], table.min(0))
        both = (by_structure <= structure_cutoff) & (by_composition <= composition_cutoff)
        same[rows] = both.any(1)
        same_reference |= both.any(0)
    cutoffs = np.array([structure_cutoff, composition_cutoff])[:, None]
    return Coverage(
        recall=float((near_reference <= cutoffs).all(0).mean()),
        precision=float((near <= cutoffs).all(0).sum() / total),
        recall_same=float(same_reference.mean()),
        precision_same=float(same.sum() / total),
        structure_recall=float(near_reference[0].mean()),
        structure_precision=float(near[0].mean()),
        composition_recall=float(near_reference[1].mean()),
        composition_precision=float(near[1].mean()),
    )


def frechet_distance(first: NDArray, second: NDArray) -> float:
    """Fréchet distance of two sets of fingerprints (n, d), (m, d), each taken as a Gaussian.

    Squared distance of the means plus tr(A + B - 2 (A^1/2 B A^1/2)^1/2) of the covariances
    (Dowson and Landau, J. Multivar. Anal. 12, 450 (1982)); rows with NaN are left out.
    NaN if a set has fewer than two rows.
    """
    first, second = (np.asarray(s, float)[np.isfinite(s).all(1)] for s in (first, second))
    if min(len(first), len(second)) < 2:
        return float("nan")
    a, b = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    a, b = np.atleast_2d(a), np.atleast_2d(b)
    values, vectors = np.linalg.eigh(a)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ b @ root), 0)).sum()
    squared_means = float(((first.mean(0) - second.mean(0)) ** 2).sum())
    return max(squared_means + float(np.trace(a) + np.trace(b) - 2 * cross), 0.0)
