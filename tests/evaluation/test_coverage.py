import numpy as np
import pytest

from crystal_studio.evaluation.coverage import coverage, frechet_distance
from crystal_studio.evaluation.magpie import magpie_features

IONIC = [(11, 17), (19, 35), (3, 9), (37, 53)]
METALS = [(28, 29), (44, 45), (76, 77), (46, 78)]


def compositions(pairs: list[tuple[int, int]]) -> np.ndarray:
    counts = np.zeros((len(pairs), 119))
    for row, pair in enumerate(pairs):
        counts[row, list(pair)] = 1
    return magpie_features(counts)


def structures(count: int, column: int = 0) -> np.ndarray:
    """Fingerprints a small step apart, each its own coordination number."""
    table = np.zeros((count, 61))
    table[:, column] = 1
    table[:, 60] = np.arange(count) * 1e-3
    return table


def test_a_set_covers_itself_in_any_order():
    fingerprints, features = structures(4), compositions(IONIC)
    order = np.array([2, 0, 3, 1])
    for rows in (np.arange(4), order):
        found = coverage(fingerprints[rows], features[rows], fingerprints, features, 4)
        assert (found.recall, found.precision, found.recall_same, found.precision_same) == (1, 1, 1, 1)
        assert found.structure_recall == pytest.approx(0, abs=1e-6)


def test_disjoint_chemistry_and_disjoint_structures_cover_nothing():
    features = compositions(IONIC)
    metals = coverage(structures(4), compositions(METALS), structures(4), features, 4)
    assert (metals.recall, metals.precision) == (0, 0)
    others = coverage(structures(4, column=5), features, structures(4), features, 4)
    assert (others.recall, others.precision) == (0, 0)


def test_what_has_no_fingerprint_is_a_miss_of_precision_only():
    fingerprints, features = structures(4), compositions(IONIC)
    generated = np.vstack([fingerprints, np.full((1, 61), np.nan)])
    found = coverage(generated, np.vstack([features, features[:1]]), fingerprints, features)
    assert (found.recall, found.precision) == (1, 0.8)
    assert coverage(generated[:4], features, fingerprints, features, 8).precision == 0.5
    assert coverage(generated[4:], features[:1], fingerprints, features).precision == 0


def test_nearest_structure_and_nearest_composition_may_be_two_crystals():
    """A has the one, B the other: covered as published, not in the strict reading."""
    generated = coverage(
        structures(1),
        compositions(IONIC[:1]),
        np.vstack([structures(1), structures(1, column=5)]),
        compositions([METALS[0], IONIC[0]]),
    )
    assert (generated.precision, generated.precision_same) == (1, 0)
    assert generated.recall_same == 0


def test_at_the_cutoff():
    near, far = structures(1), structures(1)
    near[0, 3], far[0, 3] = 0.399, 0.401
    features = compositions(IONIC[:1])
    assert coverage(near, features, structures(1), features).precision == 1
    assert coverage(far, features, structures(1), features).precision == 0


def test_frechet_distance():
    rng = np.random.default_rng(0)
    sample = rng.normal(size=(400, 5))
    assert frechet_distance(sample, sample) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(sample, sample + 2.0) == pytest.approx(5 * 4.0)
    # Of Gaussians with the standard deviations s and 2 s, along each axis: s^2.
    assert frechet_distance(sample, 2 * sample - sample.mean(0)) == pytest.approx(np.trace(np.cov(sample.T)))
    assert np.isnan(frechet_distance(sample[:1], sample))


def test_the_frechet_distance_of_gaussians_with_other_axes():
    rng = np.random.default_rng(1)
    turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    white = rng.normal(size=(500, 3))
    white = (white - white.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(white.T))).T  # covariance exactly 1
    first, second = white * [1.0, 2.0, 3.0], white * [1.0, 2.0, 3.0] @ turned
    a, b = np.cov(first.T), np.cov(second.T)
    # The product of two covariances has real roots, whatever their axes.
    expected = np.trace(a + b) - 2 * np.sqrt(np.linalg.eigvals(a @ b).real).sum()
    assert frechet_distance(first, second + np.array([0.0, 0.0, 1.0])) == pytest.approx(expected + 1.0)


def test_the_frechet_distance_of_fewer_crystals_than_features():
    rng = np.random.default_rng(2)
    few = rng.normal(size=(10, 64))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(few, few + 0.5) == pytest.approx(16.0)
