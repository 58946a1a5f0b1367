"""The networks of MOFDiff: encoder to z, what z says of the whole framework, denoiser, and the prior of z."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot, silu

from crystal_studio.crystal.multigraph import Orbits
from crystal_studio.generators.adaptive_cell.bases import sinusoids
from crystal_studio.generators.adaptive_cell.score import exact
from crystal_studio.generators.mofdiff.frameworks import MOST_BLOCKS, Frameworks, mean_of
from crystal_studio.generators.mofdiff.labels import LABELS
from crystal_studio.generators.mofdiff.layers import NetworkConfig, Trunk, graph
from crystal_studio.generators.mofdiff.noise import alpha_bar, still
from crystal_studio.generators.mofdiff.vocabulary import N_TRAITS, Vocabulary

_NEAR = 0.3
"""Angstrom of noise below which the second position output of an edge outweighs the first."""

_RARE = -4.0
"""Logit of a metal of which nothing is known yet."""
_LATENT_BOUND = 3.0
"""Mean of a component of z, at most."""


class Shown(NamedTuple):
    """What the denoiser is shown of B frameworks with n blocks.

    features : (n, F) noised; x : (n, 3) fractional; lattice : (B, 3, 3)
    t_blocks, t_places : (B,) in [0, 1]; sigma : (B,) Angstrom of noise in positions; z : (B, latent)
    """

    orbits: Orbits
    features: Tensor
    x: Tensor
    lattice: Tensor
    t_blocks: Tensor
    t_places: Tensor
    sigma: Tensor
    z: Tensor


class Denoised(NamedTuple):
    """logits (n, L) of which block each is; places (n, 3) expected displacement to the clean position in units of
    sigma, Cartesian; strain (B, 3, 3) that is expected in the cell, in units of its noise."""

    logits: Tensor
    places: Tensor
    strain: Tensor


class Told(NamedTuple):
    """What z says: logits of the number of blocks (B, 20) and of each metal (B, 119), scaled properties (B, P)."""

    n_blocks: Tensor
    metals: Tensor
    labels: Tensor


def mlp(inside: int, hidden: int, outside: int) -> nn.Sequential:
    """Two layers."""
    return nn.Sequential(nn.Linear(inside, hidden), nn.SiLU(), nn.Linear(hidden, outside))


class Network(nn.Module):
    """All of it; no result depends on the choice of the cell's vectors (but ``cell``), on turning or shifting the
    framework, or on the order of its blocks."""

    features: Tensor
    radius: Tensor

    def __init__(self, config: NetworkConfig, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.config = c = config
        self.register_buffer("features", vocabulary.features, persistent=False)
        self.register_buffer("radius", vocabulary.radius, persistent=False)
        width = vocabulary.width
        self.encoder_in = nn.Linear(width, c.hidden)
        self.encoder = Trunk(c, c.encoder_layers)
        self.to_latent = mlp(2 * c.hidden + MOST_BLOCKS, c.hidden, 2 * c.latent)
        self.count_of = mlp(c.latent, c.hidden, MOST_BLOCKS)
        self.metals_of = mlp(c.latent, c.hidden, 119)
        self.labels_of = mlp(c.latent, c.hidden, len(LABELS))
        self.cell_of = mlp(c.latent + MOST_BLOCKS, 2 * c.hidden, 6)
        self.node_in = nn.Linear(width, c.hidden)
        self.whole_in = nn.Linear(width, c.hidden)
        self.condition = mlp(c.latent + 2 * c.time_width + 1 + MOST_BLOCKS, 2 * c.hidden, c.hidden)
        self.mix = nn.Sequential(nn.SiLU(), nn.Linear(c.hidden, c.hidden))
        self.denoiser = Trunk(c, c.layers)
        self.out_norm = nn.LayerNorm(c.edge)
        self.out_ends = nn.Linear(c.hidden, c.edge)
        self.out_hidden = nn.Linear(c.edge, c.edge)
        self.out = nn.Linear(c.edge, 3)
        self.key_of = mlp(width, c.hidden, c.hidden)
        self.query_norm = nn.LayerNorm(c.hidden)
        self.query = mlp(c.hidden, c.hidden, c.hidden)
        self.bias_of = nn.Linear(width, 1)
        self.prior_in = nn.Linear(c.latent + c.time_width + 2 * len(LABELS), c.prior_hidden)
        self.prior_layers = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(c.prior_hidden), mlp(c.prior_hidden, c.prior_hidden, c.prior_hidden))
            for _ in range(3)
        )
        self.prior_out = nn.Linear(c.prior_hidden, c.latent)
        bias = self.metals_of[-1].bias
        assert isinstance(bias, Tensor)
        nn.init.constant_(bias, _RARE)
        for last in (self.out, self.prior_out):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def encode(self, given: Frameworks) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance (B, latent) of z."""
        near = graph(given.orbits, given.x, given.lattice, self.radius[given.block], self.config.neighbours)
        h, _ = self.encoder(self.encoder_in(self.features[given.block]), near)
        crystal, count = given.crystal, given.n_blocks
        mean = mean_of(h, crystal, count)
        spread = mean_of((h - mean[crystal]) ** 2, crystal, count).clamp_min(1e-6).sqrt()
        mu, log_variance = self.to_latent(torch.cat([mean, spread, blocks_one_hot(count)], 1)).float().chunk(2, 1)
        return _LATENT_BOUND * (mu / _LATENT_BOUND).tanh(), log_variance.clamp(-10, 4)

    def told(self, z: Tensor) -> Told:
        """What z (B, latent) says of the whole framework."""
        return Told(self.count_of(z).float(), self.metals_of(z).float(), self.labels_of(z).float())

    def cell(self, z: Tensor, n_blocks: Tensor) -> Tensor:
        """(B, 6) scaled components of the logarithm of the Niggli cell, for a number of blocks (B,)."""
        return torch.as_tensor(self.cell_of(torch.cat([z, blocks_one_hot(n_blocks)], 1)).float())

    def thought_radius(self, features: Tensor, signal: Tensor) -> Tensor:
        """(n,) Angstrom: the radius that noised features (n, F) tell, as far as their signal (n,) goes."""
        column = self.features.shape[1] - N_TRAITS + 2
        told = self.features[:, column]
        root = self.radius.sqrt()
        slope = (root.max() - root.min()) / (told.max() - told.min())
        seen = (signal.sqrt() * features[:, column]).clamp(told.min(), told.max())  # its expectation for a normal prior
        return ((seen - told.min()) * slope + root.min()).square()

    def forward(self, shown: Shown) -> Denoised:
        """One denoising; matrix products may be of 16 bits, geometry is not."""
        orbits, c = shown.orbits, self.config
        crystal, count = orbits.crystal, orbits.n_atoms
        with exact(shown.x), torch.no_grad():
            radius = self.thought_radius(shown.features, alpha_bar(shown.t_blocks)[crystal])
        near = graph(orbits, shown.x, shown.lattice, radius, c.neighbours)
        times = [sinusoids(t, c.time_width) for t in (shown.t_blocks, shown.t_places)]
        told = torch.cat([shown.z, *times, shown.sigma.log().unsqueeze(1), blocks_one_hot(count)], 1)
        whole = self.condition(told) + self.whole_in(mean_of(shown.features, crystal, count))
        h = self.mix(self.node_in(shown.features) + whole[crystal])
        h, edge = self.denoiser(h, near)
        out = self.out(silu(self.out_hidden(self.out_norm(edge)) + self.out_ends(h).unsqueeze(1))).float()
        query = self.query(self.query_norm(h))
        logits = (query @ self.key_of(self.features).mT).float() / c.hidden**0.5 + self.bias_of(
            self.features
        ).mT.float()
        with exact(shown.x):
            closer = (_NEAR / shown.sigma)[crystal].unsqueeze(1).clamp(max=5)
            pull = (out[..., 0] + out[..., 1] * closer) * near.share
            places = still(crystal, count, (near.unit * pull.unsqueeze(-1)).sum(1))
            tensor = (near.unit * (out[..., 2] * near.share).unsqueeze(-1)).mT @ near.unit
            return Denoised(logits, places, mean_of(tensor, crystal, count))

    def prior(self, z: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        """The velocity sqrt(a) noise - sqrt(1 - a) clean of noised z (B, latent) at times (B,), told labels (B, P)."""
        there = labels.isfinite()
        inside = torch.cat([z, sinusoids(t, self.config.time_width), labels.nan_to_num(0.0), there.to(z.dtype)], 1)
        h = self.prior_in(inside)
        for layer in self.prior_layers:
            h = h + layer(h)
        return torch.as_tensor(self.prior_out(h).float())


def blocks_one_hot(n_blocks: Tensor) -> Tensor:
    """(B, 20) of numbers of blocks."""
    return one_hot(n_blocks - 1, MOST_BLOCKS).float()
