"""Frameworks that resemble others: noised a little and denoised again, or with a block exchanged for one alike."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from crystal_studio.diffusion.random import normal
from crystal_studio.generators.mofdiff import noise
from crystal_studio.generators.mofdiff.frameworks import Frameworks, orbits_of, reduced
from crystal_studio.generators.mofdiff.labels import NAMES
from crystal_studio.generators.mofdiff.network import Network
from crystal_studio.generators.mofdiff.sampler import Choice, Denoising, Drawn, SamplerConfig, coarse, named
from crystal_studio.generators.mofdiff.vocabulary import Vocabulary
from crystal_studio.mof.alike import alike
from crystal_studio.mof.blocks import LINKER
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.contacts import shipped_contacts
from crystal_studio.mof.library import shipped_blocks

NOISES = ((0.5, 0.3), (0.65, 0.4))
"""Times of blocks and of places from which a framework is denoised again: neighbours stay, by and large."""
SETTLED_FROM = 0.3
"""Time from which places are found again where a block was exchanged."""


@torch.no_grad()
def noised_again(
    network: Network,
    vocabulary: Vocabulary,
    mofs: CoarseMofs,
    choice: Choice,
    config: SamplerConfig,
    generator: torch.Generator,
    times: tuple[float, float],
    step: Callable[[], None],
) -> Drawn:
    """One framework near each of ``mofs`` (partial noising, Meng et al., ICLR 2022), from such ``times`` on."""
    d, given = _started(network, mofs, choice, config, generator)
    blocks_at, places_at = times
    a = noise.alpha_bar(torch.tensor(blocks_at, device=d.x.device))
    d.features = a.sqrt() * d.features + (1 - a).sqrt() * normal(d.features, generator)
    start = torch.tensor(places_at, device=d.x.device)
    d.lattice = noise.strained(d.lattice, noise.strain_size(start) * noise.symmetric(d.lattice, generator))
    d.shake(start)
    steps = max(2, round(config.steps * (blocks_at - config.named_at) / (1 - config.named_at)))
    out = None
    for t, s in itertools.pairwise(torch.linspace(blocks_at, config.named_at, steps + 1, device=d.x.device)):
        step()
        now, then = t.clamp(max=places_at), s.clamp(max=places_at)
        out = d.look(t, now)
        if then < now:
            d.move(out, now, then, config.noise)
        d.name(out, t, s, config.noise)
    assert out is not None
    block, even, at_once = named(out.logits, given.orbits, vocabulary, choice, config.price)
    d.features = network.features[block]
    d.settle(places_at, _settling(config, places_at), config.noise, step)
    return Drawn(coarse(d.lattice, mofs.n_blocks, block, d.x), even, at_once)


@torch.no_grad()
def settled(
    network: Network,
    mofs: CoarseMofs,
    choice: Choice,
    config: SamplerConfig,
    generator: torch.Generator,
    step: Callable[[], None],
) -> Drawn:
    """The same blocks, whose places and cell are found again."""
    d, given = _started(network, mofs, choice, config, generator)
    d.settle(SETTLED_FROM, _settling(config, SETTLED_FROM), config.noise, step)
    every = np.ones(len(mofs), bool)
    return Drawn(coarse(d.lattice, mofs.n_blocks, given.block, d.x), every, every)


def exchanged(mofs: CoarseMofs, choice: Choice, rng: np.random.Generator) -> tuple[CoarseMofs, NDArray[np.bool_]]:
    """The same frameworks, in each all blocks of one entry exchanged for another that may take its place, and which
    of them (B,) are so; those are left where no entry can be exchanged or what is wished for would be lost."""
    block, done = mofs.block.copy(), np.zeros(len(mofs), bool)
    allowed = choice.allowed.cpu().numpy()
    for i in range(len(mofs)):
        rows = mofs.blocks(i)
        own = mofs.block[rows]
        for entry in rng.permutation(np.unique(own)):
            others = _others()[entry]
            others = others[allowed[others]]
            if not len(others):
                continue
            made = np.where(own == entry, rng.choice(others), own)
            if np.bitwise_or.reduce(choice.holds[made]) & choice.wished == choice.wished:
                block[rows], done[i] = made, True
                break
    return replace(mofs, block=block), done


@cache
def _others() -> list[NDArray[np.int64]]:
    """For each block those that lie alike, without itself; of linkers those alone that meet nodes in the same way."""
    library, contacts = shipped_blocks(), shipped_contacts()
    found = []
    for entry, others in enumerate(alike(library)):
        others = others[others != entry]
        if library.kind[entry] == LINKER:
            others = others[(contacts[others] == contacts[entry]).all(1)]
        found.append(others)
    return found


def _settling(config: SamplerConfig, start: float) -> int:
    return max(2, round(config.settling * start / config.settled_from))


def _started(
    network: Network, mofs: CoarseMofs, choice: Choice, config: SamplerConfig, generator: torch.Generator
) -> tuple[Denoising, Frameworks]:
    """Frameworks as they are, in reduced cells, with z as the encoder sees it."""
    device = generator.device
    own = reduced(mofs)

    def real(values: NDArray) -> torch.Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=device)

    block = torch.as_tensor(own.block, device=device).long()
    labels = torch.full((len(own), len(NAMES)), torch.nan, device=device)
    given = Frameworks(orbits_of(own.n_blocks, str(device)), block, real(own.positions), real(own.lattice), labels)
    mean, log_variance = network.encode(given)
    z = mean + (0.5 * log_variance).exp() * normal(mean, generator)
    d = Denoising(
        network,
        given.orbits,
        z,
        choice.allowed,
        generator,
        network.features[block],
        given.x,
        given.lattice,
        config.straining,
        config.alike,
    )
    return d, given
