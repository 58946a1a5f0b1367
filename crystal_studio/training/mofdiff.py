"""What MOFDiff brings to the training loop: its frameworks, batches, losses and validation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.errors import ModelError
from crystal_studio.generators.mofdiff.frameworks import log_cell
from crystal_studio.generators.mofdiff.layers import NetworkConfig
from crystal_studio.generators.mofdiff.network import Network
from crystal_studio.generators.mofdiff.objective import Batch, LossWeights, losses, total
from crystal_studio.generators.mofdiff.vocabulary import Vocabulary
from crystal_studio.mof.alike import alike
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.training import checkpoint
from crystal_studio.training.curve import Means
from crystal_studio.training.loop import Loop, LoopConfig
from crystal_studio.training.mofdiff_data import EXCHANGED, HYPOTHETICAL, Examples, batch_of, exchanged, joined

_TIMES_VALIDATED = 4
"""How often each framework that is kept back is looked at, at times of their own."""


@dataclass(frozen=True)
class TrainConfig(LoopConfig):
    """How to train; ``batch`` frameworks a step; ``exchanged``: share of kinds of blocks exchanged for others alike;
    ``hypothetical``: share of the frameworks shown that are hypothetical, where there are any."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    weights: LossWeights = field(default_factory=LossWeights)
    batch: int = 64
    exchanged: float = EXCHANGED
    hypothetical: float = HYPOTHETICAL


class Trainer(Loop[Batch, Examples]):
    """The loop with the networks, the vocabulary and the scale of cells."""

    config: TrainConfig
    network: Network

    def __init__(
        self,
        config: TrainConfig,
        examples: Examples,
        library: BlockLibrary,
        vocabulary: Vocabulary,
        device: str = "cpu",
        hypothetical: Examples | None = None,
    ) -> None:
        torch.manual_seed(config.seed)
        self.examples, self.library, self.vocabulary = examples, library, vocabulary.to(device)
        self.shown = examples if hypothetical is None else joined(examples, hypothetical)
        self.others = alike(library)
        logs = log_cell(examples.mofs.lattice)
        self.scale = logs.mean(0), logs.std(0) + 0.05
        super().__init__(config, Network(config.network, self.vocabulary).to(device), device)

    @staticmethod
    def saved_network(folder: Path, config: TrainConfig) -> TrainConfig:
        """``config`` with the network of the checkpoint in a folder, if there is one."""
        found = checkpoint.load(folder)
        return replace(config, network=NetworkConfig(**found[1]["config"]["network"])) if found else config

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Begin with a trained network of the same sizes."""
        try:
            self.network.load_state_dict(weights)
        except RuntimeError as error:
            raise ModelError(
                "The weights to start from belong to a network of another shape: name another model."
            ) from error
        self.average.restart()

    def kept(self) -> dict[str, Tensor]:
        """The scale of cells, and what the network is shown of blocks."""
        scale = {"cell.mean": torch.as_tensor(self.scale[0]), "cell.spread": torch.as_tensor(self.scale[1])}
        return scale | self.vocabulary.to_tensors()

    def take_back(self, tensors: dict[str, Tensor]) -> None:
        """The same."""
        self.scale = tensors["cell.mean"].numpy(), tensors["cell.spread"].numpy()
        self.vocabulary = Vocabulary.from_tensors(tensors).to(self.device)
        self.network.features, self.network.radius = self.vocabulary.features, self.vocabulary.radius

    def order(self, rng: np.random.Generator) -> Iterator[NDArray]:
        """Every known framework once, and hypothetical ones among them at random, none again before all were shown."""
        known, others = len(self.examples), len(self.shown) - len(self.examples)
        share = self.config.hypothetical if others else 0.0
        count = round(known * share / (1 - share))
        drawn = [known + rng.permutation(others)[: count - first] for first in range(0, count, max(others, 1))]
        rows = rng.permutation(np.concatenate([np.arange(known), *drawn]))
        yield from np.array_split(rows, math.ceil(len(rows) / self.config.batch))

    def batch(self, rows: NDArray, rng: np.random.Generator) -> Batch:
        """These frameworks, with some blocks exchanged."""
        shown = exchanged(self.shown.take(rows), self.others, self.library.kind, rng, self.config.exchanged)
        return batch_of(shown, self.vocabulary, self.scale, self.device, rows < len(self.examples))

    def loss(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Mapping[str, Tensor]]:
        """At random times and noise."""
        parts = losses(self.network, batch, generator)
        return total(parts, self.config.weights), {name: value.detach() for name, value in parts.items()}

    @torch.no_grad()
    def validate(self, held_out: Examples) -> dict[str, float]:
        """Losses of the averaged weights on other frameworks, with fixed times and noise."""
        generator = torch.Generator(self.device).manual_seed(0)
        means = Means()
        with self.average.applied():
            for rows in np.array_split(np.arange(len(held_out)), math.ceil(len(held_out) / self.config.batch)):
                batch = batch_of(held_out.take(rows), self.vocabulary, self.scale, self.device)
                for _ in range(_TIMES_VALIDATED):
                    with self.autocast():
                        parts = losses(self.network, batch, generator)
                    means.add({**parts, "total": total(parts, self.config.weights)}, len(rows))
        return means.values("val_")
