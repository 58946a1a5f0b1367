"""Noise schedules of the continuous and discrete diffusions."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor


@lru_cache(maxsize=8)
def cosine_alpha_bar(steps: int, offset: float = 0.008) -> Tensor:
    """(steps + 1,) cumulative signal fraction, 1 at t = 0 (Nichol & Dhariwal 2021, eq. 17).

    Single-step betas are clipped to [1e-4, 0.9999], as SymmCD does.
    """
    t = np.arange(steps + 1) / steps
    f = np.cos((t + offset) / (1 + offset) * np.pi / 2) ** 2
    beta = np.clip(1 - f[1:] / f[:-1], 1e-4, 0.9999)
    return torch.tensor(np.concatenate([[1.0], np.cumprod(1 - beta)]), dtype=torch.float32)


@lru_cache(maxsize=8)
def log_sigmas(steps: int, low: float = 0.005, high: float = 0.5) -> Tensor:
    """(steps + 1,) noise of the coordinates in fractions of the cell, log-spaced, 0 at t = 0."""
    sigma = np.exp(np.linspace(np.log(low), np.log(high), steps))
    return torch.tensor(np.concatenate([[0.0], sigma]), dtype=torch.float32)


def wrapped_normal_d(x: Tensor, sigma: Tensor, images: int = 10) -> Tensor:
    """Minus the score of a normal distribution wrapped to the unit interval (Jing et al. 2022).

    x : displacement, any real number; sigma : broadcastable. The sum runs over
    2 * images + 1 periods. The displacement is first wrapped to [-0.5, 0.5).
    """
    x = x - torch.round(x)
    shifts = torch.arange(-images, images + 1, device=x.device, dtype=x.dtype)
    moved = x.unsqueeze(-1) + shifts
    variance = sigma.unsqueeze(-1) ** 2
    weight = torch.softmax(-(moved**2) / (2 * variance), -1)
    return (weight * moved / variance).sum(-1)


@lru_cache(maxsize=8)
def wrapped_normal_norm(steps: int, low: float = 0.005, high: float = 0.5, grid: int = 601) -> Tensor:
    """(steps + 1,) mean square of ``wrapped_normal_d`` under its own distribution, by quadrature; 1 at t = 0."""
    sigma = log_sigmas(steps, low, high)[1:, None].double()
    # Narrow distributions get a narrow grid.
    x = torch.linspace(-1, 1, grid, dtype=torch.float64) * (7 * sigma).clamp_max(0.5)
    images = torch.arange(-4, 5, dtype=torch.float64)
    density = torch.exp(-((x.unsqueeze(-1) + images) ** 2) / (2 * sigma.unsqueeze(-1) ** 2)).sum(-1)
    mean = (density * wrapped_normal_d(x, sigma.expand_as(x), 4) ** 2).sum(-1) / density.sum(-1)
    return torch.cat([torch.ones(1), mean.float()])
