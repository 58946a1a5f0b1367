"""Exponential moving average of a network's weights: what is judged and kept in place of the last step's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class MovingAverage:
    """``weights`` has the names of ``network.named_parameters()``; the first steps count for more (``update``)."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._live = dict(network.named_parameters())
        self.decay = decay
        self.restart()

    def restart(self) -> None:
        """Begin anew with the network's weights as they are."""
        self.weights = {name: p.detach().clone() for name, p in self._live.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the weights of step ``step`` (from 1) in; the decay grows from 2/11 to ``decay``."""
        decay = min(self.decay, (1 + step) / (10 + step))
        live = [p.detach() for p in self._live.values()]
        torch._foreach_lerp_(list(self.weights.values()), live, 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The network has the averaged weights inside the block, and its own again behind it."""
        live = {name: p.detach().clone() for name, p in self._live.items()}
        self._copy(self.weights)
        try:
            yield
        finally:
            self._copy(live)

    @torch.no_grad()
    def _copy(self, weights: Mapping[str, Tensor]) -> None:
        for name, parameter in self._live.items():
            parameter.copy_(weights[name])
