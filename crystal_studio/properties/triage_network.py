"""One member of the triage ensemble: what relaxation will make of the energy above hull, as a logistic distribution.

A logistic distribution has heavier tails than a Gaussian, so that a crystal that falls apart does not bend the rest,
and the chance to lie below any limit is a logistic function of it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Size:
    """inputs : columns of ``Unrelaxed.values``; hidden : width; layers : hidden layers; dropout : share left out"""

    inputs: int
    hidden: int = 128
    layers: int = 2
    dropout: float = 0.1

    def to_dict(self) -> dict[str, float]:
        """As stored in the card."""
        return asdict(self)


class TriageNetwork(nn.Module):
    """Values of unrelaxed crystals (B, K) to centre and log of the scale (B, 2) of the relaxed energy above hull, bent
    (``unrelaxed.bent``); the centre is counted from the unrelaxed one, the first column."""

    centre: Tensor
    spread: Tensor

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(size.inputs))
        self.register_buffer("spread", torch.ones(size.inputs))
        layers: list[nn.Module] = []
        width = size.inputs
        for _ in range(size.layers):
            layers += [nn.Linear(width, size.hidden), nn.SiLU(), nn.Dropout(size.dropout)]
            width = size.hidden
        self.body = nn.Sequential(*layers)
        self.out = nn.Linear(width, 2)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, values: Tensor) -> Tensor:
        """(B, 2)."""
        scaled = ((values - self.centre) / self.spread).clamp(-5, 5)
        shift, scale = self.out(self.body(scaled)).unbind(-1)
        return torch.stack([values[:, 0] + shift, scale.clamp(-4, 2)], -1)


def logits(output: Tensor, limits: Tensor) -> Tensor:
    """(B, L) of the chance to lie at or below limits (L,), bent."""
    return (limits[None] - output[:, :1]) / torch.exp(output[:, 1:])
