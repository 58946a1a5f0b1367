"""Where a simulation stands still, and what its mean is worth."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.mof.equilibration import ENOUGH, inefficiency, mean_and_error, settled


def chained(n: int, memory: float, seed: int = 0) -> np.ndarray:
    """Deviation 1 about 0; each value is ``memory`` of the one before and chance."""
    noise = np.random.default_rng(seed).normal(size=n) * (1 - memory**2) ** 0.5
    values = np.zeros(n)
    for k in range(1, n):
        values[k] = memory * values[k - 1] + noise[k]
    return values


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_values_that_hang_together_say_less(memory: float) -> None:
    assert inefficiency(chained(20_000, memory)) == pytest.approx((1 + memory) / (1 - memory), rel=0.15)


def test_the_error_is_that_of_the_mean() -> None:
    """Of 100 simulations as their means scatter."""
    found = np.array([mean_and_error(chained(2000, 0.9, seed))[:2] for seed in range(100)])
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(), rel=0.25)


def test_a_rise_at_the_start_is_left_out() -> None:
    values = 50 - 40 * np.exp(-np.arange(2000) / 100) + 3 * chained(2000, 0.8)
    start, worth = settled(values)
    mean, error, still = mean_and_error(values)
    assert 200 < start < 1000 and worth > ENOUGH and still
    assert mean == pytest.approx(50, abs=5 * error) and error < 1


def test_what_never_moves_stands_still() -> None:
    assert mean_and_error(np.zeros(50)) == (0.0, 0.0, True)


def test_what_still_rises_is_told() -> None:
    mean, error, still = mean_and_error(np.arange(500.0))
    assert not still and mean + error > 490
