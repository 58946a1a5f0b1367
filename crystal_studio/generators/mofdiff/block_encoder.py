"""The block encoder of MOFDiff: a building block as 32 numbers that say what it is, however it is turned.

In place of GemNet-OC a network that one processor core trains in minutes. Each place (atom or connection point) hears
of those within 7 A and of those bonded to it; of neighbours by their distance, and of pairs of them by the angle, which
enters through lengths of sums of directions. All of it is the same for a block that is turned, moved, mirrored or whose
atoms are numbered otherwise: mirror images have one ECFP4 identity, and one embedding.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import pi
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from crystal_studio.generators.mofdiff.block_graphs import BlockGraphs, groups, places
from crystal_studio.mof.blocks import BlockLibrary

WIDTH = 32
"""Components of an embedding, of which the sum of squares is 1."""
N_ELEMENTS = 119
MOST_POINTS = 32
_CUTOFF = 7.0
"""Angstrom, as MOFDiff has it."""
_FAR, _STEP = 20.0, 1.0
"""Angstrom: last centre of the Gaussians of distances from the middle of the connection points, and their spacing."""


@dataclass(frozen=True)
class EncoderConfig:
    """Sizes: ``hidden`` of a place; ``radial`` and ``angular`` Gaussians of distances, each with ``channels``;
    ``projected`` of what is compared in training."""

    hidden: int = 64
    layers: int = 2
    radial: int = 10
    angular: int = 4
    channels: int = 8
    projected: int = 128

    def to_dict(self) -> dict[str, Any]:
        """For a card."""
        return asdict(self)


class Surroundings(NamedTuple):
    """What the places of B blocks see of each other.

    near : (B, R + 1, n, n) weight of each Gaussian of the distance, then of the bonds
    towards : (B, A + 1, 3 n, n) the same of fewer Gaussians and the bonds, times the direction
    """

    near: Tensor
    towards: Tensor


class Told(NamedTuple):
    """What an embedding says of a block: square roots of the counts of each element (B, 119), logits of the number of
    connection points (B, 33), log(1 + diameter / A) (B,)."""

    counts: Tensor
    points: Tensor
    diameter: Tensor


def _gaussians(distance: Tensor, count: int, low: float) -> Tensor:
    centres = torch.linspace(low, _CUTOFF, count, device=distance.device)
    width = (_CUTOFF - low) / (count - 1)
    return torch.exp(-0.5 * ((distance.unsqueeze(1) - centres.view(-1, 1, 1)) / width) ** 2)


def surroundings(graphs: BlockGraphs, radial: int, angular: int) -> Surroundings:
    """Neighbours of every place; weights fall to 0 at the cutoff."""
    apart = graphs.positions.unsqueeze(1) - graphs.positions.unsqueeze(2)  # (B, n, n, 3), from the first to the second
    distance = apart.square().sum(-1).sqrt()
    pair = graphs.there.unsqueeze(1) & graphs.there.unsqueeze(2)
    pair = pair & ~torch.eye(pair.shape[1], dtype=torch.bool, device=pair.device)
    fade = torch.where(pair & (distance < _CUTOFF), 0.5 + 0.5 * torch.cos(pi / _CUTOFF * distance), 0).unsqueeze(1)
    bonded = graphs.bonded.unsqueeze(1).to(distance.dtype)
    near = torch.cat([fade * _gaussians(distance, radial, 0.6), bonded], 1)
    weight = torch.cat([fade * _gaussians(distance, angular, 1.0), bonded], 1)
    # Softened: two places on top of each other have no direction.
    unit = (apart / (distance + 0.05).unsqueeze(-1)).movedim(-1, 1)  # (B, 3, n, n)
    towards = weight.unsqueeze(2) * unit.unsqueeze(1)
    return Surroundings(near, towards.flatten(2, 3))


def from_middle(graphs: BlockGraphs) -> Tensor:
    """(B, n) Angstrom between each place and the centroid of the connection points."""
    is_point = (graphs.there & (graphs.element == 0)).unsqueeze(-1).to(graphs.positions.dtype)
    middle = (graphs.positions * is_point).sum(1, keepdim=True) / is_point.sum(1, keepdim=True)
    return (graphs.positions - middle).square().sum(-1).sqrt()


class Layer(nn.Module):
    """Every place hears of those around it."""

    def __init__(self, c: EncoderConfig) -> None:
        super().__init__()
        self.channels = c.channels
        self.norm = nn.LayerNorm(c.hidden)
        self.to_near = nn.Linear(c.hidden, (c.radial + 1) * c.channels)
        self.to_angles = nn.Linear(c.hidden, (c.angular + 1) * c.channels)
        heard = c.hidden + (c.radial + 1 + c.angular + 1) * c.channels
        self.mix = nn.Sequential(nn.Linear(heard, c.hidden), nn.SiLU(), nn.Linear(c.hidden, c.hidden))

    def forward(self, h: Tensor, around: Surroundings) -> Tensor:
        """h (B, n, H)."""
        batch, n, _ = h.shape
        z = self.norm(h)
        near = self.to_near(z).view(batch, n, -1, self.channels).transpose(1, 2)
        near = (around.near @ near).transpose(1, 2).flatten(2)
        angles = self.to_angles(z).view(batch, n, -1, self.channels).transpose(1, 2)
        sums = (around.towards @ angles).view(batch, -1, 3, n, self.channels)
        lengths = (sums.square().sum(2) + 1e-4).sqrt().transpose(1, 2).flatten(2)
        return h + self.mix(torch.cat([z, 0.5 * near, lengths], -1))


class BlockEncoder(nn.Module):
    """Blocks to embeddings; ``told`` and ``projected`` serve training."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = c = config
        self.element = nn.Embedding(N_ELEMENTS, c.hidden)
        self.kind = nn.Embedding(2, c.hidden)
        self.middle = nn.Linear(int(_FAR / _STEP) + 1, c.hidden)
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.layers))
        self.read = nn.Sequential(nn.LayerNorm(c.hidden), nn.Linear(c.hidden, 2 * c.hidden), nn.SiLU())
        self.out = nn.Sequential(nn.Linear(6 * c.hidden, 2 * c.hidden), nn.SiLU(), nn.Linear(2 * c.hidden, WIDTH))
        self.project = nn.Sequential(nn.Linear(WIDTH, c.projected), nn.SiLU(), nn.Linear(c.projected, c.projected))
        tells = N_ELEMENTS + MOST_POINTS + 1 + 1
        self.tell = nn.Sequential(nn.Linear(WIDTH, 2 * c.hidden), nn.SiLU(), nn.Linear(2 * c.hidden, tells))

    def forward(self, graphs: BlockGraphs) -> Tensor:
        """(B, 32) embeddings of unit length."""
        around = surroundings(graphs, self.config.radial, self.config.angular)
        there = graphs.there.unsqueeze(-1).to(around.near.dtype)
        far = torch.arange(0.0, _FAR + _STEP / 2, _STEP, device=there.device)
        middle = torch.exp(-0.5 * ((from_middle(graphs).unsqueeze(-1) - far) / _STEP) ** 2)
        h = self.element(graphs.element) + self.kind(graphs.kind).unsqueeze(1) + self.middle(middle)
        for layer in self.layers:
            h = layer(h, around) * there
        read = self.read(h) * there
        total = read.sum(1)
        most = torch.where(graphs.there.unsqueeze(-1), read, -1.0).amax(1)
        pooled = torch.cat([total / there.sum(1), total / 20, most], -1)
        return normalize(self.out(pooled), dim=-1)

    def projected(self, embeddings: Tensor) -> Tensor:
        """(B, projected) unit vectors that the contrastive loss compares."""
        return normalize(self.project(embeddings), dim=-1)

    def told(self, embeddings: Tensor) -> Told:
        """What embeddings (B, 32) say of their blocks."""
        counts, points, diameter = self.tell(embeddings).split([N_ELEMENTS, MOST_POINTS + 1, 1], dim=-1)
        return Told(counts, points, diameter.squeeze(-1))


@torch.no_grad()
def embed(network: BlockEncoder, library: BlockLibrary, device: str = "cpu") -> NDArray[np.float32]:
    """(L, 32) float32 embeddings of unit length of the blocks of a library."""
    found = np.zeros((len(library), WIDTH), np.float32)
    for rows in groups(places(library)):
        found[rows] = network(BlockGraphs.of(library, rows, device)).float().cpu().numpy()
    return found
