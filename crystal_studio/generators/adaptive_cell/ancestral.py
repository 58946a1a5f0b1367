"""The ancestral sampler: one step a level of noise, with a share of its noise down to none, the probability flow."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from crystal_studio.generators.adaptive_cell.denoising import Denoising
from crystal_studio.generators.adaptive_cell.process import STEPS


@dataclass(frozen=True)
class AncestralConfig:
    """How crystals are sampled; one network call a step and one for each correction.

    steps : levels of noise
    noise : share of the ancestral noise, 0 for the probability-flow equations
    corrections : Langevin steps of the sites at each level but the last
    correction_size : of these, relative to the variance of the level
    """

    steps: int = 50
    noise: float = 1.0
    corrections: int = 0
    correction_size: float = 0.05


def denoised(
    d: Denoising, config: AncestralConfig, x: Tensor, c: Tensor, tick: Callable[[], None] = lambda: None
) -> tuple[Tensor, Tensor]:
    """Sites and cells at time 0, from those at the last time: ancestral, or along the probability flow."""
    levels = torch.linspace(STEPS, 0, config.steps + 1).round().long().tolist()
    for t, s in itertools.pairwise(levels):
        d.look()
        sigma_t, sigma_s = d.sigma(t), d.sigma(s)
        if s and not d.know_sites:
            for _ in range(config.corrections):
                away, _, lattice = d.expected(x, c, t)
                step = config.correction_size * sigma_t
                x = x + step * away + d.noise(x, lattice) * (2 * step * sigma_t).sqrt()
        away, cell, lattice = d.expected(x, c, t)
        if not d.know_sites:
            # Variance exploding: ancestral noise of the given share, the rest of the way along the flow.
            spread = config.noise * sigma_s * ((1 - (sigma_s / sigma_t) ** 2).clamp_min(0)).sqrt()
            kept = (sigma_s**2 - spread**2).clamp_min(0).sqrt() / sigma_t
            x = x + (1 - kept) * sigma_t * away + d.noise(x, lattice) * spread
        if not d.know_cell:
            c = d.process.step(c, cell.clamp(-6, 6), t, s, config.noise, d.generator) * d.crystals.frame.free
        tick()
    return x, c
