"""Corruption of coordinates modulo 1: a normal distribution wrapped to the unit interval, of growing width.

Jing et al. 2022 (torsional diffusion); Jiao et al. 2023 (DiffCSP) for the coordinates of crystals. The network learns
minus the score, divided by its root mean square at each time.
"""

from __future__ import annotations

import torch
from torch import Tensor

from crystal_studio.diffusion.random import normal, per_crystal
from crystal_studio.diffusion.schedules import log_sigmas, wrapped_normal_d, wrapped_normal_norm


class WrappedNormal:
    """Times run from ``steps`` (uniform, nearly) to 0 (clean); the first axis of every tensor is the crystal."""

    def __init__(self, steps: int, device: torch.device | str = "cpu") -> None:
        self.sigmas = log_sigmas(steps).to(device)
        self.scales = wrapped_normal_norm(steps).to(device).sqrt()

    def start(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """What there is before the first step."""
        return torch.rand(shape, generator=generator, device=self.sigmas.device)

    def corrupt(self, x: Tensor, t: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """x_t in [0, 1) of clean coordinates at times t (B,), and what the network is to say of it."""
        sigma = per_crystal(self.sigmas[t], x)
        noise = normal(x, generator)
        target = wrapped_normal_d(sigma * noise, sigma.expand_as(noise)) / per_crystal(self.scales[t], x)
        return (x + sigma * noise) % 1.0, target

    def noised(self, x: Tensor, t: int, generator: torch.Generator) -> Tensor:
        """Clean coordinates at one time for all, not wrapped."""
        return x + self.sigmas[t] * normal(x, generator)

    def clean(self, x: Tensor, said: Tensor, t: int) -> Tensor:
        """The estimate of the clean coordinates, from what the network says at time t."""
        return x - self.sigmas[t] ** 2 * said * self.scales[t]

    def correct(self, x: Tensor, said: Tensor, t: int, size: float, last: bool, generator: torch.Generator) -> Tensor:
        """One step of Langevin dynamics at time t, of ``size`` at time 1 and growing with the noise."""
        step = size * (self.sigmas[t] / self.sigmas[1]) ** 2
        return x - step * said * self.scales[t] + (2 * step).sqrt() * normal(x, generator) * (not last)

    def log_step(self, t: int, s: int) -> float:
        """Growth of the logarithm of the signal-to-noise ratio from t to s, halved."""
        return float((self.sigmas[t] / self.sigmas[s].clamp_min(1e-4)).log())

    def step(self, x: Tensor, clean: Tensor, t: int, s: int, share: float, generator: torch.Generator) -> Tensor:
        """x at time s from x at time t and an estimate of the clean coordinates.

        ``share`` of the ancestral noise: 1 is ancestral sampling, 0 the probability-flow equation (the
        variance-exploding form of Song et al. 2021, eq. 12). Never wrapped: estimates of two steps stay comparable.
        """
        sigma_t, sigma_s = self.sigmas[t], self.sigmas[s]
        spread = share * (sigma_s**2 * (sigma_t**2 - sigma_s**2)).sqrt() / sigma_t
        x = clean + (sigma_s**2 - spread**2).clamp_min(0).sqrt() / sigma_t * (x - clean)
        return x + spread * normal(x, generator)
