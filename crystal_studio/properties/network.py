"""One member of the ensemble: a continuous-filter network on orbit graphs."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crystal_studio.properties.graph import GLOBALS, RADIAL, OrbitGraphs

HEADS = (2, 2, 3)
"""Numbers by property: formation energy and e_above_hull, each mean and log of the scale; band gap, logit of a metal,
then mean and log of the scale of the rest."""
OUTPUTS = sum(HEADS)


@dataclass(frozen=True)
class Size:
    """hidden : width; layers : rounds of messages; embedding : learned numbers an element."""

    hidden: int = 64
    layers: int = 2
    embedding: int = 24

    def to_dict(self) -> dict[str, int]:
        """As stored in the card."""
        return asdict(self)


@dataclass(frozen=True)
class Tensors:
    """``OrbitGraphs`` as torch sees them; ``crystal`` (S,) and ``count`` replace the offsets."""

    count: int
    crystal: Tensor
    numbers: Tensor
    weight: Tensor
    receiver: Tensor
    sender: Tensor
    radial: Tensor
    whole: Tensor

    @staticmethod
    def of(graphs: OrbitGraphs) -> Tensors:
        """Radial counts and columns of a batch, nothing scaled."""
        return Tensors(
            len(graphs),
            torch.from_numpy(graphs.site_crystal),
            torch.from_numpy(graphs.numbers.astype(np.int64)),
            torch.from_numpy(graphs.weight)[:, None],
            torch.from_numpy(graphs.receiver.astype(np.int64)),
            torch.from_numpy(graphs.sender.astype(np.int64)),
            torch.from_numpy(graphs.radial.astype(np.float32)),
            torch.from_numpy(graphs.whole),
        )


class Layer(nn.Module):
    """h_a += MLP(h_a, sum over b of (W r_ab) * (V h_b)): the filter is linear in the radial counts r_ab, so that
    one orbit counted as two gives the same sum (Schuett et al., SchNet, 2018, with piecewise linear filters)."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.filter = nn.Linear(RADIAL, hidden, bias=False)
        self.value = nn.Linear(hidden, hidden, bias=False)
        self.update = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
        self.norm = nn.LayerNorm(hidden)

    def forward(self, h: Tensor, batch: Tensors) -> Tensor:
        message = self.filter(batch.radial) * self.value(h).index_select(0, batch.sender)
        total = torch.zeros_like(h).index_add_(0, batch.receiver, message)
        return h + self.update(torch.cat([h, self.norm(total)], -1))


class PropertyNetwork(nn.Module):
    """Orbit graphs to ``OUTPUTS`` numbers a crystal, those of ``HEADS`` one after the other.

    ``elements`` (119, P) is the scaled table of elemental properties.
    """

    elements: Tensor
    centre: Tensor
    spread: Tensor

    def __init__(self, size: Size, elements: NDArray[np.float32]) -> None:
        super().__init__()
        known = elements.shape[1]
        self.register_buffer("elements", torch.as_tensor(elements))
        self.register_buffer("centre", torch.zeros(len(GLOBALS)))
        self.register_buffer("spread", torch.ones(len(GLOBALS)))
        self.embed = nn.Embedding(len(elements), size.embedding)
        self.start = nn.Linear(size.embedding + known, size.hidden)
        self.layers = nn.ModuleList(Layer(size.hidden) for _ in range(size.layers))
        self.out = nn.Linear(size.hidden, size.hidden)
        wide = 2 * size.hidden
        self.trunk = nn.Sequential(
            nn.Linear(2 * size.hidden + size.embedding + 2 * known + len(GLOBALS), wide), nn.SiLU()
        )
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(wide, size.hidden), nn.SiLU(), nn.Linear(size.hidden, n)) for n in HEADS
        )

    def forward(self, batch: Tensors) -> Tensor:
        """(B, OUTPUTS)."""
        facts = self.elements.index_select(0, batch.numbers)
        learned = self.embed(batch.numbers)
        h = self.start(torch.cat([learned, facts], -1))
        for layer in self.layers:
            h = layer(h, batch)
        h = nn.functional.silu(self.out(h))

        def mean(x: Tensor) -> Tensor:
            return x.new_zeros(batch.count, x.shape[1]).index_add_(0, batch.crystal, x * batch.weight)

        average, facts_average = mean(h), mean(facts)
        spread = (mean(h * h) - average * average).clamp_min(0).add(1e-4).sqrt()
        facts_spread = (mean(facts * facts) - facts_average**2).clamp_min(0).add(1e-4).sqrt()
        whole = (batch.whole - self.centre) / self.spread
        x = self.trunk(torch.cat([average, spread, mean(learned), facts_average, facts_spread, whole], -1))
        return torch.cat([head(x) for head in self.heads], -1)
