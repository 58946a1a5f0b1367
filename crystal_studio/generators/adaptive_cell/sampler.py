"""From noise to crystals: sites and cell are denoised together, each by its own process."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from crystal_studio.crystal import lattice as lattices
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.lattice import constrain, to_k
from crystal_studio.crystal.merging import merged
from crystal_studio.crystal.projection import project
from crystal_studio.crystal.space_groups import tables
from crystal_studio.diffusion.random import normal
from crystal_studio.generators.adaptive_cell.cells import CellPrior
from crystal_studio.generators.adaptive_cell.denoising import Denoising
from crystal_studio.generators.adaptive_cell.langevin import LangevinConfig, annealed
from crystal_studio.generators.adaptive_cell.process import STEPS, Crystals
from crystal_studio.generators.adaptive_cell.score import ScoreNetwork
from crystal_studio.generators.protocol import CancelToken


@dataclass(frozen=True)
class SamplerConfig:
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


@torch.no_grad()
def sample(
    network: ScoreNetwork,
    prior: CellPrior,
    asked: AsymmetricUnits,
    config: SamplerConfig | LangevinConfig,
    generator: torch.Generator,
    know_cell: bool = False,
    know_sites: bool = False,
    cancel: CancelToken | None = None,
    tick: Callable[[], None] = lambda: None,
) -> AsymmetricUnits:
    """One crystal for each of ``asked``, with its group, elements and Wyckoff positions.

    Lattices and coordinates of ``asked`` are taken where the cell or the sites are known, and do not matter otherwise.
    ``cancel`` is looked at before every step (or level of the Langevin processes), ``tick`` called after it.
    """
    device = generator.device
    crystals = Crystals.of(asked, prior, str(device))
    denoising = Denoising(network, crystals, generator, know_cell, know_sites, cancel)
    frame = crystals.frame
    k = torch.as_tensor(constrain(to_k(asked.lattice), asked.space_group), dtype=torch.float32, device=device)
    c = frame.inside(k) if know_cell else normal(frame.expected, generator) * frame.free
    x = torch.as_tensor(asked.positions[asked.mask], dtype=torch.float32, device=device)
    if not know_sites:
        x = anywhere(crystals, generator)
    if isinstance(config, LangevinConfig):
        made = finished(asked, crystals, *annealed(denoising, config, x, c, tick))
        return merged(made, config.merge) if config.merge else made
    return finished(asked, crystals, *denoised(denoising, config, x, c, tick))


def denoised(
    d: Denoising, config: SamplerConfig, x: Tensor, c: Tensor, tick: Callable[[], None] = lambda: None
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


def anywhere(crystals: Crystals, generator: torch.Generator) -> Tensor:
    """(n, 3) random points on the subspaces of the Wyckoff positions."""
    table = tables()
    row = crystals.orbits.row.cpu().numpy()
    device = crystals.elements.device
    linear, origin = (torch.as_tensor(a[row], dtype=torch.float32, device=device) for a in (table.linear, table.origin))
    free = torch.rand(len(row), 3, generator=generator, device=device)
    return (linear @ free.unsqueeze(2)).squeeze(2) + origin


def finished(asked: AsymmetricUnits, crystals: Crystals, x: Tensor, c: Tensor) -> AsymmetricUnits:
    """Exactly on the Wyckoff positions asked for, in the family's cell."""
    k = constrain(crystals.frame.outside(c).double().cpu().numpy(), asked.space_group)
    lattice = lattices.standard_orientation(lattices.from_k(k))
    positions = np.zeros(asked.positions.shape)
    positions[asked.mask] = x.double().cpu().numpy()
    classes = tables().site_class[np.maximum(asked.wyckoff, 0)].astype(np.int64)
    return project(asked.space_group, lattice, asked.numbers, classes, positions, asked.wyckoff)
