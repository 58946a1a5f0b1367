"""The light score network of the adaptive-cell model: invariant features of edges and angles, two outputs an edge.

As published (Sultanov et al.) the score of a position is a weighted sum of the unit vectors of its edges, and that of
the cell follows from how the lengths of edges depend on the cell. In place of DimeNet++ on 80 neighbours: the nearest
24, each with a state of its own; angles enter as Legendre polynomials of all pairs of edges of a node, which are small
dense matrix products. All of it is invariant under the operations of the group, the choice of representatives and the
normaliser, so no crystal has to be shown in equivalent descriptions.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.crystal.element_properties import PROPERTIES, element_properties
from crystal_studio.crystal.multigraph import Nearest, nearest
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.symmetry_elements import GROUP_WIDTH
from crystal_studio.generators.adaptive_cell.bases import legendre, sinusoids
from crystal_studio.generators.adaptive_cell.score import N_ELEMENTS, NetworkConfig, Score, ScoreNetwork, Shown, exact

_FAR, _WIDTH = 8.0, 0.3
"""Angstrom: the last centre of the Gaussians of distances, and their spacing."""
_CLOSE, _RATIO_WIDTH = 2.6, 0.1
"""The same for distances relative to the sum of the covalent radii."""
_NEAR = 0.15
"""Angstrom of noise below which the second position output of an edge outweighs the first."""
_ORDERS = 4
_DESCRIPTORS = (
    "MendeleevNumber", "Column", "Row", "CovalentRadius", "Electronegativity", "NsValence", "NpValence", "NdValence",
    "NfValence", "GSvolume_pa",
)  # fmt: skip


@dataclass(frozen=True)
class LightConfig(NetworkConfig):
    """Sizes: ``hidden`` of nodes, ``edge`` of edges, ``angle`` channels of each Legendre polynomial; ``descriptors``:
    whether elements are told by tabulated properties too."""

    kind: str = "light"
    neighbours: int = 24
    hidden: int = 128
    edge: int = 96
    layers: int = 4
    angle: int = 12
    time_width: int = 32
    descriptors: bool = False


def descriptors() -> Tensor:
    """(94, 10) tabulated properties of each element, of zero mean and unit variance, 0 where unknown."""
    values = element_properties()[1 : N_ELEMENTS + 1, [PROPERTIES.index(name) for name in _DESCRIPTORS]]
    values = (values - np.nanmean(values, 0)) / np.nanstd(values, 0)
    return torch.as_tensor(np.nan_to_num(values)).float()


def periodic_table() -> tuple[Tensor, Tensor]:
    """(94,) period 0..6 and (94,) column 0..31 of the long table of each element."""
    period, column = np.zeros(N_ELEMENTS, np.int64), np.zeros(N_ELEMENTS, np.int64)
    ends = (0, 2, 10, 18, 36, 54, 86, 118)
    for row, (start, end) in enumerate(itertools.pairwise(ends)):
        for z in range(start + 1, min(end, N_ELEMENTS) + 1):
            after, before = z - start - 1, end - z
            first = {2: 1, 8: 2, 18: 3, 32: 32}[end - start]
            period[z - 1], column[z - 1] = row, after if after < first else 31 - before
    column[1] = 31  # helium is a noble gas
    return torch.as_tensor(period), torch.as_tensor(column)


class Layer(nn.Module):
    """Edges hear of their ends and of the angles they make, nodes of their edges."""

    def __init__(self, c: LightConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(c.hidden)
        self.from_centre = nn.Linear(c.hidden, c.edge)
        self.from_other = nn.Linear(c.hidden, c.edge, bias=False)
        self.from_edge = nn.Linear(c.edge, c.edge, bias=False)
        self.to_angle = nn.Linear(c.edge, _ORDERS * c.angle)
        self.from_angle = nn.Linear(_ORDERS * c.angle, c.edge, bias=False)
        self.to_edge = nn.Linear(c.edge, c.edge)
        self.node_in = nn.Linear(c.hidden + c.edge, c.hidden)
        self.node_out = nn.Linear(c.hidden, c.hidden)

    def forward(self, h: Tensor, e: Tensor, other: Tensor, angles: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """h (n, H), e (n, K, E), other (n, K), weight (n, K, 1), angles (n, 4, K, K) times that of the second edge."""
        n, k, _ = e.shape
        z = self.norm(h)
        turned = self.to_angle(e).view(n, k, _ORDERS, -1).transpose(1, 2)
        turned = (angles @ turned).transpose(1, 2).flatten(2)
        ends = self.from_centre(z).unsqueeze(1) + self.from_other(z).index_select(0, other.flatten()).view(n, k, -1)
        message = silu(self.from_edge(e) + self.from_angle(turned) + ends)
        gathered = (weight * message).sum(1)
        h = h + self.node_out(silu(self.node_in(torch.cat([z, gathered.to(z.dtype)], -1))))
        return h, e + self.to_edge(message)


class LightNetwork(ScoreNetwork):
    """``group_encoding`` (230, 397) is a buffer, so that weights depend on no installed library."""

    config: LightConfig
    group_encoding: Tensor
    radius: Tensor
    period: Tensor
    column: Tensor
    descriptors: Tensor
    freedom: Tensor

    def __init__(self, config: LightConfig) -> None:
        super().__init__(config)
        c = config
        table = tables()
        period, column = periodic_table()
        for name, value in (
            ("group_encoding", torch.as_tensor(table.encoding).float()),
            ("radius", torch.as_tensor(COVALENT_RADII[1 : N_ELEMENTS + 1]).float()),
            ("period", period),
            ("column", column),
            ("freedom", torch.as_tensor(table.degrees_of_freedom)),
        ):
            self.register_buffer(name, value, persistent=False)
        self.element = nn.Embedding(N_ELEMENTS, c.hidden)
        self.of_period, self.of_column = nn.Embedding(7, c.hidden), nn.Embedding(32, c.hidden)
        if c.descriptors:
            self.register_buffer("descriptors", descriptors(), persistent=False)
            self.of_descriptors = nn.Linear(len(_DESCRIPTORS), c.hidden, bias=False)
        self.of_freedom = nn.Embedding(4, c.hidden)
        self.share = nn.Linear(1, c.hidden, bias=False)
        self.group = nn.Sequential(nn.Linear(GROUP_WIDTH, 64), nn.SiLU(), nn.Linear(64, c.hidden))
        self.time = nn.Linear(2 * c.time_width + 2, c.hidden)
        self.whole = nn.Linear(c.hidden, c.hidden)
        self.mix = nn.Sequential(nn.SiLU(), nn.Linear(c.hidden, c.hidden))
        self.gaussians = int(_FAR / _WIDTH), int(_CLOSE / _RATIO_WIDTH)
        self.embed_edge = nn.Linear(sum(self.gaussians) + 3, c.edge)
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.layers))
        self.out_norm = nn.LayerNorm(c.edge)
        self.out_ends = nn.Linear(c.hidden, c.edge)
        self.out_hidden = nn.Linear(c.edge, c.edge)
        self.out = nn.Linear(c.edge, 3)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def graph(self, shown: Shown) -> Nearest:
        """The nearest images."""
        with exact(shown.x), torch.no_grad():
            return nearest(shown.orbits, shown.x, shown.lattice, self.config.neighbours)

    def forward(self, shown: Shown) -> Score:
        """See ``ScoreNetwork``."""
        near, crystal = self.graph(shown), shown.orbits.crystal
        unit = near.vector / near.length.unsqueeze(-1).clamp_min(1e-6)
        total = near.weight.sum(1, keepdim=True).clamp_min(1.0)
        share = near.weight / total.sqrt()
        with exact(unit):
            features = self._features(shown, near, unit)
            angles = torch.stack(legendre(unit @ unit.mT, _ORDERS)[1:], 1) * share.view(len(unit), 1, 1, -1)
        edge = self.embed_edge(features)
        h = self._nodes(shown)
        angles, weight = angles.to(edge.dtype), share.unsqueeze(-1).to(edge.dtype)
        for layer in self.layers:
            h, edge = layer(h, edge, near.other, angles, weight)
        out = self.out(silu(self.out_hidden(self.out_norm(edge)) + self.out_ends(h).unsqueeze(1))).float()
        pull = out[..., 0] + out[..., 1] * (_NEAR / shown.sigma)[crystal].unsqueeze(1).clamp(max=10)
        with exact(unit):
            sites = (unit * (pull * share).unsqueeze(-1)).sum(1)
            return Score(self.projected(shown, sites), self._cell(shown, unit, out[..., 2] * near.weight / total))

    def _cell(self, shown: Shown, unit: Tensor, pull: Tensor) -> Tensor:
        """(B, 6) mean over all atoms of what their edges ask for, along the change of their logarithmic lengths."""
        orbits = shown.orbits
        # sum over edges of pull r r^T, a symmetric matrix a node, then over the atoms of each crystal
        tensor = (unit * pull.unsqueeze(-1)).mT @ unit
        atoms = torch.bincount(orbits.orbit, minlength=len(orbits)).to(tensor.dtype)
        share = atoms / orbits.n_atoms[orbits.crystal]
        whole = tensor.new_zeros(len(orbits.n_atoms), 3, 3).index_add_(0, orbits.crystal, tensor * share[:, None, None])
        scale = torch.linalg.norm(shown.change, dim=(2, 3)).clamp_min(1e-6)
        return torch.einsum("bij,bmij->bm", whole, shown.change) / scale

    def _features(self, shown: Shown, near: Nearest, unit: Tensor) -> Tensor:
        crystal = shown.orbits.crystal
        radius = self.radius[shown.elements]
        ratio = near.length / (radius.unsqueeze(1) + radius[near.other])
        strained = ((unit @ shown.strain[crystal]) * unit).sum(-1)
        far, close = self.gaussians
        features = [
            torch.exp(-0.5 * (near.length.unsqueeze(-1) / _WIDTH - torch.arange(far, device=unit.device)) ** 2),
            torch.exp(-0.5 * (ratio.unsqueeze(-1) / _RATIO_WIDTH - torch.arange(close, device=unit.device)) ** 2),
            torch.stack([near.equivalent.to(unit.dtype), 5 * strained, near.weight], -1),
        ]
        return torch.cat(features, -1)

    def _nodes(self, shown: Shown) -> Tensor:
        orbits, elements = shown.orbits, shown.elements
        kind = self.element(elements) + self.of_period(self.period[elements]) + self.of_column(self.column[elements])
        kind = kind / sqrt(3)
        if self.config.descriptors:
            kind = kind + self.of_descriptors(self.descriptors[elements])
        atoms = torch.bincount(orbits.orbit, minlength=len(orbits)).to(kind.dtype)
        share = (atoms / orbits.n_atoms[orbits.crystal]).unsqueeze(1)
        mean = kind.new_zeros(len(orbits.n_atoms), kind.shape[1]).index_add_(0, orbits.crystal, kind * share)
        width = self.config.time_width
        size = torch.stack([shown.sigma.log(), orbits.n_atoms.to(kind.dtype).log()], 1)
        times = torch.cat([sinusoids(shown.t_sites, width), sinusoids(shown.t_cell, width), size], 1)
        crystal = self.whole(mean) + self.time(times) + self.group(self.group_encoding[shown.space_group - 1])
        node = kind + self.of_freedom(self.freedom[orbits.row]) + self.share(share)
        return torch.as_tensor(self.mix(node + crystal[orbits.crystal]))
