"""z of new frameworks: drawn from the learnt prior, told what to aim at, searched, and chosen by what it says."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from crystal_studio.diffusion.random import normal
from crystal_studio.generators.mofdiff.network import Network
from crystal_studio.generators.mofdiff.noise import alpha_bar

BOUND = 5.0
"""Standard deviations to which expected values of z are clipped."""
SEARCH_RATE = 0.02
"""Of Adam on z."""
_LEASHED = 0.02
"""Weight of the squared distance from where a search began, beside that from the target."""


@torch.no_grad()
def draw(network: Network, labels: Tensor, generator: torch.Generator, guidance: float, steps: int) -> Tensor:
    """(B, latent) from the prior, told scaled labels (B, P), NaN where nothing is asked for.

    guidance : w of classifier-free guidance (Ho and Salimans 2022); 1 is what the prior learnt, 0 tells no label
    """
    told = bool(labels.isfinite().any())
    nothing = torch.full_like(labels, torch.nan)
    z = torch.randn(len(labels), network.config.latent, generator=generator, device=labels.device)
    times = torch.linspace(1, 0, steps + 1, device=labels.device)
    for t, s in itertools.pairwise(times):
        at = t.expand(len(z))
        velocity = network.prior(z, at, labels if told and guidance == 1 else nothing)
        if told and guidance not in (0, 1):
            velocity = velocity + guidance * (network.prior(z, at, labels) - velocity)
        a_t, a_s = alpha_bar(t), alpha_bar(s)
        clean = (a_t.sqrt() * z - (1 - a_t).sqrt() * velocity).clamp(-BOUND, BOUND)
        spread = ((1 - a_s) / (1 - a_t) * (1 - a_t / a_s)).clamp_min(0).sqrt()
        rest = (1 - a_s - spread**2).clamp_min(0).sqrt() / (1 - a_t).sqrt()
        z = a_s.sqrt() * clean + rest * (z - a_t.sqrt() * clean) + spread * normal(z, generator)
    return z


def searched(network: Network, z: Tensor, labels: Tensor, steps: int) -> Tensor:
    """z (B, latent) moved by Adam until the property heads say scaled labels (B, P), as MOFDiff does it; it is held
    near where it began."""
    there = labels.isfinite()
    if not steps or not there.any():
        return z
    start, moved = z, z.clone().requires_grad_(True)
    optimiser = torch.optim.Adam([moved], lr=SEARCH_RATE)
    with torch.enable_grad():
        for _ in range(steps):
            off = torch.where(there, network.told(moved).labels - labels.nan_to_num(0.0), 0.0)
            loss = off.square().sum() + _LEASHED * (moved - start).square().sum()
            optimiser.zero_grad(set_to_none=True)
            (moved.grad,) = torch.autograd.grad(loss, [moved])
            optimiser.step()
    return moved.detach()


@dataclass(frozen=True)
class Wanted:
    """What a framework may be made of.

    metals : (119,) bool, which metals it may hold; must : atomic numbers of those that it must
    counts : (20,) bool, of how many blocks, from 1, it may be made
    """

    metals: Tensor
    must: tuple[int, ...]
    counts: Tensor

    @property
    def free(self) -> bool:
        """Whether z need not be chosen."""
        return bool(self.metals.all()) and not self.must and bool(self.counts[1:].all())


@torch.no_grad()
def fitting(network: Network, z: Tensor, wanted: Wanted) -> Tensor:
    """(B,) logarithm of how likely each z (B, latent) is to be of a framework that is wanted."""
    told = network.told(z)
    missing = torch.nn.functional.logsigmoid(-told.metals)
    score = missing[:, ~wanted.metals].sum(1)
    some = 1 - missing[:, wanted.metals].sum(1).exp()
    score = score + some.clamp_min(1e-9).log()
    for number in wanted.must:
        score = score + torch.nn.functional.logsigmoid(told.metals[:, number])
    likely = told.n_blocks.log_softmax(-1).masked_fill(~wanted.counts, -torch.inf)
    return score + likely.logsumexp(1)


def chosen(
    network: Network, make: Callable[[int], Tensor], count: int, tries: int, wanted: Wanted, generator: torch.Generator
) -> Tensor:
    """(count, latent): of ``tries`` latents for each, made by ``make(n)``, one at random, by how well it fits."""
    if wanted.free:
        return make(count)
    z = make(count * tries).view(count, tries, -1)
    weight = fitting(network, z.flatten(0, 1), wanted).view(count, tries).softmax(1)
    taken = torch.multinomial(weight, 1, generator=generator).squeeze(1)
    return z[torch.arange(count, device=z.device), taken]


@torch.no_grad()
def block_counts(network: Network, z: Tensor, wanted: Wanted, generator: torch.Generator) -> Tensor:
    """(B,) numbers of blocks as z tells them, of those that are possible."""
    share = network.told(z).n_blocks.masked_fill(~wanted.counts, -torch.inf).softmax(-1)
    return torch.multinomial(share, 1, generator=generator).squeeze(1) + 1
