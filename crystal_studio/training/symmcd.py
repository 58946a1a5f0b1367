"""Training of SymmCD: resumable, bounded by time, with an exponential moving average of the weights."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.crystal.space_groups import tables
from crystal_studio.errors import ModelError
from crystal_studio.generators.symmcd.labels import NAMES, distinct_elements, embed
from crystal_studio.generators.symmcd.network import Denoiser, NetworkConfig
from crystal_studio.generators.symmcd.priors import Priors, estimate
from crystal_studio.generators.symmcd.process import STEPS, Clean, LossWeights, loss
from crystal_studio.generators.symmcd.representation import Features
from crystal_studio.training import checkpoint


@dataclass(frozen=True)
class TrainConfig:
    """How to train. ``edges`` bounds crystals x orbits^2 of a batch; times are in minutes.

    ``no_labels`` is the share of crystals shown without any property label, ``each_label`` the
    odds of each label for the others, ``no_traits`` the odds that the number of distinct elements
    or the validity of the composition is not told; ``extra_share`` of the extra crystals is used each epoch.
    """

    network: NetworkConfig = field(default_factory=NetworkConfig)
    weights: LossWeights = field(default_factory=LossWeights)
    max_minutes: float = 60.0
    max_epochs: int = 2000
    batch: int = 512
    edges: int = 8_000
    learning_rate: float = 1e-3
    final_rate: float = 0.02
    warm_up_steps: int = 300
    ema: float = 0.9995
    clip: float = 1.0
    bf16: bool = True
    seed: int = 42
    checkpoint_minutes: float = 3.0
    no_labels: float = 0.4
    no_traits: float = 0.1
    each_label: float = 0.5
    extra_share: float = 0.4


@dataclass(frozen=True)
class TrainingSet:
    """What is learnt from.

    variants : the same B crystals in equivalent descriptions (other origins and settings), at least one
    labels : (B, 4) property values in the order and units of ``generators.symmcd.labels``, NaN where unknown
    extra : (B,) crystals unlike those that a request without targets should give: they always carry
        their label of the energy above hull, the others lose theirs as any other label
    balanced : (B,) 1 where the composition is valid, 0 where not
    """

    variants: tuple[Features, ...]
    labels: NDArray[np.float64] | None = None
    extra: NDArray[np.bool_] | None = None
    balanced: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.variants[0])

    @property
    def main(self) -> Features:
        """The first description of the crystals that are not extra."""
        features = self.variants[0]
        return features if self.extra is None else features.take(~self.extra)


def batches(
    n_orbits: NDArray, config: TrainConfig, rng: np.random.Generator, extra: NDArray[np.bool_] | None = None
) -> Iterator[NDArray]:
    """Index arrays of one epoch: crystals of equal orbit count together, batches in random order."""
    used = np.ones(len(n_orbits), bool)
    if extra is not None:
        used = ~extra | (rng.random(len(n_orbits)) < config.extra_share)
    pieces = []
    for m in np.unique(n_orbits):
        rows = rng.permutation(np.flatnonzero((n_orbits == m) & used))
        size = max(16, min(config.batch, config.edges // int(m) ** 2))
        if len(rows):
            pieces += np.array_split(rows, math.ceil(len(rows) / size))
    yield from (pieces[i] for i in rng.permutation(len(pieces)))


def gather(features: Features, rows: NDArray, device: str, labels: NDArray[np.float32] | None = None) -> Clean:
    """The tensors of one batch, cut to its orbit count; ``labels`` (B, L) are the features of the rows."""
    m = int(features.n_orbits[rows[0]])
    columns = (
        features.space_group[rows],
        features.k[rows],
        features.elements[rows, :m].astype(np.int64),
        features.classes[rows, :m].astype(np.int64),
        features.positions[rows, :m],
    )
    tensors = [torch.as_tensor(c, device=device) for c in columns]
    group, k, elements, classes, positions = tensors
    shown = None if labels is None else torch.as_tensor(labels, device=device)
    return Clean(group, k, elements, classes, positions, shown)


def drop(
    labels: NDArray, extra: NDArray[np.bool_] | None, config: TrainConfig, rng: np.random.Generator
) -> NDArray[np.float64]:
    """(B, 4) labels with some left out at random; those of the energy above hull stay for ``extra`` crystals."""
    shown = (rng.random(labels.shape) < config.each_label) & (rng.random((len(labels), 1)) >= config.no_labels)
    if extra is not None:
        shown[extra, NAMES.index("e_above_hull")] = True
    return np.where(shown, labels, np.nan)


class Trainer:
    """Holds network, moving average and optimiser; ``run`` trains until time or epochs are up."""

    def __init__(self, config: TrainConfig, data: TrainingSet | Features, device: str = "cpu") -> None:
        torch.manual_seed(config.seed)
        self.data = data if isinstance(data, TrainingSet) else TrainingSet((data,))
        self.config, self.device = config, device
        self.priors = estimate(self.data.main)
        encoding = torch.as_tensor(tables().encoding)
        self.network = Denoiser(config.network, encoding).to(device)
        self.average = {k: v.detach().clone() for k, v in self.network.named_parameters()}
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=config.learning_rate)
        self.epoch = self.step = 0
        self.seconds = 0.0

    @staticmethod
    def saved_network(folder: Path, config: TrainConfig) -> TrainConfig:
        """``config`` with the network size of the checkpoint in a folder, if there is one."""
        found = checkpoint.load(folder)
        return replace(config, network=NetworkConfig(**found[1]["config"]["network"])) if found else config

    def restore(self, folder: Path) -> bool:
        """Carry on from the checkpoint in a folder; false if there is none."""
        found = checkpoint.load(folder)
        if found is None:
            return False
        tensors, state = found
        self.network.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("model.")}, strict=False)
        # In the order of the parameters, which the file does not keep.
        self.average = {k: tensors[f"ema.{k}"].to(self.device) for k in self.average}
        checkpoint.restore_optimiser(self.optimiser, tensors)
        self.priors = Priors.from_tensors(tensors)
        self.epoch, self.step, self.seconds = state["epoch"], state["step"], state["seconds"]
        return True

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Begin with the weights of a trained network of the same size; what it lacks keeps its first values."""
        wrong = ModelError("The weights to start from belong to a network of another shape: name another model.")
        try:
            missing, unknown = self.network.load_state_dict({k: v.float() for k, v in weights.items()}, strict=False)
        except RuntimeError as error:
            raise wrong from error
        if unknown or set(missing) - {"labels.weight"}:
            raise wrong
        self.average = {k: v.detach().clone() for k, v in self.network.named_parameters()}

    def save(self, folder: Path) -> None:
        """Write the checkpoint."""
        tensors: dict[str, Tensor] = {f"model.{k}": v for k, v in self.network.named_parameters()}
        tensors |= {f"ema.{k}": v for k, v in self.average.items()}
        tensors |= checkpoint.optimiser_tensors(self.optimiser) | self.priors.to_tensors()
        state = {"epoch": self.epoch, "step": self.step, "seconds": self.seconds, "config": asdict(self.config)}
        checkpoint.save(folder, tensors, state)

    def _rate(self) -> float:
        c = self.config
        warm = min(1.0, (self.step + 1) / c.warm_up_steps)
        done = max(self.seconds / max(c.max_minutes * 60, 1e-9), self.epoch / c.max_epochs)
        fall = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
        return c.learning_rate * warm * (c.final_rate + (1 - c.final_rate) * fall)

    def _autocast(self) -> AbstractContextManager:
        kind = self.device.split(":")[0]
        return torch.autocast(kind, torch.bfloat16) if self.config.bf16 else nullcontext()

    def _batch(self, rows: NDArray, rng: np.random.Generator) -> Clean:
        data, config, labels = self.data, self.config, None
        features = data.variants[rng.integers(len(data.variants))]
        if config.network.labels and data.labels is not None:
            values = drop(data.labels[rows], None if data.extra is None else data.extra[rows], config, rng)
            distinct = distinct_elements(features.elements[rows], features.n_orbits[rows])
            distinct = np.where(rng.random(len(rows)) < config.no_traits, 0, distinct)
            balanced = None
            if data.balanced is not None:
                balanced = np.where(rng.random(len(rows)) < config.no_traits, -1, data.balanced[rows])
            labels = embed(values, distinct, balanced)
        return gather(features, rows, self.device, labels)

    def _update(self, clean: Clean, generator: torch.Generator) -> dict[str, float]:
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        with self._autocast():
            total, parts = loss(self.network, self.priors, clean, self.config.weights, generator=generator)
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self.optimiser.step()
        self.step += 1
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            mine, live = list(self.average.values()), [p.detach() for p in self.network.parameters()]
            torch._foreach_lerp_(mine, live, 1 - decay)
        return {k: float(v) for k, v in parts.items()} | {"total": float(total.detach())}

    @torch.no_grad()
    def validate(self, features: Features) -> dict[str, float]:
        """Losses of the averaged weights on other crystals, at fixed times and noise."""
        live = {k: p.detach().clone() for k, p in self.network.named_parameters()}
        self._load(self.average)
        generator = torch.Generator(self.device).manual_seed(0)
        sums: dict[str, float] = {}
        for rows in batches(features.n_orbits, self.config, np.random.default_rng(0)):
            clean = gather(features, rows, self.device)
            t = torch.linspace(1, STEPS, len(rows), device=self.device).round().long()
            with self._autocast():
                total, parts = loss(self.network, self.priors, clean, self.config.weights, t, generator)
            for name, value in {**parts, "total": total}.items():
                sums[name] = sums.get(name, 0.0) + float(value) * len(rows)
        self._load(live)
        return {f"val_{k}": v / len(features) for k, v in sums.items()}

    @torch.no_grad()
    def _load(self, weights: dict[str, Tensor]) -> None:
        for name, parameter in self.network.named_parameters():
            parameter.copy_(weights[name])

    def run(
        self,
        folder: Path,
        validation: Features | None = None,
        report: Callable[[dict[str, float]], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Train until the time or the epochs are used up, or ``stop()``; append to ``curve.jsonl``."""
        folder.mkdir(parents=True, exist_ok=True)
        limit, saved = self.config.max_minutes * 60, self.seconds
        over = False
        while not over and self.epoch < self.config.max_epochs:
            # Seeded by epoch, so that a resumed run repeats what an uninterrupted one would do.
            rng = np.random.default_rng([self.config.seed, self.epoch])
            generator = torch.Generator(self.device).manual_seed(int(rng.integers(2**62)))
            sums: dict[str, float] = {}
            started, seen = time.monotonic(), 0
            for rows in batches(self.data.variants[0].n_orbits, self.config, rng, self.data.extra):
                before = time.monotonic()
                for name, value in self._update(self._batch(rows, rng), generator).items():
                    sums[name] = sums.get(name, 0.0) + value * len(rows)
                seen += len(rows)
                self.seconds += time.monotonic() - before
                over = self.seconds > limit or stop()
                if over:
                    break
            self.epoch += 0 if over else 1
            row = {"epoch": self.epoch, "step": self.step, "minutes": round(self.seconds / 60, 2)}
            row |= {k: round(v / seen, 5) for k, v in sums.items()}
            row["crystals_per_s"] = round(seen / (time.monotonic() - started), 1)
            row["learning_rate"] = self._rate()
            if validation is not None and (self.epoch % 5 == 0 or over):
                row |= {k: round(v, 5) for k, v in self.validate(validation).items()}
            with (folder / "curve.jsonl").open("a") as curve:
                curve.write(json.dumps(row) + "\n")
            if report:
                report(row)
            if over or self.seconds - saved > self.config.checkpoint_minutes * 60:
                self.save(folder)
                saved = self.seconds
        self.save(folder)
