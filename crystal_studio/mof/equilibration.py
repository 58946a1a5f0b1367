"""From where on a simulation stands still, and how much what it then says is worth.

After Chodera, J. Chem. Theory Comput. 12, 1799 (2016). Imports nothing but numpy: scripts that run in a Python of their
own use it too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ENOUGH = 50.0
"""Independent values that are asked of a simulation that stands still. While it rises, its values hang together, and
it has but a few."""
_STARTS = 25


def inefficiency(values: NDArray[np.float64]) -> float:
    """How many values (n,) in sequence say as much as one that is independent: 1 + twice the time, in values, over
    which they hang together."""
    n, apart = len(values), values - values.mean()
    variance = float(apart @ apart) / n
    if n < 2 or variance == 0:
        return 1.0
    spectrum = np.fft.rfft(apart, 2 * n)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[1:n] / (
        n * variance
    )  # of the mean of all, falling off with n - t
    first = int(np.argmax(correlation <= 0)) if (correlation <= 0).any() else n - 1
    return max(1.0, 1.0 + 2.0 * float(correlation[:first].sum()))


def settled(values: NDArray[np.float64]) -> tuple[int, float]:
    """(first value that counts, independent values from there on): the start that leaves the most of them."""
    values = np.asarray(values, float)
    starts = np.unique(np.linspace(0, 0.8 * len(values), _STARTS).astype(int))
    worth = [(len(values) - start) / inefficiency(values[start:]) for start in starts.tolist()]
    best = int(np.argmax(worth))
    return int(starts[best]), float(worth[best])


def mean_and_error(values: NDArray[np.float64]) -> tuple[float, float, bool]:
    """(mean, standard error, whether it stands still) of what counts of values (n,), n > 1.

    Of a simulation that does not stand still the error also holds by how much its second half differs from its first.
    """
    values = np.asarray(values, float)
    start, worth = settled(values)
    kept, half = values[start:], len(values) // 2
    error = float(kept.std() / max(worth - 1, 1) ** 0.5)
    drift = float(values[half:].mean() - values[:half].mean())
    still = worth >= ENOUGH
    return float(kept.mean()), error if still else float(np.hypot(error, drift)), still
