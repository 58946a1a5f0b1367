"""The published sampler (Sultanov et al.): annealed Langevin processes of sites and cell, side by side.

Each level of noise has so many steps; a step goes along the score, half of the step size, and adds noise of the square
root of it. Sites and cell have step sizes and temperatures of their own; the last level adds no noise.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from crystal_studio.diffusion.random import normal
from crystal_studio.generators.adaptive_cell.denoising import Denoising
from crystal_studio.generators.adaptive_cell.process import STEPS

_FURTHEST = 6.0
"""Standard deviations: cells expected beyond are no cells."""


@dataclass(frozen=True)
class LangevinConfig:
    """Sizes of steps are relative to the variance of the level.

    steps : network calls, shared out evenly among the levels
    levels : of noise, fewer where there are fewer steps
    sites_step, cell_step : sizes of steps (published: 1e-3 and 1e-2 at the least variances of 1e-3 and 0.1, growing
        with the variance); few steps of the cell have to be larger to arrive
    sites_noise, cell_noise : factors of the noise that a step adds, the square roots of the temperatures
    merge : Angstrom: an orbit of which two atoms are closer goes to the special position between them, which changes
        the composition; published are 0.4, and 0 keeps what was asked for
    """

    steps: int = 50
    levels: int = 10
    sites_step: float = 1.0
    cell_step: float = 1.0
    sites_noise: float = 1.0
    cell_noise: float = 0.15
    merge: float = 0.0

    def times(self) -> list[tuple[int, int]]:
        """The time of each level and its steps."""
        levels = min(self.levels, self.steps)
        times = torch.linspace(STEPS, 1, levels).round().long().tolist()
        ends = torch.linspace(0, self.steps, levels + 1).round().long().tolist()
        return [(t, end - begin) for t, (begin, end) in zip(times, itertools.pairwise(ends), strict=True)]


PUBLISHED = LangevinConfig(steps=700, cell_step=0.1)
"""As published: ten levels of 70 steps, small ones of the cell."""


def annealed(
    d: Denoising, config: LangevinConfig, x: Tensor, c: Tensor, tick: Callable[[], None] = lambda: None
) -> tuple[Tensor, Tensor]:
    """Sites and cells of the last level, from those at the last time."""
    levels = config.times()
    for (t, steps), (following, _) in itertools.pairwise([*levels, (0, 0)]):
        sigma, a = d.sigma(t), d.process.alpha_bars[t]
        # The last level adds no noise.
        warm = following > 0
        sites_spread = warm * config.sites_noise * config.sites_step**0.5
        cell_spread = warm * config.cell_noise * (config.cell_step * (1 - a)).sqrt()
        for _ in range(steps):
            d.look()
            away, clean, lattice = d.expected(x, c, t)
            clean = clean.clamp(-_FURTHEST, _FURTHEST)
            if not d.know_sites:
                x = x + sigma * (0.5 * config.sites_step * away + sites_spread * d.noise(x, lattice))
            if not d.know_cell:
                # Minus the score, times the variance.
                off = c - a.sqrt() * clean
                c = (c - 0.5 * config.cell_step * off + cell_spread * normal(c, d.generator)) * d.crystals.frame.free
            tick()
        if warm and not d.know_cell:
            # The published noise of the cell is added to it; ours hides it, so that its mean is another at each level.
            c = d.process.step(c, clean, t, following, 0.0, d.generator)
    return x, c
