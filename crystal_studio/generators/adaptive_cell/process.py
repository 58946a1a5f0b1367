"""The two forward processes, of sites and of the cell, each with its own time, and the training loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.multigraph import Orbits, own_images
from crystal_studio.crystal.space_groups import tables
from crystal_studio.diffusion.random import normal
from crystal_studio.diffusion.variance_preserving import VariancePreserving
from crystal_studio.generators.adaptive_cell.cells import CellPrior, Frame
from crystal_studio.generators.adaptive_cell.score import ScoreNetwork, Shown

STEPS = 1000
LEAST = 0.03
"""Angstrom of noise in the positions at the first time."""
MOST = 0.5
"""Noise at the last time, relative to the edge of a cube with the volume of the primitive cell."""
DECIDING = (0.4, 0.85)
"""Times relative to the last, 0.2 to 1.3 A for a primitive cell of 5 A: where a structure is decided."""
_REACH = 3.5
_OFF = 1e-2
"""Angstrom: images this far from the subspace of a Wyckoff position are not on it."""


@dataclass(frozen=True)
class Crystals:
    """What stays as it is while B crystals with n orbits are noised or denoised.

    orbits, frame; elements (n,) atomic number - 1; space_group (B,); most (B,) Angstrom of noise at the last time;
    projector (n, 3, 3) of fractional displacements onto the free parameters; freedom (n,) how many those are
    """

    orbits: Orbits
    frame: Frame
    elements: Tensor
    space_group: Tensor
    most: Tensor
    projector: Tensor
    freedom: Tensor

    @staticmethod
    def of(units: AsymmetricUnits, prior: CellPrior, device: str = "cpu") -> Crystals:
        """Of groups, elements and Wyckoff positions; lattices and coordinates do not matter."""
        crystal, column = np.nonzero(units.mask)
        row = units.wyckoff[crystal, column].astype(np.int64)
        orbits = Orbits.of(units.space_group, crystal, row, device)
        frame = Frame.of(units, prior, device)
        volume = torch.exp(frame.expected[:, 5] * 3) * torch.linalg.det(orbits.basis).abs()
        table = tables()
        return Crystals(
            orbits,
            frame,
            torch.as_tensor(units.numbers[crystal, column].astype(np.int64) - 1, device=device),
            torch.as_tensor(units.space_group.astype(np.int64), device=device),
            MOST * volume ** (1 / 3),
            torch.as_tensor(table.projector[row], dtype=torch.float32, device=device),
            torch.as_tensor(table.degrees_of_freedom[row], device=device),
        )

    def sigma(self, t: Tensor) -> Tensor:
        """(B,) Angstrom of noise in the positions at times t (B,), log-spaced from ``LEAST`` to ``most``."""
        share = ((t.to(self.most.dtype) - 1) / (STEPS - 1)).clamp_min(0)
        return LEAST * (self.most / LEAST) ** share

    def free(self, displacement: Tensor, lattice: Tensor) -> Tensor:
        """(n, 3) fractional, the part of Cartesian displacements (n, 3) along the free parameters."""
        fractional = torch.linalg.solve(lattice[self.orbits.crystal], displacement.unsqueeze(1), left=False)
        return (fractional @ self.projector.mT).squeeze(1)

    def shown(self, x: Tensor, c: Tensor, t_sites: Tensor, t_cell: Tensor) -> Shown:
        """The input of the network for coordinates x (n, 3) and cells c (B, 6) at times (B,) 0..STEPS."""
        lattice, strain, change = self.frame.cells(c)
        return Shown(
            self.orbits,
            self.elements,
            self.space_group,
            x,
            t_sites / STEPS,
            t_cell / STEPS,
            self.sigma(t_sites),
            strain,
            change,
            lattice,
        )


class Clean(NamedTuple):
    """A batch: crystals, their representatives x (n, 3), fractional, and components of their cells c (B, 6)."""

    crystals: Crystals
    x: Tensor
    c: Tensor


def times(size: int, generator: torch.Generator, device: str | torch.device) -> tuple[Tensor, Tensor]:
    """Times (B,) of sites and cells: of six crystals three at the same time, as the sampler has them, one with a time
    for each, one with a known cell, one with known sites. Half of the times are drawn from ``DECIDING`` alone."""
    share = torch.rand(2, size, generator=generator, device=device)
    low, high = DECIDING
    half = torch.rand(2, size, generator=generator, device=device) < 0.5
    t = 1 + (torch.where(half, low + (high - low) * share, share) * STEPS).long().clamp_max(STEPS - 1)
    kind = torch.rand(size, generator=generator, device=device) * 6
    sites = torch.where(kind >= 5, 0, t[0])
    cell = torch.where(kind < 3, t[0], torch.where((kind >= 4) & (kind < 5), 0, t[1]))
    return sites, cell


def towards(crystals: Crystals, x: Tensor, clean: Tensor, noise: Tensor, lattice: Tensor, sigma: Tensor) -> Tensor:
    """(n, 3) expected displacement to the clean position, in units of sigma, of noisy representatives x (n, 3).

    Any image of the clean representative on the subspace of its Wyckoff position may be the one that was noised: the
    expectation is over all of them, which is the score of the noisy distribution, wrapped by primitive vectors, times
    sigma. ``noise`` (n, 3) is the answer where none is near.
    """
    orbits = crystals.orbits
    images = own_images(orbits, x, clean, lattice, _REACH * sigma)
    cells = lattice[orbits.crystal][images.centre]
    fractional = torch.linalg.solve(cells, images.vector.unsqueeze(1), left=False)
    stays = ((fractional @ crystals.projector[images.centre].mT) @ cells).squeeze(1)
    on = (stays - images.vector).norm(dim=1) < _OFF
    centre, vector, length = images.centre[on], images.vector[on], images.length[on]
    spread = sigma[orbits.crystal]
    exponent = -0.5 * (length / spread[centre]) ** 2
    highest = torch.full_like(spread, -torch.inf).scatter_reduce(0, centre, exponent, "amax")
    weight = torch.exp(exponent - highest[centre])
    total = torch.zeros_like(spread).index_add_(0, centre, weight)
    mean = torch.zeros_like(x).index_add_(0, centre, vector * weight.unsqueeze(1))
    found = mean / total.clamp_min(1e-12).unsqueeze(1) / spread.unsqueeze(1)
    return torch.where((total > 0).unsqueeze(1), found, noise)


class Noisy(NamedTuple):
    """A noised batch: what the network is shown, and what it is to say of sites (n, 3) and cells (B, 6)."""

    shown: Shown
    sites: Tensor
    cell: Tensor


def corrupt(clean: Clean, t_sites: Tensor, t_cell: Tensor, generator: torch.Generator) -> Noisy:
    """Sites and cells at times (B,) 0..STEPS of their own."""
    crystals = clean.crystals
    process = VariancePreserving(STEPS, clean.x.device)
    noisy, noise = process.corrupt(clean.c, t_cell, generator)
    c = torch.where((t_cell > 0).unsqueeze(1) & crystals.frame.free, noisy, clean.c)
    a = process.alpha_bars[t_cell].unsqueeze(1)
    lattice, _, _ = crystals.frame.cells(c)
    sigma = crystals.sigma(t_sites)
    spread = (sigma * (t_sites > 0))[crystals.orbits.crystal].unsqueeze(1)
    fractional = crystals.free(normal(clean.x, generator), lattice)
    x = clean.x + spread * fractional
    back = -(fractional.unsqueeze(1) @ lattice[crystals.orbits.crystal]).squeeze(1)
    sites = towards(crystals, x, clean.x, back, lattice, sigma)
    shown = crystals.shown(x, c, t_sites, t_cell)
    return Noisy(shown, sites, a.sqrt() * noise - (1 - a).sqrt() * clean.c)


def loss(network: ScoreNetwork, crystals: Crystals, noisy: Noisy) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss of one batch, and its parts: mean squares a free parameter that was noised."""
    shown = noisy.shown
    out = network(shown)
    asked = (shown.t_sites > 0)[crystals.orbits.crystal] & (crystals.freedom > 0)
    square = ((out.sites - noisy.sites) ** 2).sum(1)[asked]
    sites = square.sum() / crystals.freedom[asked].sum().clamp_min(1)
    free = crystals.frame.free & (shown.t_cell > 0).unsqueeze(1)
    cell = ((out.cell - noisy.cell) ** 2)[free].sum() / free.sum().clamp_min(1)
    return sites + cell, {"sites": sites.detach(), "cell": cell.detach()}
