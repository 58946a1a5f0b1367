"""New labels for a MOFDiff that is trained: what z says of them, and the prior that is told them, on the z of a network
that stays as it is."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.generators.mofdiff.labels import LABELS, unscaled
from crystal_studio.generators.mofdiff.network import Network
from crystal_studio.generators.mofdiff.objective import prior_loss
from crystal_studio.generators.mofdiff.vocabulary import Vocabulary
from crystal_studio.mof.alike import alike
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.training.mofdiff_data import Examples, batch_of, exchanged

COPIES = 1
"""How often each framework is shown with blocks exchanged, beside once as it is."""
_BATCH = 128
_DECAY = 0.05
"""Of weights (AdamW)."""
_LOOKS = 20
"""How often, at most, the held-out frameworks are looked at; what was best there in the second half is kept (before,
the prior does not know a new label yet, and may tell the others better for it)."""
_LEARNT = ("labels_of.", "prior_in.", "prior_layers.", "prior_out.")


@dataclass(frozen=True)
class Encoded:
    """z of N frameworks: mean and deviation (N, latent), scaled labels (N, P)."""

    mean: Tensor
    deviation: Tensor
    labels: Tensor

    def drawn(self, rows: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """z and labels of some."""
        noise = torch.randn(len(rows), self.mean.shape[1], generator=generator, device=self.mean.device)
        return self.mean[rows] + self.deviation[rows] * noise, self.labels[rows]


@torch.no_grad()
def encoded(
    network: Network,
    examples: Examples,
    vocabulary: Vocabulary,
    scale: tuple[NDArray[np.float64], NDArray[np.float64]],
    device: str,
) -> Encoded:
    """By the encoder of a network."""
    parts = []
    for rows in np.array_split(np.arange(len(examples)), max(1, math.ceil(len(examples) / _BATCH))):
        given = batch_of(examples.take(rows), vocabulary, scale, device).given
        mean, log_variance = network.encode(given)
        parts.append((mean, (0.5 * log_variance).exp(), given.labels))
    return Encoded(*(torch.cat(column) for column in zip(*parts, strict=True)))


def shown(examples: Examples, library: BlockLibrary, share: float, seed: int) -> list[Examples]:
    """The frameworks as they are, and ``COPIES`` times with blocks exchanged."""
    rng, others = np.random.default_rng(seed), alike(library)
    return [examples, *(exchanged(examples, others, library.kind, rng, share) for _ in range(COPIES))]


def joined(parts: list[Encoded]) -> Encoded:
    """One behind the other."""
    return Encoded(*(torch.cat([getattr(part, name) for part in parts]) for name in ("mean", "deviation", "labels")))


def learn(
    network: Network,
    training: Encoded,
    held_out: Encoded,
    steps: int,
    rate: float,
    seed: int,
    report: Callable[[dict[str, float]], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, float]:
    """Teach the property heads and the prior, in place; head and prior are each left as they were best on frameworks
    held out. Returns the last figures of ``report``: losses of both on those."""
    own = {name: p for name, p in network.named_parameters() if name.startswith(_LEARNT)}
    optimiser = torch.optim.AdamW(own.values(), lr=rate, weight_decay=_DECAY)
    generator = torch.Generator(training.mean.device).manual_seed(seed)
    best: dict[str, float] = {}
    kept: dict[str, dict[str, Tensor]] = {}
    row: dict[str, float] = {}

    def look(step: int) -> None:
        fixed = torch.Generator(training.mean.device).manual_seed(0)
        with torch.no_grad():
            z, labels = held_out.drawn(torch.arange(len(held_out.labels)), fixed)
            found = {
                "labels": float(label_loss(network, z, labels)),
                "prior": float(prior_loss(network, z.repeat(8, 1), labels.repeat(8, 1), fixed)),
            }
        for part, starts in (("labels", _LEARNT[:1]), ("prior", _LEARNT[1:])):
            if step >= steps // 2 and found[part] <= best.get(part, math.inf):
                best[part] = found[part]
                kept[part] = {k: copy.deepcopy(v.data) for k, v in own.items() if k.startswith(starts)}
        row.update({"step": step} | {f"val_{k}": v for k, v in found.items()})
        if report is not None:
            report(dict(row))

    look(0)
    for step in range(1, steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * (step - 1) / steps))
        rows = torch.randint(len(training.labels), (_BATCH,), generator=generator, device=training.mean.device)
        z, labels = training.drawn(rows, generator)
        loss = label_loss(network, z, labels) + prior_loss(network, z, labels, generator)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if step % max(1, steps // _LOOKS) == 0 or step == steps:
            look(step)
        if stop():
            break
    with torch.no_grad():
        for part in kept.values():
            for name, value in part.items():
                own[name].copy_(value)
    return {"step": row["step"]} | {f"val_{k}": v for k, v in best.items()}


def label_loss(network: Network, z: Tensor, labels: Tensor) -> Tensor:
    """Mean squared error of what z says."""
    there = labels.isfinite()
    off = torch.where(there, network.told(z).labels - labels.nan_to_num(0.0), 0.0)
    return off.square().sum() / there.sum().clamp_min(1)


@torch.no_grad()
def errors(network: Network, held_out: Encoded) -> dict[str, dict[str, float]]:
    """Of each label known of the frameworks held out: how many, mean absolute error (in its unit) of what the mean of
    z says, the mean absolute deviation of the label itself, and the rank correlation."""
    from scipy.stats import spearmanr

    told = unscaled(network.told(held_out.mean).labels.cpu().numpy())
    truth = unscaled(held_out.labels.cpu().numpy())
    found = {}
    for k, label in enumerate(LABELS):
        there = np.isfinite(truth[:, k])
        if there.sum() < 3:
            continue
        value, said = truth[there, k], told[there, k]
        found[label.name] = {
            "frameworks": int(there.sum()),
            "mae": round(float(np.abs(said - value).mean()), 4),
            "deviation": round(float(np.abs(value - np.median(value)).mean()), 4),
            "rank_correlation": round(float(spearmanr(said, value).statistic), 3),
        }
    return found
