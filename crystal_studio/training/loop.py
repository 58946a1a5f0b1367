"""The loop over steps that every family shares: bounded by time, ended on demand, resumable, weights averaged.

A family derives from ``Loop`` and brings its batches, its loss and its validation (and its card, which is no matter
of the loop).
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crystal_studio.training import checkpoint, curve
from crystal_studio.training.budget import Budget
from crystal_studio.training.moving_average import MovingAverage
from crystal_studio.training.schedule import set_rate, warmed_by_steps

Batch = TypeVar("Batch")
HeldOut = TypeVar("HeldOut")

VALIDATE_EVERY = 5  # epochs


@dataclass(frozen=True)
class LoopConfig:
    """What any training with the loop can be told.

    max_minutes : of the steps alone, over all runs; the learning rate falls with the larger share of time and epochs
    final_rate : share of the learning rate that is left at the end
    ema : decay of the moving average
    clip : largest norm of the gradient
    """

    max_minutes: float = 60.0
    max_epochs: int = 2000
    learning_rate: float = 1e-3
    final_rate: float = 0.02
    warm_up_steps: int = 300
    ema: float = 0.9995
    clip: float = 1.0
    bf16: bool = True
    seed: int = 42
    checkpoint_minutes: float = 3.0


class Loop(ABC, Generic[Batch, HeldOut]):
    """Holds network, moving average and optimiser; ``run`` trains until time or epochs are up.

    ``from_model``: it began with the weights of a model, whose figures are the first row of the curve.
    """

    def __init__(self, config: LoopConfig, network: nn.Module, device: str) -> None:
        self.config, self.device = config, device
        self.network = network
        self.average = MovingAverage(network, config.ema)
        self.optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate)
        self.budget = Budget(config.max_minutes)
        self.epoch = self.step = 0
        self.from_model = False

    @abstractmethod
    def order(self, rng: np.random.Generator) -> Iterator[NDArray]:
        """Rows of the crystals of each batch of one epoch."""

    @abstractmethod
    def batch(self, rows: NDArray, rng: np.random.Generator) -> Batch:
        """What the loss takes of these crystals, on the device."""

    @abstractmethod
    def loss(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Mapping[str, Tensor]]:
        """The loss and its parts."""

    @abstractmethod
    def validate(self, held_out: HeldOut) -> dict[str, float]:
        """Figures of the averaged weights on other crystals, the same whenever asked."""

    @abstractmethod
    def kept(self) -> dict[str, Tensor]:
        """What the family needs in the checkpoint besides weights, average and moments."""

    @abstractmethod
    def take_back(self, tensors: dict[str, Tensor]) -> None:
        """The inverse of ``kept``; ``tensors`` are all those of the checkpoint."""

    def restore(self, folder: Path) -> bool:
        """Carry on from the checkpoint in a folder; false if there is none."""
        found = checkpoint.load(folder)
        if found is None:
            return False
        tensors, state = found
        self.network.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model.")}, strict=False)
        # In the order of the parameters, which the file does not keep.
        self.average.weights = {k: tensors[f"ema.{k}"].to(self.device) for k in self.average.weights}
        checkpoint.restore_optimiser(self.optimiser, tensors)
        self.take_back(tensors)
        self.epoch, self.step, self.budget.seconds = state["epoch"], state["step"], state["seconds"]
        return True

    def save(self, folder: Path) -> None:
        """Write the checkpoint."""
        tensors: dict[str, Tensor] = {f"model.{k}": v for k, v in self.network.named_parameters()}
        tensors |= {f"ema.{k}": v for k, v in self.average.weights.items()}
        tensors |= checkpoint.optimiser_tensors(self.optimiser) | self.kept()
        state = {"epoch": self.epoch, "step": self.step, "seconds": self.budget.seconds, "config": asdict(self.config)}
        checkpoint.save(folder, tensors, state)

    def autocast(self) -> AbstractContextManager:
        """16-bit matrix products, where the configuration wants them."""
        kind = self.device.split(":")[0]
        return torch.autocast(kind, torch.bfloat16) if self.config.bf16 else nullcontext()

    def rate(self) -> float:
        """Learning rate of the next step."""
        c = self.config
        done = max(self.budget.share, self.epoch / c.max_epochs)
        return c.learning_rate * warmed_by_steps(done, self.step, c.warm_up_steps, c.final_rate)

    def _update(self, batch: Batch, generator: torch.Generator) -> dict[str, float]:
        set_rate(self.optimiser, self.rate())
        with self.autocast():
            total, parts = self.loss(batch, generator)
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self.optimiser.step()
        self.step += 1
        self.average.update(self.step)
        return {k: float(v) for k, v in parts.items()} | {"total": float(total.detach())}

    def _run_epoch(self, stop: Callable[[], bool]) -> tuple[bool, curve.Means]:
        """Whether the training is over, and the means of the losses."""
        # Seeded by epoch, so that a resumed run repeats what an uninterrupted one would do.
        rng = np.random.default_rng([self.config.seed, self.epoch])
        generator = torch.Generator(self.device).manual_seed(int(rng.integers(2**62)))
        means = curve.Means()
        for rows in self.order(rng):
            with self.budget.spending():
                means.add(self._update(self.batch(rows, rng), generator), len(rows))
            if self.budget.over or stop():
                return True, means
        self.epoch += 1
        return False, means

    def run(
        self,
        folder: Path,
        held_out: HeldOut | None = None,
        report: Callable[[dict[str, float]], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> dict[str, float]:
        """Train until the time or the epochs are used up, or ``stop()``; append to ``curve.jsonl``.

        Returns the last row of the curve that it added, an empty one where there was nothing left to do.
        """
        folder.mkdir(parents=True, exist_ok=True)
        saved, over = self.budget.seconds, False
        row: dict[str, float] = {}
        if self.from_model and not self.step and held_out is not None:
            curve.append(folder, {"epoch": 0, "step": 0, "minutes": 0.0} | curve.rounded(self.validate(held_out)))
        while not over and self.epoch < self.config.max_epochs:
            started = time.monotonic()
            over, means = self._run_epoch(stop)
            row = {"epoch": self.epoch, "step": self.step, "minutes": round(self.budget.seconds / 60, 2)}
            row |= curve.rounded(means.values())
            row["crystals_per_s"] = round(means.count / (time.monotonic() - started), 1)
            row["learning_rate"] = self.rate()
            if held_out is not None and (self.epoch % VALIDATE_EVERY == 0 or over):
                row |= curve.rounded(self.validate(held_out))
            curve.append(folder, row)
            if report:
                report(row)
            if over or self.budget.seconds - saved > self.config.checkpoint_minutes * 60:
                self.save(folder)
                saved = self.budget.seconds
        self.save(folder)
        return row
