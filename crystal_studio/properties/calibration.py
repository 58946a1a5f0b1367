"""Are the uncertainties right, and what makes them so: split conformal prediction on scaled errors.

With z = |y - mean| / std on crystals that neither training nor validation used, the interval of level p is
mean +- q(p) std with q(p) the ceil((n + 1) p)-th smallest z (Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018)).
An uncalibrated Gaussian would take q(p) = sqrt(2) erfinv(p).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfinv, expit
from scipy.stats import rankdata

LEVELS: NDArray[np.float64] = np.concatenate([np.arange(1, 100) / 100, [0.995]])
"""Nominal coverages at which calibration is stored and plotted."""

ONE_SIGMA = 0.6827


def gaussian(levels: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Half widths, in standard deviations, of a Gaussian's central intervals."""
    return np.sqrt(2.0) * erfinv(np.asarray(levels, float))


def conformal(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """(100,) half widths q(p) at ``LEVELS`` from scaled errors z (n,); NaN entries are left out."""
    z = np.sort(np.abs(z[np.isfinite(z)]))
    if not len(z):
        return gaussian(LEVELS)
    rank = np.ceil((len(z) + 1) * LEVELS).astype(int) - 1
    return np.maximum(z[np.clip(rank, 0, len(z) - 1)], 1e-6)


def width(table: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """(P,) half widths of one level from a table (P, 100)."""
    return np.array([np.interp(level, LEVELS, row) for row in table])


def coverage(z: NDArray[np.float64], half_widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of scaled errors within each half width."""
    z = np.sort(np.abs(z[np.isfinite(z)]))
    return np.searchsorted(z, half_widths, side="right") / max(len(z), 1)


def miscalibration_area(observed: NDArray[np.float64]) -> float:
    """Area between observed and nominal coverage at ``LEVELS``: 0 is perfect, 0.5 the worst."""
    levels = np.concatenate([[0], LEVELS, [1]])
    return float(np.trapezoid(np.abs(np.concatenate([[0], observed, [1]]) - levels), levels))


def reliability(error: NDArray[np.float64], std: NDArray[np.float64], bins: int = 10) -> dict[str, list[float]]:
    """Root mean square error against predicted standard deviation in ``bins`` equally filled bins of the latter."""
    known = np.isfinite(error) & np.isfinite(std)
    error, std = error[known], std[known]
    groups = [g for g in np.array_split(np.argsort(std, kind="stable"), bins) if len(g)]

    def root(values: NDArray[np.float64]) -> list[float]:
        return [round(float(np.sqrt((values[g] ** 2).mean())), 5) for g in groups]

    return {"std": root(std), "rmse": root(error)}


def separation(truth: NDArray[np.float64], predicted: NDArray[np.float64], limit: float) -> float:
    """Probability that of one crystal above and one at or below ``limit`` the former is predicted higher (ROC area)."""
    known = np.isfinite(truth) & np.isfinite(predicted)
    above, rank = truth[known] > limit, rankdata(predicted[known])
    n, m = int(above.sum()), int((~above).sum())
    return float((rank[above].sum() - n * (n + 1) / 2) / (n * m)) if n and m else float("nan")


def scores(
    truth: NDArray[np.float64], mean: NDArray[np.float64], std: NDArray[np.float64], table: NDArray[np.float64]
) -> dict[str, float]:
    """Errors and coverage of one property: truth, mean, uncalibrated std (n,), its conformal half widths (100,)."""
    known = np.isfinite(truth) & np.isfinite(mean)
    truth, mean, std = truth[known], mean[known], std[known]
    if not len(truth):
        return {"count": 0}
    error = truth - mean
    z = error / std
    raw, calibrated = coverage(z, gaussian(LEVELS)), coverage(z, table)
    at = {p: int(np.argmin(np.abs(LEVELS - p))) for p in (0.68, 0.95)}
    return {
        "count": len(truth),
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "r2": float(1 - (error**2).sum() / max(((truth - truth.mean()) ** 2).sum(), 1e-12)),
        "mae_of_mean": float(np.abs(truth - truth.mean()).mean()),
        "coverage_68_before": float(raw[at[0.68]]),
        "coverage_95_before": float(raw[at[0.95]]),
        "coverage_68": float(calibrated[at[0.68]]),
        "coverage_95": float(calibrated[at[0.95]]),
        "miscalibration_before": miscalibration_area(raw),
        "miscalibration": miscalibration_area(calibrated),
    }


def platt(logits: NDArray[np.float64], hits: NDArray, steps: int = 100) -> NDArray[np.float64]:
    """(2,) slope and intercept that make chances sigmoid(slope x logit + intercept) come true (Platt, 1999).

    By Newton's method with steps that are halved until they help, held near (1, 0) by a weak prior so that few or
    uniform hits give an answer.
    """
    x = np.stack([np.asarray(logits, float), np.ones(len(logits))], 1)
    hit, prior = np.asarray(hits, float), np.array([1.0, 0.0])

    def cost(at: NDArray[np.float64]) -> float:
        told = x @ at
        return float((np.logaddexp(0, told) - hit * told).sum() + 0.5 * ((at - prior) ** 2).sum())

    found = prior.copy()
    for _ in range(steps):
        chance = expit(x @ found)
        slope = x.T @ (chance - hit) + found - prior
        step = np.linalg.solve((x * (chance * (1 - chance))[:, None]).T @ x + np.eye(2), slope)
        while cost(found - step) > cost(found) and np.abs(step).max() > 1e-9:
            step = step / 2
        found = found - step
        if np.abs(step).max() < 1e-9:
            break
    return found
