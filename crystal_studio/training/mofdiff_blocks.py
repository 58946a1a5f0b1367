"""What the block encoder brings to the training loop: views of building blocks, and losses of their embeddings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from crystal_studio.errors import RequestError
from crystal_studio.generators.mofdiff.block_encoder import MOST_POINTS, N_ELEMENTS, BlockEncoder, EncoderConfig, embed
from crystal_studio.generators.mofdiff.block_graphs import BlockGraphs, groups, places
from crystal_studio.mof.blocks import NODE, BlockLibrary
from crystal_studio.mof.library import library_hash
from crystal_studio.training import checkpoint
from crystal_studio.training.loop import Loop, LoopConfig
from crystal_studio.training.mofdiff_blocks_figures import figures

VIEWS = 2
_FIFTH = 5
_USUAL_PLACES = 36
"""Places up to which a block is seen every epoch; larger ones more rarely, as they take more time."""
_ALIKE = 2.0
"""Width over which blocks are shuffled that are put in one batch for being alike."""


@dataclass(frozen=True)
class TrainConfig(LoopConfig):
    """How to train; ``batch`` blocks a step, each in two views.

    noise : Angstrom a coordinate, the most that a view is disturbed by
    temperature : of the contrastive loss, as in MOFDiff
    """

    network: EncoderConfig = field(default_factory=EncoderConfig)
    max_epochs: int = 300
    learning_rate: float = 2e-3
    warm_up_steps: int = 100
    ema: float = 0.998
    bf16: bool = False
    batch: int = 128
    noise: float = 0.15
    temperature: float = 0.1


@dataclass(frozen=True)
class Truth:
    """Of B blocks: code of the identity (B,) int64, square roots of the counts of each element (B, 119), connection
    points (B,) int64, log(1 + diameter / A) (B,)."""

    identity: Tensor
    counts: Tensor
    points: Tensor
    diameter: Tensor

    @staticmethod
    def of(library: BlockLibrary, device: str = "cpu") -> Truth:
        """Of all blocks of a library."""
        owner = np.repeat(np.arange(len(library)), library.n_atoms)
        counts = np.zeros((len(library), N_ELEMENTS))
        np.add.at(counts, (owner, library.numbers), 1)
        _, identity = np.unique(library.identity, return_inverse=True)
        return Truth(
            torch.as_tensor(identity, device=device),
            torch.as_tensor(np.sqrt(counts), dtype=torch.float32, device=device),
            torch.as_tensor(library.n_points, device=device),
            torch.as_tensor(np.log1p(library.diameter), dtype=torch.float32, device=device),
        )

    def take(self, rows: Tensor) -> Truth:
        """Those blocks."""
        return Truth(self.identity[rows], self.counts[rows], self.points[rows], self.diameter[rows])


@dataclass(frozen=True)
class Blocks:
    """A batch: graphs grouped by like size, and what is true of their blocks in that order."""

    graphs: list[BlockGraphs]
    truth: Truth


def contrastive(vectors: Tensor, identity: Tensor, temperature: float) -> Tensor:
    """Supervised contrastive loss (Khosla et al., NeurIPS 2020) of unit vectors (V, E) with identities (V,).

    Each vector is to be nearer to those of its identity than to others: the mean, over both, of minus the logarithm of
    the share of one of its own among all others.
    """
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    alike = (vectors @ vectors.T / temperature).masked_fill(itself, -torch.inf)
    log_share = (alike - alike.logsumexp(1, keepdim=True)).masked_fill(itself, 0.0)
    own = (identity.unsqueeze(0) == identity.unsqueeze(1)) & ~itself
    return -((log_share * own).sum(1) / own.sum(1).clamp_min(1)).mean()


def held_out_conformers(library: BlockLibrary, seed: int) -> NDArray[np.int64]:
    """Rows that are not learnt from: one shape of a fifth of the identities that have two or more."""
    rng = np.random.default_rng(seed)
    found = []
    for identity in np.unique(library.identity):
        rows = np.flatnonzero(library.identity == identity)
        chosen = int(rng.choice(rows))
        if len(rows) > 1 and rng.integers(_FIFTH) == 0:
            found.append(chosen)
    return np.array(found, np.int64)


class Trainer(Loop[Blocks, NDArray[np.int64]]):
    """The loop with the block encoder; what is held out are rows of the library."""

    config: TrainConfig
    network: BlockEncoder

    def __init__(self, config: TrainConfig, library: BlockLibrary, device: str = "cpu") -> None:
        if library.n_points.max(initial=0) > MOST_POINTS:
            raise RequestError(f"A building block has more than {MOST_POINTS} connection points: leave it out.", "data")
        if len(np.unique(library.identity)) < 2:
            raise RequestError("Telling building blocks apart needs at least two: give more frameworks.", "data")
        torch.manual_seed(config.seed)
        self.library, self.truth = library, Truth.of(library, device)
        self.held_out = held_out_conformers(library, config.seed)
        self.rows = np.setdiff1d(np.arange(len(library)), self.held_out)
        self.chance = np.minimum(1, (_USUAL_PLACES / places(library)[self.rows]) ** 2)
        super().__init__(config, BlockEncoder(config.network).to(device), device)

    @staticmethod
    def saved_network(folder: Path, config: TrainConfig) -> TrainConfig:
        """``config`` with the network of the checkpoint in a folder, if there is one."""
        found = checkpoint.load(folder)
        return replace(config, network=EncoderConfig(**found[1]["config"]["network"])) if found else config

    def kept(self) -> dict[str, Tensor]:
        """Which library it is."""
        return {"library": torch.tensor(list(bytes.fromhex(library_hash(self.library))), dtype=torch.uint8)}

    def take_back(self, tensors: dict[str, Tensor]) -> None:
        """Raises ``RequestError`` for another library than that of the checkpoint."""
        if bytes(tensors["library"].tolist()).hex() != library_hash(self.library):
            raise RequestError("This training has learnt from other building blocks: name the same --data.", "data")

    def order(self, rng: np.random.Generator) -> Iterator[NDArray]:
        """Blocks at random, large ones more rarely; in every second epoch beside blocks that are like them."""
        rows = rng.permutation(self.rows[rng.random(len(self.rows)) < self.chance])
        if self.epoch % 2:
            size = np.where(self.library.kind == NODE, self.library.n_points, 100 + self.library.n_atoms)[rows]
            rows = rows[np.argsort(size + rng.uniform(0, _ALIKE, len(rows)))]
        batches = np.array_split(rows, math.ceil(len(rows) / self.config.batch))
        yield from (batches[k] for k in rng.permutation(len(batches)))

    def batch(self, rows: NDArray, rng: np.random.Generator) -> Blocks:
        """These blocks."""
        chosen = list(groups(places(self.library)[rows]))
        graphs = [BlockGraphs.of(self.library, rows[some], self.device) for some in chosen]
        return Blocks(graphs, self.truth.take(torch.as_tensor(rows[np.concatenate(chosen)], device=self.device)))

    def loss(self, batch: Blocks, generator: torch.Generator) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Of two disturbed views of each block (turning or renumbering it would not change its embedding)."""
        views = torch.cat([self._view(batch.graphs, generator) for _ in range(VIEWS)])
        truth, told = batch.truth, self.network.told(views)
        parts = {
            "contrast": contrastive(
                self.network.projected(views), truth.identity.repeat(VIEWS), self.config.temperature
            ),
            "atoms": (told.counts - truth.counts.repeat(VIEWS, 1)).square().sum(1).mean(),
            "points": cross_entropy(told.points, truth.points.repeat(VIEWS)),
            "diameter": (told.diameter - truth.diameter.repeat(VIEWS)).square().mean(),
        }
        total = parts["contrast"] + 0.2 * parts["atoms"] + 0.3 * parts["points"] + parts["diameter"]
        return total, {name: part.detach() for name, part in parts.items()}

    def _view(self, graphs: list[BlockGraphs], generator: torch.Generator) -> Tensor:
        found = []
        for some in graphs:
            sigma = self.config.noise * torch.rand(len(some), generator=generator, device=self.device)
            found.append(self.network(some.disturbed(sigma, generator)))
        return torch.cat(found)

    def embeddings(self) -> NDArray[np.float32]:
        """(L, 32) of the library, by the averaged weights."""
        with self.average.applied():
            return embed(self.network, self.library, self.device)

    @torch.no_grad()
    def validate(self, held_out: NDArray[np.int64]) -> dict[str, float]:
        """Retrieval and what embeddings tell, of shapes that were not learnt from and of disturbed blocks."""
        with self.average.applied():
            return figures(self.network, self.library, held_out, self.device)
