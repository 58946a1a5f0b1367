"""A trained MOFDiff: the generator that a campaign uses."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.candidates.batch import Candidates
from crystal_studio.design.request import DesignRequest
from crystal_studio.generators.chunks import begin
from crystal_studio.generators.mofdiff import latents
from crystal_studio.generators.mofdiff.frameworks import MOST_BLOCKS
from crystal_studio.generators.mofdiff.labels import NAMES, scaled
from crystal_studio.generators.mofdiff.network import Network
from crystal_studio.generators.mofdiff.options import MofDiffOptions
from crystal_studio.generators.mofdiff.sampler import Choice, Drawn, SamplerConfig, sample, stepping
from crystal_studio.generators.mofdiff.steering import ALIKE, Population, steered
from crystal_studio.generators.mofdiff.varying import NOISES, exchanged, noised_again, settled
from crystal_studio.generators.mofdiff.vocabulary import Vocabulary
from crystal_studio.generators.mofdiff.wanted import BlocksWanted, blocks_wanted, elements_of
from crystal_studio.generators.mofdiff.weights import Scale, read
from crystal_studio.generators.protocol import CancelToken, ModelCard
from crystal_studio.generators.requests import check_targets
from crystal_studio.generators.weights import loading
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.building import Built, build, joined
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.contacts import shipped_contacts
from crystal_studio.mof.library import shipped_blocks
from crystal_studio.mof.whole import whole_atoms

ROUNDS = 6
"""How often a framework is drawn at most whose blocks do not meet, or not without a clash."""
DEFAULT_STEPS = 40
_SETTLING = 1.0
"""Steps that find the places of named blocks, as a share of those before."""
_LATENT_STEPS = 50
_TRIES = 64
"""Latents drawn for each that is used, where metals or numbers of blocks are asked for."""
_AT_ONCE = 64
"""Frameworks that go through the network together."""


@dataclass
class Tally:
    """What became of frameworks that were drawn: how many balanced by each block's likeliest entry, how many met as
    they were drawn, how many hold together once their gaps are closed, and why the others do not."""

    drawn: int = 0
    at_once: int = 0
    as_drawn: int = 0
    made: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, at_once: NDArray[np.bool_], built: Built) -> None:
        """Count some more."""
        self.drawn += len(at_once)
        self.at_once += int(at_once.sum())
        self.as_drawn += int(built.as_drawn.sum())
        self.made += int(built.made.sum())
        self.reasons.update(reason for reason in built.reason if reason)


class MofDiff:
    """The generator of one folder ``models/<name>``; see ``generators/protocol.py``."""

    chunk_size = 64
    rounds = ROUNDS

    def __init__(
        self,
        card: ModelCard,
        network: Network,
        vocabulary: Vocabulary,
        scale: Scale,
        library: BlockLibrary,
        device: str,
    ) -> None:
        self.card, self.device, self.library = card, device, library
        self.network = network.to(device).eval()
        self.vocabulary = vocabulary.to(device)
        self.scale = scale[0].to(device), scale[1].to(device)

    @staticmethod
    def load(folder: Path, card: ModelCard, device: str) -> MofDiff:
        """Read weights; raises ``ModelError`` if they are missing, damaged or do not match their card or the blocks."""
        library = shipped_blocks()
        with loading(folder, card):
            config, vocabulary, scale, weights = read(folder, library)
            network = Network(config, vocabulary)
            network.load_state_dict(weights)
        return MofDiff(card, network, vocabulary, scale, library, device)

    def check(self, request: DesignRequest) -> None:
        """Raise ``RequestError`` where the model cannot answer the request."""
        check_targets(request, self.card)
        blocks_wanted(request, self.library)

    def sample(
        self,
        request: DesignRequest,
        chunk: int,
        cancel: CancelToken | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Candidates:
        """The candidates of one chunk; one whose blocks do not meet after ``rounds`` draws is given as it is, for the
        funnel to reject."""
        made = self.sample_coarse(request, chunk, cancel, progress)
        return whole_atoms(made, self.library)

    def sample_coarse(
        self,
        request: DesignRequest,
        chunk: int,
        cancel: CancelToken | None = None,
        progress: Callable[[int, int], None] | None = None,
        tally: Tally | None = None,
    ) -> CoarseMofs:
        """The same, not yet in atoms; ``tally`` counts what became of all that were drawn."""
        count, rng, generator = begin(request, chunk, self.chunk_size, self.device)
        options, blocks = MofDiffOptions.of(request), blocks_wanted(request, self.library)
        labels = torch.as_tensor(scaled(_targets(request, count, rng)), device=self.device)
        bench = _Bench(self, options, blocks, rng, generator, tally if tally is not None else Tally(), cancel, progress)
        if request.targets and options.best_of > 1:
            population = Population(self.library, request.targets, max(2, count // ALIKE))
            groups = math.ceil(count * options.best_of / min(count, _AT_ONCE))
            bench.total = groups * (bench.each + 1)
            made = steered(
                count,
                options.best_of,
                population,
                lambda size: bench.drawn(labels[torch.arange(size, device=labels.device) % count])[1],
                bench.varied,
                rng,
            )
        else:
            made = self._drawn_again(count, labels, bench)
        bench.end()
        return replace(made, name=np.array([f"{chunk * self.chunk_size + i}" for i in range(count)], object))

    def _drawn_again(self, count: int, labels: Tensor, bench: _Bench) -> CoarseMofs:
        """One framework for each row of labels (count, P), drawn until it holds together or ``rounds`` are over."""
        kept: dict[int, CoarseMofs] = {}
        gaps, holds = np.full(count, np.inf), np.zeros(count, bool)
        waiting = np.arange(count)
        for _ in range(self.rounds):
            bench.total += math.ceil(len(waiting) / _AT_ONCE) * (bench.each + 1)
            rows, built = bench.drawn(labels[waiting])
            for row, i in enumerate(waiting[rows].tolist()):
                if i not in kept or built.made[row] or built.widest[row] < gaps[i]:
                    kept[i], gaps[i] = built.mofs.take(np.array([row])), built.widest[row]
                holds[i] |= built.made[row]
            waiting = np.flatnonzero(~holds)
            if not len(waiting):
                break
        return CoarseMofs.concatenate(kept[i] for i in range(count))

    def latents(
        self, labels: Tensor, options: MofDiffOptions, blocks: BlocksWanted, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """z (B, latent) and numbers of blocks (B,) for labels (B, P)."""
        size = len(labels)

        def make(count: int) -> Tensor:
            told = labels.repeat_interleave(count // size, 0)
            return latents.draw(self.network, told, generator, options.guidance, _LATENT_STEPS)

        held = self.vocabulary.metals.any(0)
        metals = torch.as_tensor(blocks.metals, device=self.device) | ~held
        counts = torch.zeros(MOST_BLOCKS, dtype=torch.bool, device=self.device)
        counts[torch.as_tensor(blocks.counts, device=self.device) - 1] = True
        wanted = latents.Wanted(metals, blocks.required, counts)
        with torch.no_grad():
            z = latents.chosen(self.network, make, size, _TRIES, wanted, generator)
        z = latents.searched(self.network, z, labels, options.search)
        return z, latents.block_counts(self.network, z, wanted, generator)


@dataclass
class _Bench:
    """Where the frameworks of one chunk are made: what is asked for, sources of chance, and how far it has come."""

    model: MofDiff
    options: MofDiffOptions
    blocks: BlocksWanted
    rng: np.random.Generator
    generator: torch.Generator
    tally: Tally
    cancel: CancelToken | None
    progress: Callable[[int, int], None] | None
    total: int = 0
    done: int = 0

    def __post_init__(self) -> None:
        library, steps = self.model.library, self.options.steps or DEFAULT_STEPS
        self.config = SamplerConfig(steps, settling=max(1, round(_SETTLING * steps)))
        self.each = self.config.steps + self.config.settling
        allowed = torch.as_tensor(self.blocks.allowed, device=self.model.device)
        self.choice = Choice(allowed, *_with_organic(self.blocks, library), shipped_contacts())
        self._step = stepping(self.cancel, self._tick)

    def _tick(self) -> None:
        self.done = min(self.done + 1, self.total)
        if self.progress is not None:
            self.progress(self.done, self.total)

    def end(self) -> None:
        """All is made."""
        if self.progress is not None:
            self.progress(self.total, self.total)

    def drawn(self, labels: Tensor) -> tuple[NDArray[np.int64], Built]:
        """One framework from noise for each row of labels (B, P), and the rows that they belong to."""
        model = self.model
        z, n_blocks = model.latents(labels, self.options, self.blocks, self.generator)
        order = n_blocks.cpu().numpy().argsort(kind="stable")
        built = []
        for rows in np.array_split(order, math.ceil(len(order) / _AT_ONCE)):
            drawn = sample(
                model.network,
                model.vocabulary,
                model.scale,
                z[rows],
                n_blocks[rows],
                self.choice,
                self.config,
                self.generator,
                self._step,
            )
            built.append(self._build(drawn))
        return order, joined(built)

    def varied(self, parents: CoarseMofs) -> Built:
        """One framework like each of ``parents``, half of them with a block exchanged, if it can be."""
        model, half = self.model, len(parents) // 2
        swapped, done = exchanged(parents.take(np.arange(half)), self.choice, self.rng)
        again = CoarseMofs.concatenate(
            [swapped.take(np.flatnonzero(~done)), parents.take(np.arange(half, len(parents)))]
        )
        swapped = swapped.take(np.flatnonzero(done))
        built = []
        if len(swapped):
            drawn = settled(model.network, swapped, self.choice, self.config, self.generator, self._step)
            built.append(self._build(drawn))
        if len(again):
            times = NOISES[int(self.rng.integers(len(NOISES)))]
            drawn = noised_again(
                model.network, model.vocabulary, again, self.choice, self.config, self.generator, times, self._step
            )
            built.append(self._build(drawn))
        return joined(built)

    def _build(self, drawn: Drawn) -> Built:
        model = self.model
        built = build(drawn.mofs, model.library, int(self.rng.integers(2**31)), model.device)
        self._step()
        self.tally.add(drawn.at_once, built)
        return built


def _with_organic(blocks: BlocksWanted, library: BlockLibrary) -> tuple[NDArray[np.int64], int, int]:
    """What blocks hold of what is required, that, and that with carbon and hydrogen, which any framework is to have."""
    holds, wished = blocks.holds.copy(), blocks.must
    elements = elements_of(library)
    for bit, number in ((1 << 8, 6), (1 << 9, 1)):
        if elements[blocks.allowed, number].any():
            holds, wished = holds | bit * elements[:, number], wished | bit
    return holds, blocks.must, wished


def _targets(request: DesignRequest, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(count, P) values to aim at, uniform in the range of each target, NaN without one."""
    values = np.full((count, len(NAMES)), np.nan)
    for target in request.targets:
        values[:, NAMES.index(target.name)] = rng.uniform(target.low, target.high, count)
    return values
