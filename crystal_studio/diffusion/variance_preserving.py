"""Corruption of unbounded numbers of unit variance: the signal fades as much as the noise grows (Ho et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor

from crystal_studio.diffusion.random import normal, per_crystal
from crystal_studio.diffusion.schedules import cosine_alpha_bar

BOUND = 6.0
"""Estimates of clean values are clipped to so many standard deviations, which keeps early steps from running away."""


class VariancePreserving:
    """Times run from ``steps`` (noise) to 0 (clean); the network learns the noise, the first axis is the crystal."""

    def __init__(self, steps: int, device: torch.device | str = "cpu") -> None:
        self.alpha_bars = cosine_alpha_bar(steps).to(device)

    def start(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """What there is before the first step."""
        return torch.randn(shape, generator=generator, device=self.alpha_bars.device)

    def corrupt(self, clean: Tensor, t: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Values at times t (B,), and the noise in them, which the network is to say."""
        a = per_crystal(self.alpha_bars[t], clean)
        noise = normal(clean, generator)
        return a.sqrt() * clean + (1 - a).sqrt() * noise, noise

    def noised(self, clean: Tensor, t: int, generator: torch.Generator) -> Tensor:
        """The same at one time for all."""
        a = self.alpha_bars[t]
        return a.sqrt() * clean + (1 - a).sqrt() * normal(clean, generator)

    def clean(self, x: Tensor, noise: Tensor, t: int) -> Tensor:
        """The estimate of the clean values, from the noise that the network says is in them."""
        a = self.alpha_bars[t]
        return ((x - (1 - a).sqrt() * noise) / a.sqrt()).clamp(-BOUND, BOUND)

    def log_step(self, t: int, s: int) -> float:
        """Growth of the logarithm of the signal-to-noise ratio from t to s, halved."""
        a_t, a_s = self.alpha_bars[t], self.alpha_bars[s]
        return float(0.5 * (a_s / (1 - a_s).clamp_min(1e-6) / (a_t / (1 - a_t))).log())

    def step(self, x: Tensor, clean: Tensor, t: int, s: int, share: float, generator: torch.Generator) -> Tensor:
        """Values at time s from those at time t and an estimate of the clean ones.

        ``share`` of the ancestral noise: 1 is ancestral sampling, 0 the probability-flow equation (DDIM, Song et al.
        2021, eq. 12).
        """
        a_t, a_s = self.alpha_bars[t], self.alpha_bars[s]
        spread = share * ((1 - a_s) / (1 - a_t) * (1 - a_t / a_s)).sqrt()
        rest = (1 - a_s - spread**2).clamp_min(0).sqrt() / (1 - a_t).sqrt()
        return a_s.sqrt() * clean + rest * (x - a_t.sqrt() * clean) + spread * normal(x, generator)
