"""What the adaptive-cell model brings to the training loop: its data, batches, loss and validation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.lattice import constrain, to_k
from crystal_studio.errors import ModelError
from crystal_studio.generators.adaptive_cell.cells import CellPrior, estimate
from crystal_studio.generators.adaptive_cell.light import LightConfig
from crystal_studio.generators.adaptive_cell.network import build, config_of
from crystal_studio.generators.adaptive_cell.process import STEPS, Clean, Crystals, corrupt, loss, times
from crystal_studio.generators.adaptive_cell.score import NetworkConfig, ScoreNetwork, exact
from crystal_studio.training import checkpoint
from crystal_studio.training.crystals import shown
from crystal_studio.training.curve import Means
from crystal_studio.training.loop import Loop, LoopConfig


@dataclass(frozen=True)
class TrainConfig(LoopConfig):
    """How to train; ``batch`` crystals a step."""

    network: NetworkConfig = field(default_factory=LightConfig)
    batch: int = 64


class Trainer(Loop[Clean, AsymmetricUnits]):
    """The loop with the score network and what cells are expected to be."""

    config: TrainConfig
    network: ScoreNetwork

    def __init__(
        self,
        config: TrainConfig,
        units: AsymmetricUnits,
        device: str = "cpu",
        weight: NDArray[np.float64] | None = None,
    ) -> None:
        """``weight`` (B,) says how often each crystal is shown an epoch, in the mean; None: once."""
        torch.manual_seed(config.seed)
        self.units, self.weight = units, weight
        self.prior = estimate(units)
        super().__init__(config, build(config.network).to(device), device)

    @staticmethod
    def saved_network(folder: Path, config: TrainConfig) -> TrainConfig:
        """``config`` with the network of the checkpoint in a folder, if there is one."""
        found = checkpoint.load(folder)
        return replace(config, network=config_of(found[1]["config"]["network"])) if found else config

    def start_from(self, weights: dict[str, Tensor], prior: CellPrior) -> None:
        """Begin with a trained network of the same kind and sizes."""
        try:
            self.network.load_state_dict(weights)
        except RuntimeError as error:
            raise ModelError(
                "The weights to start from belong to a network of another shape: name another model."
            ) from error
        self.prior = prior
        self.average.restart()
        self.from_model = True

    def kept(self) -> dict[str, Tensor]:
        """What cells are expected to be."""
        return self.prior.to_tensors()

    def take_back(self, tensors: dict[str, Tensor]) -> None:
        """What cells are expected to be."""
        self.prior = CellPrior.from_tensors(tensors)

    def order(self, rng: np.random.Generator) -> Iterator[NDArray]:
        """Every crystal as often as its weight says."""
        rows = rng.permutation(len(self.units) if self.weight is None else shown(self.weight, rng))
        yield from np.array_split(rows, math.ceil(len(rows) / self.config.batch))

    def clean(self, units: AsymmetricUnits) -> Clean:
        """A batch that is not noised yet."""
        crystals = Crystals.of(units, self.prior, self.device)
        k = torch.as_tensor(constrain(to_k(units.lattice), units.space_group), dtype=torch.float32, device=self.device)
        x = torch.as_tensor(units.positions[units.mask], dtype=torch.float32, device=self.device)
        return Clean(crystals, x, crystals.frame.inside(k))

    def batch(self, rows: NDArray, rng: np.random.Generator) -> Clean:
        """These crystals."""
        return self.clean(self.units.take(rows))

    def loss(self, batch: Clean, generator: torch.Generator) -> tuple[Tensor, Mapping[str, Tensor]]:
        """At random times and noise."""
        with exact(batch.x), torch.no_grad():
            t = times(len(batch.c), generator, batch.x.device)
            noisy = corrupt(batch, *t, generator)
        return loss(self.network, batch.crystals, noisy)

    @torch.no_grad()
    def validate(self, held_out: AsymmetricUnits) -> dict[str, float]:
        """Losses of the averaged weights on other crystals; one fixed time for sites and cell of each, fixed noise."""
        generator = torch.Generator(self.device).manual_seed(0)
        means = Means()
        with self.average.applied():
            for rows in np.array_split(np.arange(len(held_out)), math.ceil(len(held_out) / self.config.batch)):
                batch = self.clean(held_out.take(rows))
                t = torch.linspace(1, STEPS, len(rows), device=self.device).round().long()
                noisy = corrupt(batch, t, t, generator)
                with self.autocast():
                    total, parts = loss(self.network, batch.crystals, noisy)
                means.add({**parts, "total": total}, len(rows))
        return means.values("val_")
