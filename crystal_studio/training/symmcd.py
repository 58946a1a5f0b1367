"""What SymmCD brings to the training loop: its data, batches, loss and validation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
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
from crystal_studio.training.crystals import shown
from crystal_studio.training.curve import Means
from crystal_studio.training.loop import Loop, LoopConfig


@dataclass(frozen=True)
class TrainConfig(LoopConfig):
    """How to train. ``edges`` bounds crystals x orbits^2 of a batch.

    ``no_labels`` is the share of crystals shown without any property label, ``each_label`` the
    odds of each label for the others, ``no_traits`` the odds that the number of distinct elements
    or the validity of the composition is not told; ``extra_share`` of the extra crystals is used each epoch.
    ``keep_orbit_counts``: begun with a model, shares of numbers of orbits and elements in each group stay that model's.
    """

    network: NetworkConfig = field(default_factory=NetworkConfig)
    weights: LossWeights = field(default_factory=LossWeights)
    batch: int = 512
    edges: int = 8_000
    no_labels: float = 0.4
    no_traits: float = 0.1
    each_label: float = 0.5
    extra_share: float = 0.4
    keep_orbit_counts: bool = False


@dataclass(frozen=True)
class TrainingSet:
    """What is learnt from.

    variants : the same B crystals in equivalent descriptions (other origins and settings), at least one
    labels : (B, 4) property values in the order and units of ``generators.symmcd.labels``, NaN where unknown
    extra : (B,) crystals unlike those that a request without targets should give: they always carry
        their label of the energy above hull, the others lose theirs as any other label
    balanced : (B,) 1 where the composition is valid, 0 where not
    weight : (B,) how often each crystal is shown an epoch, in the mean; None: once
    """

    variants: tuple[Features, ...]
    labels: NDArray[np.float64] | None = None
    extra: NDArray[np.bool_] | None = None
    balanced: NDArray[np.int64] | None = None
    weight: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.variants[0])

    @property
    def main(self) -> Features:
        """The first description of the crystals that are not extra."""
        features = self.variants[0]
        return features if self.extra is None else features.take(~self.extra)

    @property
    def main_weight(self) -> NDArray[np.float64] | None:
        """Of the crystals of ``main``."""
        return self.weight if self.weight is None or self.extra is None else self.weight[~self.extra]


def batches(
    n_orbits: NDArray,
    config: TrainConfig,
    rng: np.random.Generator,
    extra: NDArray[np.bool_] | None = None,
    weight: NDArray[np.float64] | None = None,
) -> Iterator[NDArray]:
    """Index arrays of one epoch: crystals of equal orbit count together, batches in random order."""
    used = np.arange(len(n_orbits)) if weight is None else shown(weight, rng)
    if extra is not None:
        used = used[~extra[used] | (rng.random(len(used)) < config.extra_share)]
    pieces = []
    for m in np.unique(n_orbits):
        rows = rng.permutation(used[n_orbits[used] == m])
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


class Trainer(Loop[Clean, Features]):
    """SymmCD's training: the loop with its network and the priors of its data."""

    config: TrainConfig
    network: Denoiser

    def __init__(self, config: TrainConfig, data: TrainingSet | Features, device: str = "cpu") -> None:
        torch.manual_seed(config.seed)
        self.data = data if isinstance(data, TrainingSet) else TrainingSet((data,))
        self.priors = estimate(self.data.main, self.data.main_weight)
        encoding = torch.as_tensor(tables().encoding)
        super().__init__(config, Denoiser(config.network, encoding).to(device), device)

    @staticmethod
    def saved_network(folder: Path, config: TrainConfig) -> TrainConfig:
        """``config`` with the network size of the checkpoint in a folder, if there is one."""
        found = checkpoint.load(folder)
        return replace(config, network=NetworkConfig(**found[1]["config"]["network"])) if found else config

    def start_from(self, weights: dict[str, Tensor], priors: Priors) -> None:
        """Begin with a trained network of the same size and its priors; what it lacks keeps its first values."""
        wrong = ModelError("The weights to start from belong to a network of another shape: name another model.")
        try:
            missing, unknown = self.network.load_state_dict({k: v.float() for k, v in weights.items()}, strict=False)
        except RuntimeError as error:
            raise wrong from error
        if unknown or set(missing) - {"labels.weight"}:
            raise wrong
        self.priors = self.priors.after(priors, self.config.keep_orbit_counts)
        self.average.restart()
        self.from_model = True

    def kept(self) -> dict[str, Tensor]:
        """The priors."""
        return self.priors.to_tensors()

    def take_back(self, tensors: dict[str, Tensor]) -> None:
        """The priors."""
        self.priors = Priors.from_tensors(tensors)

    def order(self, rng: np.random.Generator) -> Iterator[NDArray]:
        """``batches`` of all descriptions' crystals."""
        return batches(self.data.variants[0].n_orbits, self.config, rng, self.data.extra, self.data.weight)

    def batch(self, rows: NDArray, rng: np.random.Generator) -> Clean:
        """One of the descriptions, with labels and traits left out at random."""
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

    def loss(self, batch: Clean, generator: torch.Generator) -> tuple[Tensor, Mapping[str, Tensor]]:
        """At random times and noise."""
        return loss(self.network, self.priors, batch, self.config.weights, generator=generator)

    @torch.no_grad()
    def validate(self, held_out: Features) -> dict[str, float]:
        """Losses of the averaged weights on other crystals, at fixed times and noise."""
        generator = torch.Generator(self.device).manual_seed(0)
        means = Means()
        with self.average.applied():
            for rows in batches(held_out.n_orbits, self.config, np.random.default_rng(0)):
                clean = gather(held_out, rows, self.device)
                t = torch.linspace(1, STEPS, len(rows), device=self.device).round().long()
                with self.autocast():
                    total, parts = loss(self.network, self.priors, clean, self.config.weights, t, generator)
                means.add({**parts, "total": total}, len(rows))
        return means.values("val_")
