"""From noise to crystals: sites and cell are denoised together, each by its own process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
from crystal_studio.generators.adaptive_cell.ancestral import AncestralConfig, denoised
from crystal_studio.generators.adaptive_cell.cells import CellPrior
from crystal_studio.generators.adaptive_cell.denoising import Denoising
from crystal_studio.generators.adaptive_cell.langevin import PUBLISHED, LangevinConfig, annealed
from crystal_studio.generators.adaptive_cell.options import AdaptiveCellOptions
from crystal_studio.generators.adaptive_cell.process import Crystals
from crystal_studio.generators.adaptive_cell.score import ScoreNetwork
from crystal_studio.generators.protocol import CancelToken

Config = AncestralConfig | LangevinConfig


def configured(options: AdaptiveCellOptions) -> Config:
    """The sampler that a request asks for, with its own number of steps where none is asked for."""
    if options.sampler == "ancestral":
        config = AncestralConfig(noise=options.noise, corrections=options.corrections)
        return replace(config, steps=options.steps or config.steps)
    langevin = PUBLISHED if options.sampler == "published" else LangevinConfig()
    return replace(langevin, steps=options.steps or langevin.steps)


@torch.no_grad()
def sample(
    network: ScoreNetwork,
    prior: CellPrior,
    asked: AsymmetricUnits,
    config: Config,
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
