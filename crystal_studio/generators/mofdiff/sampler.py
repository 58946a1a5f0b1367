"""From noise to coarse-grained frameworks: blocks, places and cell are denoised together, then blocks are named and
their places found again."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.candidates.ragged import offsets_of
from crystal_studio.crystal.multigraph import Orbits
from crystal_studio.diffusion.random import normal
from crystal_studio.generators.mofdiff import noise
from crystal_studio.generators.mofdiff.balance import balanced, matching
from crystal_studio.generators.mofdiff.frameworks import cell_of_log, orbits_of
from crystal_studio.generators.mofdiff.network import Denoised, Network, Shown
from crystal_studio.generators.mofdiff.vocabulary import Vocabulary
from crystal_studio.generators.protocol import Cancelled, CancelToken
from crystal_studio.mof.coarse import CoarseMofs

_WIDEST = 3.0
"""Spreads of the data within which components of the first cell stay."""
_ROUNDS = 2
_ONE_COPY = 0.02
"""Expected copies of a block that double the odds of another."""


@dataclass(frozen=True)
class SamplerConfig:
    """steps : levels of noise from 1 to ``named_at``, one network call each
    named_at : time at which blocks are named
    noise : share of the ancestral noise, 0 for the probability flow
    settling : further levels, from time ``settled_from`` to 0, for the places of blocks that are known then
    straining : share of the strain that is expected in the cell that is taken out of it
    alike : strength of the expectation that a framework repeats its blocks, 0 for none
    price : of a kind of block, in logarithms of likelihood, where blocks are named together
    """

    steps: int = 40
    named_at: float = 0.3
    noise: float = 1.0
    settling: int = 40
    settled_from: float = 0.75
    straining: float = 1.0
    alike: float = 1.0
    price: float = 3.0


@dataclass(frozen=True)
class Choice:
    """What blocks may be.

    allowed : (L,) bool; holds : (L,) bits of elements that each holds; must : bits that have to be held
    wished : bits that are to be held where contacts match
    contacts : (L, D) that are to match, None to let connection points alone count
    """

    allowed: Tensor
    holds: NDArray[np.int64]
    must: int = 0
    wished: int = 0
    contacts: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Drawn:
    """B coarse-grained frameworks, not turned yet.

    mofs : blocks, places and cells; those that cannot be balanced hold the likeliest blocks
    balanced : (B,) bool; at_once : (B,) bool, whether the likeliest blocks balanced by themselves
    """

    mofs: CoarseMofs
    balanced: NDArray[np.bool_]
    at_once: NDArray[np.bool_]


@dataclass
class Denoising:
    """n blocks of B frameworks on their way from noise."""

    network: Network
    orbits: Orbits
    z: Tensor
    allowed: Tensor
    generator: torch.Generator
    features: Tensor
    x: Tensor
    lattice: Tensor
    straining: float
    alike: float = 0.0

    def look(self, t_blocks: Tensor, t: Tensor) -> Denoised:
        """What the network says at times of blocks and places."""
        size = len(self.lattice)
        at = t.expand(size)
        sigma = noise.sigma(at, self.lattice)
        out: Denoised = self.network(
            Shown(self.orbits, self.features, self.x, self.lattice, t_blocks.expand(size), at, sigma, self.z)
        )
        logits = out.logits.masked_fill(~self.allowed, -torch.inf)
        return out._replace(logits=repeated(logits, self.orbits, self.alike))

    def move(self, out: Denoised, t: Tensor, s: Tensor, share: float) -> None:
        """Places and cells from time t to s."""
        crystal = self.orbits.crystal
        at_t, at_s = t.expand(len(self.lattice)), s.expand(len(self.lattice))
        now, then = noise.sigma(at_t, self.lattice)[crystal, None], noise.sigma(at_s, self.lattice)[crystal, None]
        last = bool(s == 0)
        then = torch.zeros_like(then) if last else then
        spread = share * then * (1 - (then / now) ** 2).clamp_min(0).sqrt()
        kept = (then**2 - spread**2).clamp_min(0).sqrt() / now
        moves = (1 - kept) * now * out.places
        moves = moves + noise.still(crystal, self.orbits.n_atoms, normal(moves, self.generator)) * spread
        away = torch.linalg.solve(self.lattice[crystal], moves.unsqueeze(1), left=False).squeeze(1)
        self.x = self.x + away - (self.x + away).floor()
        less = noise.strain_size(t) - (0.0 if last else noise.strain_size(s))
        self.lattice = noise.strained(self.lattice, -self.straining * less * out.strain)

    def shake(self, t: Tensor) -> None:
        """Clean places as they are at time t."""
        crystal = self.orbits.crystal
        size = noise.sigma(t.expand(len(self.lattice)), self.lattice)[crystal, None]
        random = noise.still(crystal, self.orbits.n_atoms, normal(self.x, self.generator)) * size
        self.x = self.x + torch.linalg.solve(self.lattice[crystal], random.unsqueeze(1), left=False).squeeze(1)
        self.x = self.x - self.x.floor()

    def settle(self, start: float, steps: int, share: float, step: Callable[[], None]) -> None:
        """Places of blocks that are known, found again from time ``start``; ``step`` is called before each step."""
        if not steps:
            return
        times = torch.linspace(start, 0, steps + 1, device=self.x.device)
        known = torch.zeros((), device=self.x.device)
        self.shake(times[0])
        for t, s in itertools.pairwise(times):
            step()
            self.move(self.look(known, t), t, s, share)

    def name(self, out: Denoised, t: Tensor, s: Tensor, share: float) -> None:
        """Features from time t to s, towards what the likely blocks have on average."""
        clean = out.logits.softmax(-1) @ self.network.features
        a_t, a_s = noise.alpha_bar(t), noise.alpha_bar(s)
        spread = share * ((1 - a_s) / (1 - a_t) * (1 - a_t / a_s)).clamp_min(0).sqrt()
        rest = (1 - a_s - spread**2).clamp_min(0).sqrt() / (1 - a_t).sqrt()
        kept = self.features - a_t.sqrt() * clean
        self.features = a_s.sqrt() * clean + rest * kept + spread * normal(clean, self.generator)


@torch.no_grad()
def sample(
    network: Network,
    vocabulary: Vocabulary,
    scale: tuple[Tensor, Tensor],
    z: Tensor,
    n_blocks: Tensor,
    choice: Choice,
    config: SamplerConfig,
    generator: torch.Generator,
    step: Callable[[], None] = lambda: None,
) -> Drawn:
    """One framework for each z (B, latent) with so many blocks (B,); ``scale``: mean and spread (6,) of log cells.

    ``step`` is called before every step.
    """
    device = z.device
    orbits = orbits_of(n_blocks.cpu().numpy(), str(device))
    lattice = cell_of_log(network.cell(z, n_blocks).clamp(-_WIDEST, _WIDEST) * scale[1] + scale[0])
    features = torch.randn(len(orbits), vocabulary.width, generator=generator, device=device)
    x = torch.rand(len(orbits), 3, generator=generator, device=device)
    d = Denoising(network, orbits, z, choice.allowed, generator, features, x, lattice, config.straining, config.alike)
    times = torch.linspace(1, config.named_at, config.steps + 1, device=device)

    out = None
    for t, s in itertools.pairwise(times):
        step()
        out = d.look(t, t)
        d.move(out, t, s, config.noise)
        d.name(out, t, s, config.noise)
    assert out is not None
    block, even, at_once = named(out.logits, orbits, vocabulary, choice, config.price)
    d.features = network.features[block]
    d.settle(config.settled_from, config.settling, config.noise, step)
    return Drawn(coarse(d.lattice, n_blocks.cpu().numpy(), block, d.x), even, at_once)


def stepping(cancel: CancelToken | None, tick: Callable[[], None]) -> Callable[[], None]:
    """What is called before every step: raises ``Cancelled`` where that is wished, else counts."""

    def step() -> None:
        if cancel is not None and cancel.is_set():
            raise Cancelled
        tick()

    return step


def repeated(logits: Tensor, orbits: Orbits, strength: float) -> Tensor:
    """Logits (n, L) that expect blocks which other places of their framework are likely to hold as well: two rounds
    of a mean field, in which one certain copy makes another 1 + 1 / 0.02 times as likely at strength 1."""
    if not strength:
        return logits
    own = logits.softmax(-1)
    found = logits
    for _ in range(_ROUNDS):
        copies = own.new_zeros(len(orbits.n_atoms), own.shape[1]).index_add_(0, orbits.crystal, own)
        found = logits + strength * ((copies[orbits.crystal] - own).clamp_min(0) / _ONE_COPY).log1p()
        own = found.softmax(-1)
    return found


def named(
    logits: Tensor, orbits: Orbits, vocabulary: Vocabulary, choice: Choice, price: float
) -> tuple[Tensor, NDArray[np.bool_], NDArray[np.bool_]]:
    """Rows of the vocabulary (n,) that are likeliest together, whether they balance (B,), and whether each block's
    likeliest did so by itself (B,)."""
    log_likelihood = logits.log_softmax(-1).double().cpu().numpy()
    points = vocabulary.points.cpu().numpy()
    found = log_likelihood.argmax(1)
    ends = np.concatenate([[0], orbits.n_atoms.cumsum(0).cpu().numpy()])
    even, at_once = np.zeros((2, len(ends) - 1), bool)
    for i, (start, end) in enumerate(itertools.pairwise(ends.tolist())):
        own = found[start:end]
        at_once[i] = points[own].sum() == 0
        likely = log_likelihood[start:end]
        best = None
        if choice.contacts is not None:
            best = matching(likely, choice.contacts, choice.holds, choice.wished, price)
        if best is None:
            best = balanced(likely, points, choice.holds, choice.must)
        if best is not None:
            found[start:end], even[i] = best, True
    return torch.as_tensor(found, device=logits.device), even, at_once


def coarse(lattice: Tensor, n_blocks: NDArray[np.int64], block: Tensor, x: Tensor) -> CoarseMofs:
    """Frameworks of cells (B, 3, 3), numbers of blocks (B,), blocks (n,) and places (n, 3), not turned nor joined."""
    size, total = len(lattice), len(block)
    whole = x.double().cpu().numpy()
    return CoarseMofs(
        lattice.double().cpu().numpy(),
        offsets_of(n_blocks),
        block.cpu().numpy().astype(np.int32),
        whole - np.floor(whole),
        np.tile(np.eye(3), (total, 1, 1)),
        np.zeros(total, np.float32),
        np.zeros(size + 1, np.int64),
        np.zeros((0, 2, 2), np.int32),
        np.zeros((0, 3), np.int16),
        np.full(size, "", object),
        np.zeros(size, np.int8),
    )
