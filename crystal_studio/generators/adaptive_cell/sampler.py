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
from crystal_studio.crystal.projection import project
from crystal_studio.crystal.space_groups import tables
from crystal_studio.diffusion.random import normal
from crystal_studio.diffusion.variance_preserving import VariancePreserving
from crystal_studio.generators.adaptive_cell.cells import CellPrior
from crystal_studio.generators.adaptive_cell.process import STEPS, Crystals
from crystal_studio.generators.adaptive_cell.score import ScoreNetwork
from crystal_studio.generators.protocol import Cancelled, CancelToken


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
    config: SamplerConfig,
    generator: torch.Generator,
    know_cell: bool = False,
    know_sites: bool = False,
    cancel: CancelToken | None = None,
    tick: Callable[[], None] = lambda: None,
) -> AsymmetricUnits:
    """One crystal for each of ``asked``, with its group, elements and Wyckoff positions.

    Lattices and coordinates of ``asked`` are taken where the cell or the sites are known, and do not matter otherwise.
    ``cancel`` is looked at before every step, ``tick`` called after it.
    """
    device = generator.device
    crystals = Crystals.of(asked, prior, str(device))
    orbits, frame = crystals.orbits, crystals.frame
    process = VariancePreserving(STEPS, device)
    k = torch.as_tensor(constrain(to_k(asked.lattice), asked.space_group), dtype=torch.float32, device=device)
    c = frame.inside(k) if know_cell else normal(frame.expected, generator) * frame.free
    x = torch.as_tensor(asked.positions[asked.mask], dtype=torch.float32, device=device)
    if not know_sites:
        x = anywhere(crystals, generator)
    size = len(asked)
    levels = torch.linspace(STEPS, 0, config.steps + 1).round().long().tolist()

    def shown(t: int) -> tuple[Tensor, Tensor, Tensor]:
        """Clean sites and cells expected, and lattices, at time t."""
        whole = torch.full((size,), t, device=device)
        none = torch.zeros_like(whole)
        said = crystals.shown(x, c, none if know_sites else whole, none if know_cell else whole)
        out = network(said)
        away = torch.linalg.solve(said.lattice[orbits.crystal], out.sites.unsqueeze(1), left=False).squeeze(1)
        a = process.alpha_bars[t]
        cell = (a.sqrt() * c - (1 - a).sqrt() * out.cell) * frame.free
        return away, cell, said.lattice

    for t, s in itertools.pairwise(levels):
        if cancel is not None and cancel.is_set():
            raise Cancelled
        sigma_t = crystals.sigma(torch.full((size,), t, device=device))[orbits.crystal].unsqueeze(1)
        sigma_s = crystals.sigma(torch.full((size,), s, device=device))[orbits.crystal].unsqueeze(1)
        sigma_s = sigma_s if s else torch.zeros_like(sigma_s)
        if s and not know_sites:
            for _ in range(config.corrections):
                away, _, lattice = shown(t)
                step = config.correction_size * sigma_t
                x = x + step * away + crystals.free(normal(x, generator), lattice) * (2 * step * sigma_t).sqrt()
        away, cell, lattice = shown(t)
        if not know_sites:
            # Variance exploding: ancestral noise of the given share, the rest of the way along the flow.
            spread = config.noise * sigma_s * ((1 - (sigma_s / sigma_t) ** 2).clamp_min(0)).sqrt()
            kept = (sigma_s**2 - spread**2).clamp_min(0).sqrt() / sigma_t
            x = x + (1 - kept) * sigma_t * away + crystals.free(normal(x, generator), lattice) * spread
        if not know_cell:
            c = process.step(c, cell.clamp(-6, 6), t, s, config.noise, generator) * frame.free
        tick()
    return finished(asked, crystals, x, c)


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
