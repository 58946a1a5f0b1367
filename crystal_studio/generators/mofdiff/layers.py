"""A periodic graph of blocks: edges to the nearest images, and layers of messages along them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from crystal_studio.crystal.multigraph import Orbits, nearest
from crystal_studio.generators.adaptive_cell.bases import legendre
from crystal_studio.generators.adaptive_cell.light import Layer, LightConfig
from crystal_studio.generators.adaptive_cell.score import exact

_FAR, _WIDTH = 18.0, 0.5
"""Angstrom: the last centre of the Gaussians of distances, and their spacing."""
_GAP, _GAP_WIDTH = (-4.0, 6.0), 0.4
"""The same for distances beyond the sum of both blocks' radii, 0 where two blocks can just meet."""
_ORDERS = 4


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes: ``hidden`` of nodes, ``edge`` of edges, ``angle`` channels of each Legendre polynomial, ``latent`` of z;
    ``layers`` of the denoiser, ``encoder_layers`` of the encoder; ``neighbours``: nearest images that a block sees."""

    hidden: int = 128
    edge: int = 96
    layers: int = 4
    encoder_layers: int = 2
    angle: int = 12
    neighbours: int = 16
    latent: int = 32
    prior_hidden: int = 256
    time_width: int = 32

    def to_dict(self) -> dict[str, Any]:
        """For a card."""
        return asdict(self)


class Graph(NamedTuple):
    """K nearest images of each of n blocks.

    other : (n, K) int64; unit : (n, K, 3) directions; weight, share : (n, K), the second with a sum of squares of
    about 1; features : (n, K, F); angles : (n, 4, K, K) times the share of the second edge
    """

    other: Tensor
    unit: Tensor
    weight: Tensor
    share: Tensor
    features: Tensor
    angles: Tensor


def _steps(low: float, high: float, width: float) -> Tensor:
    return torch.arange(low, high + width / 2, width)


N_EDGE = len(_steps(0, _FAR, _WIDTH)) + len(_steps(*_GAP, _GAP_WIDTH)) + 3


@torch.no_grad()
def graph(orbits: Orbits, x: Tensor, lattice: Tensor, radius: Tensor, neighbours: int) -> Graph:
    """Edges of blocks at x (n, 3) fractional in cells (B, 3, 3), which are thought to have radii (n,) in Angstrom."""
    with exact(x):
        near = nearest(orbits, x, lattice, neighbours)
        unit = near.vector / near.length.unsqueeze(-1).clamp_min(1e-6)
        share = near.weight / near.weight.sum(1, keepdim=True).clamp_min(1.0).sqrt()
        angles = torch.stack(legendre(unit @ unit.mT, _ORDERS)[1:], 1) * share.view(len(unit), 1, 1, -1)
        gap = near.length - radius.unsqueeze(1) - radius[near.other]

        def gaussians(values: Tensor, low: float, high: float, width: float) -> Tensor:
            return torch.exp(-0.5 * ((values.unsqueeze(-1) - _steps(low, high, width).to(x.device)) / width) ** 2)

        far = near.length.clamp_min(0.1).log() - 2
        features = torch.cat(
            [
                gaussians(near.length, 0.0, _FAR, _WIDTH),
                gaussians(gap, *_GAP, _GAP_WIDTH),
                torch.stack([near.equivalent.to(unit.dtype), near.weight, far], -1),
            ],
            -1,
        )
    return Graph(near.other, unit, near.weight, share, features, angles)


class Trunk(nn.Module):
    """Layers of edges and nodes."""

    def __init__(self, config: NetworkConfig, layers: int) -> None:
        super().__init__()
        self.embed_edge = nn.Linear(N_EDGE, config.edge)
        sizes = LightConfig(hidden=config.hidden, edge=config.edge, angle=config.angle)
        self.layers = nn.ModuleList(Layer(sizes) for _ in range(layers))

    def forward(self, h: Tensor, near: Graph) -> tuple[Tensor, Tensor]:
        """h (n, H) and the graph to nodes (n, H) and edges (n, K, E)."""
        edge = self.embed_edge(near.features)
        angles, weight = near.angles.to(edge.dtype), near.share.unsqueeze(-1).to(edge.dtype)
        for layer in self.layers:
            h, edge = layer(h, edge, near.other, angles, weight)
        return h, edge
