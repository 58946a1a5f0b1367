"""Conformal half widths cover what they promise, and the figures that say so are right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.properties import calibration
from crystal_studio.properties.calibration import LEVELS


def test_gaussian_widths_are_the_known_ones() -> None:
    np.testing.assert_allclose(calibration.gaussian([0.6827, 0.9545, 0.9973]), [1, 2, 3], atol=2e-3)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), factor=st.floats(0.3, 4), skew=st.booleans())
def test_wrong_uncertainties_are_put_right(seed: int, factor: float, skew: bool) -> None:
    rng = np.random.default_rng(seed)
    errors = rng.exponential(size=8000) if skew else rng.normal(size=8000)
    z = factor * errors
    table = calibration.conformal(z[:4000])
    observed = calibration.coverage(z[4000:], table)
    assert np.abs(observed - LEVELS).max() < 0.05
    assert calibration.miscalibration_area(observed) < 0.03
    assert (np.diff(table) >= 0).all()


def test_miscalibration_area_of_extremes() -> None:
    assert calibration.miscalibration_area(LEVELS) == pytest.approx(0, abs=1e-9)
    overconfident = calibration.miscalibration_area(np.zeros_like(LEVELS))
    assert overconfident == pytest.approx(0.5, abs=0.01)


def test_scores_of_known_errors() -> None:
    truth = np.array([0.0, 1.0, 2.0, 3.0, np.nan])
    mean = np.array([0.5, 1.0, 2.0, 2.5, 7.0])
    found = calibration.scores(truth, mean, np.ones(5), calibration.gaussian(LEVELS))
    assert found["count"] == 4 and found["mae"] == pytest.approx(0.25)
    assert found["rmse"] == pytest.approx(np.sqrt(0.125)) and found["r2"] == pytest.approx(0.9)
    assert found["coverage_68"] == 1.0


def test_no_data_leaves_the_gaussian() -> None:
    np.testing.assert_array_equal(calibration.conformal(np.array([np.nan])), calibration.gaussian(LEVELS))


def test_reliability_of_honest_uncertainties_is_a_straight_line() -> None:
    rng = np.random.default_rng(0)
    std = rng.uniform(0.1, 2, 40_000)
    found = calibration.reliability(rng.normal(scale=std), std)
    np.testing.assert_allclose(found["rmse"], found["std"], rtol=0.05)
    assert len(found["std"]) == 10 and found["std"] == sorted(found["std"])


def test_separation_is_the_area_under_the_roc_curve() -> None:
    truth = np.array([0.0, 0.05, 0.2, 0.5, np.nan])
    assert calibration.separation(truth, truth, 0.1) == 1.0
    assert calibration.separation(truth, -truth, 0.1) == 0.0
    assert calibration.separation(truth, np.array([0.0, 0.3, 0.2, 0.5, 1.0]), 0.1) == pytest.approx(0.75)
    assert np.isnan(calibration.separation(truth[:2], truth[:2], 0.1))
