"""The published score network (Sultanov et al.): DimeNet++ whose edges, not nodes, say two numbers each.

Messages live on the edges of the symmetric multigraph: the 80 nearest images of each atom and the edges that run back.
Each hears, at its far end, of the edges that leave there, by distance (spherical Bessel functions) and angle (Legendre
polynomials): a sum over pairs of edges of a node, which is the line graph of the published code as a dense matrix
product, since the function of distance and angle is a sum of products of both. Sizes are the published ones (the
smaller where two are published). Where the processes differ from the published ones (docs/adaptive_cell.md), so does
what it is told: two times, the noise of the sites, and the strain of the cell along each edge.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import pi, sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from crystal_studio.crystal.symmetrised import Symmetrised, symmetrised
from crystal_studio.generators.adaptive_cell.bases import (
    envelope,
    legendre,
    looked_up,
    radial,
    sinusoids,
    spherical_table,
)
from crystal_studio.generators.adaptive_cell.score import N_ELEMENTS, NetworkConfig, Score, ScoreNetwork, Shown, exact

_MOST, _SPACING = 30.0, 0.005
"""Angstrom: the longest edge that the table of spherical Bessel functions reaches, and its spacing."""
_STRONGEST = 15.0
"""The pull of one edge is bounded by this."""
_REGULAR = 1e-3
"""Keeps edges from weighing infinitely whose length hardly depends on the cell."""


@dataclass(frozen=True)
class DimeNetConfig(NetworkConfig):
    """Sizes: ``hidden`` of messages, ``out`` of the outputs' dense layers, ``inner`` and ``basis`` of what passes from
    edge to edge, ``orders`` + 1 spherical and ``radial`` radial functions that vanish at ``cutoff`` Angstrom."""

    kind: str = "dimenet"
    neighbours: int = 80
    hidden: int = 64
    layers: int = 4
    out: int = 64
    inner: int = 32
    basis: int = 8
    orders: int = 6
    radial: int = 10
    cutoff: float = 6.0
    time_width: int = 20


def spherical_harmonics(unit: Tensor, orders: int) -> Tensor:
    """(n, M, L * M) of the angles between pairs of edges (n, M, 3) of a node, 0 for an edge and itself."""
    n, k, _ = unit.shape
    polynomials = legendre((unit @ unit.mT).clamp(-1, 1), orders)
    normed = torch.stack([sqrt((2 * order + 1) / (4 * pi)) * p for order, p in enumerate(polynomials)], 2)
    others = 1 - torch.eye(k, dtype=unit.dtype, device=unit.device)
    return (normed * others.unsqueeze(1)).view(n, k, -1)


def met_at_the_far_end(messages: Tensor, angles: Tensor, reverse: Tensor) -> Tensor:
    """(n, M, C) sum over all edges of the far end's representative but the one that runs back: messages (n, L, M, C),
    one for each order of the angle, times angles (n, M, L * M) between the edge that runs back and those."""
    met = angles @ messages.flatten(1, 2)
    return met.flatten(0, 1).index_select(0, reverse.flatten()).view(*reverse.shape, -1)


class Residual(nn.Module):
    """Two dense layers beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) to the same."""
        return x + silu(self.second(silu(self.first(x))))


class Interaction(nn.Module):
    """Messages hear of those that meet them."""

    def __init__(self, c: DimeNetConfig) -> None:
        super().__init__()
        self.own, self.met = nn.Linear(c.hidden, c.hidden), nn.Linear(c.hidden, c.hidden)
        self.of_length = nn.Sequential(
            nn.Linear(c.radial, c.basis, bias=False), nn.Linear(c.basis, c.hidden, bias=False)
        )
        self.of_angle = nn.Linear((c.orders + 1) * c.radial, c.basis, bias=False)
        self.of_basis = nn.Linear(c.basis, c.inner, bias=False)
        self.down, self.up = nn.Linear(c.hidden, c.inner, bias=False), nn.Linear(c.inner, c.hidden, bias=False)
        self.before = Residual(c.hidden)
        self.between = nn.Linear(c.hidden, c.hidden)
        self.after = nn.Sequential(Residual(c.hidden), Residual(c.hidden))

    def forward(self, m: Tensor, rbf: Tensor, sbf: Tensor, angles: Tensor, reverse: Tensor) -> Tensor:
        """m (n, M, H), rbf (n, M, R), sbf (n, M, L, R), angles (n, M, L * M) with those of the second edges innermost,
        reverse (n, M)."""
        orders = sbf.shape[2]
        met = silu(self.down(silu(self.met(m)) * self.of_length(rbf)))
        # Both layers are linear without bias: one matrix for each order, applied to functions of the length alone.
        matrix = (self.of_basis.weight @ self.of_angle.weight).view(-1, orders, sbf.shape[-1])
        filters = torch.einsum("nklr,clr->nlkc", sbf, matrix.to(sbf.dtype))
        heard = met_at_the_far_end(filters * met.unsqueeze(1), angles, reverse)
        h = self.before(silu(self.own(m)) + silu(self.up(heard)))
        return torch.as_tensor(self.after(silu(self.between(h)) + m))


class Output(nn.Module):
    """Two numbers an edge."""

    def __init__(self, c: DimeNetConfig) -> None:
        super().__init__()
        self.of_length = nn.Linear(c.radial, c.hidden, bias=False)
        self.norm = nn.LayerNorm(c.hidden)
        widths = (c.hidden, c.out, c.out, c.out)
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(widths))
        self.last = nn.Linear(c.out, 2, bias=False)
        nn.init.zeros_(self.last.weight)

    def forward(self, m: Tensor, rbf: Tensor) -> Tensor:
        """(n, M, 2)."""
        x = self.norm(self.of_length(rbf) * m)
        for layer in self.dense:
            x = silu(layer(x))
        return torch.as_tensor(self.last(x))


class DimeNet(ScoreNetwork):
    """See the head of this file."""

    config: DimeNetConfig
    table: Tensor

    def __init__(self, config: DimeNetConfig) -> None:
        super().__init__(config)
        c = config
        table = spherical_table(c.orders, c.radial, _MOST / c.cutoff, _SPACING / c.cutoff)
        self.register_buffer("table", torch.as_tensor(table), persistent=False)
        self.element = nn.Embedding(N_ELEMENTS, c.hidden)
        self.of_equivalence = nn.Embedding(2, c.hidden)
        self.of_length = nn.Linear(c.radial + 1, c.hidden)
        self.of_time = nn.Linear(2 * c.time_width + 1, c.hidden)
        self.embed = nn.Linear(5 * c.hidden, c.hidden)
        self.interactions = nn.ModuleList(Interaction(c) for _ in range(c.layers))
        self.outputs = nn.ModuleList(Output(c) for _ in range(c.layers + 1))

    def graph(self, shown: Shown) -> Symmetrised:
        """The nearest images and the edges that run back."""
        with exact(shown.x), torch.no_grad():
            return symmetrised(shown.orbits, shown.x, shown.lattice, self.config.neighbours)

    def forward(self, shown: Shown) -> Score:
        """See ``ScoreNetwork``."""
        c, near, crystal = self.config, self.graph(shown), shown.orbits.crystal
        n, k = near.length.shape
        unit = near.vector / near.length.unsqueeze(-1).clamp_min(1e-6)
        weight = envelope(near.share)
        with exact(unit):
            rbf = weight.unsqueeze(-1) * radial(near.length, c.radial, c.cutoff)
            sbf = weight.unsqueeze(-1) * looked_up(self.table, near.length / _SPACING)
            angles = spherical_harmonics(unit, c.orders)
            strained = ((unit @ shown.strain[crystal]) * unit).sum(-1, keepdim=True)
            outer = (unit.unsqueeze(-1) * unit.unsqueeze(-2)).flatten(2)
            change = near.length.unsqueeze(-1) * (outer @ shown.change[crystal].flatten(2).mT)
        m = self._embedded(shown, near, torch.cat([rbf, 5 * strained * weight.unsqueeze(-1)], -1))
        rbf, sbf, angles = rbf.to(m.dtype), sbf.to(m.dtype).view(n, k, c.orders + 1, c.radial), angles.to(m.dtype)
        out = self.outputs[0](m, rbf).float()
        for interaction, output in zip(self.interactions, self.outputs[1:], strict=True):
            m = interaction(m, rbf, sbf, angles, near.reverse)
            out = out + output(m, rbf).float()
        with exact(unit):
            pull = _STRONGEST * torch.tanh(out[..., 0] / _STRONGEST) * weight
            sites = (unit * pull.unsqueeze(-1)).sum(1)
            asked = change / (_REGULAR + (change * change).sum(-1, keepdim=True))
            total = asked.new_zeros(len(shown.t_cell)).index_add_(0, crystal, weight.sum(1))
            cell = (asked * (out[..., 1] * weight).unsqueeze(-1)).sum(1)
            cell = cell.new_zeros(len(total), 6).index_add_(0, crystal, cell)
            return Score(self.projected(shown, sites), cell / total.clamp_min(1e-6).unsqueeze(1))

    def _embedded(self, shown: Shown, near: Symmetrised, of_length: Tensor) -> Tensor:
        """(n, M, H) the first messages: both ends, distance, times, and whether both ends are equivalent."""
        width, shape = self.config.time_width, (*near.length.shape, -1)
        times = [sinusoids(shown.t_sites, width), sinusoids(shown.t_cell, width), shown.sigma.log().unsqueeze(1)]
        time = self.of_time(torch.cat(times, 1))[shown.orbits.crystal]
        ends = self.element(shown.elements)
        parts = (
            ends.unsqueeze(1).expand(shape),
            ends[near.other],
            silu(self.of_length(of_length)),
            time.unsqueeze(1).expand(shape),
            self.of_equivalence(near.equivalent.long()),
        )
        return silu(self.embed(torch.cat([p.float() for p in parts], -1)))
