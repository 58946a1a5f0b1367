"""Training of the ensemble that predicts properties; behind ``crystal-studio train properties``."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from crystal_studio.crystal.composition import chemical_systems
from crystal_studio.data.datasets import Dataset, load
from crystal_studio.errors import FileError, RequestError
from crystal_studio.properties import calibration, storage
from crystal_studio.properties.elemental import table
from crystal_studio.properties.ensemble import FORMATION_SHIFT, HULL_SCALE, Domain, mixture_of
from crystal_studio.properties.graph import BIN_WIDTH, OrbitGraphs, build
from crystal_studio.properties.network import PropertyNetwork, Size, Tensors
from crystal_studio.properties.protocol import NAMES
from crystal_studio.training import checkpoint
from crystal_studio.training.budget import Budget
from crystal_studio.training.curve import Means
from crystal_studio.training.schedule import set_rate, warmed_by_share

TRAIN, CALIBRATION, HELD_OUT, VALIDATION = range(4)
_TWENTIETHS = 20


@dataclass(frozen=True)
class PropertyConfig:
    """What one ensemble is trained with.

    max_minutes : of processor time, shared evenly by the members; the learning rate falls with it
    usual_pairs : pairs of orbits up to which a crystal is seen every epoch, larger ones in proportion more rarely
    augment : share of crystals whose distances are disturbed: a strain of 2% for all, 3% a pair of orbits
    """

    size: Size = field(default_factory=lambda: Size(64, 2))
    members: int = 5
    epochs: int = 12
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    max_minutes: float = 60.0
    usual_pairs: int = 60
    augment: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class LabelledGraphs:
    """Graphs with labels (B, 3), part (B,) and number of the file (B,) that each came from."""

    graphs: OrbitGraphs
    labels: NDArray[np.float64]
    part: NDArray[np.int64]
    source: NDArray[np.int64]


def parts(dataset: Dataset) -> NDArray[np.int64]:
    """Which part each crystal belongs to, by its chemical system: all crystals of a system go the same way.

    A twentieth of the systems calibrate, a twentieth are held out; rows whose column ``split`` says val are
    validation, whatever their system.
    """
    code = np.array([zlib.crc32(s.encode()) % _TWENTIETHS for s in chemical_systems(dataset.structures)])
    part = np.where(code == 0, HELD_OUT, np.where(code == 1, CALIBRATION, TRAIN))
    if "split" in dataset.columns:
        part = np.where(dataset.columns["split"].astype(str) == "val", VALIDATION, part)
    return part


def labelled(paths: Sequence[Path]) -> LabelledGraphs:
    """Graphs and labels of data files; ``FileError`` where a file has no column of a property."""
    graphs, labels, part, source = [], [], [], []
    for number, path in enumerate(paths):
        dataset = load(path)
        there = [name for name in NAMES if name in dataset.columns]
        if not there:
            raise FileError(f"{path} has none of the columns {', '.join(NAMES)}: add what is to be learned.")
        columns = [np.asarray(dataset.columns.get(name, np.full(len(dataset), np.nan)), float) for name in NAMES]
        graphs.append(build(dataset.structures))
        labels.append(np.stack(columns, 1))
        part.append(parts(dataset))
        source.append(np.full(len(dataset), number))
    return LabelledGraphs(
        OrbitGraphs.concatenate(graphs), np.concatenate(labels), np.concatenate(part), np.concatenate(source)
    )


def _nll(mean: Tensor, log_scale: Tensor, target: Tensor) -> Tensor:
    """Gaussian log-likelihood weighted by the standard deviation, so that hard crystals are learned too
    (Seitzer et al., ICLR 2022, beta = 1/2); mean over the crystals that have the label."""
    known = torch.isfinite(target)
    variance = torch.exp(2 * log_scale[known].clamp(-10, 4)) + 1e-6
    each = 0.5 * ((target[known] - mean[known]) ** 2 / variance + torch.log(variance))
    return (each * variance.detach().sqrt()).sum() / len(target)


def loss(output: Tensor, labels: Tensor) -> Tensor:
    """Of the seven outputs (B, 7) against labels (B, 3); the gap of metals teaches the classifier only."""
    gap = labels[:, 2]
    is_known, metal = torch.isfinite(gap), (gap <= 0).float()
    logits = functional.binary_cross_entropy_with_logits(output[is_known, 4], metal[is_known], reduction="sum")
    return (
        _nll(output[:, 0], output[:, 1], labels[:, 0] + FORMATION_SHIFT)
        + _nll(output[:, 2], output[:, 3], labels[:, 1] * HULL_SCALE)
        + _nll(output[:, 5], output[:, 6], torch.where(gap > 0, gap, torch.nan))
        + 0.5 * logits / len(gap)
    )


def disturbed(batch: Tensors, share: float, generator: torch.Generator) -> Tensors:
    """Some crystals with other distances and the same labels: generated crystals are not relaxed ones.

    The bins of a radial distribution are even in the logarithm of the distance: a strain shifts them.
    """
    n = batch.count
    chosen = (torch.rand(n, generator=generator) < share).float()
    strain = 0.02 * torch.randn(n, generator=generator) * chosen
    owner = batch.crystal[batch.receiver]
    each = 0.03 * torch.randn(len(owner), generator=generator) * chosen[owner] + strain[owner]
    shift = (each / BIN_WIDTH).clamp(-1, 1)[:, None]
    up = functional.pad(batch.radial, (1, 0))[:, :-1]
    down = functional.pad(batch.radial, (0, 1))[:, 1:]
    radial = batch.radial * (1 - shift.abs()) + up * shift.clamp_min(0) + down * (-shift).clamp_min(0)
    whole = batch.whole + strain[:, None] * torch.tensor([3.0, -3.0, 1.0])
    return Tensors(n, batch.crystal, batch.numbers, batch.weight, batch.receiver, batch.sender, radial, whole)


def train_member(
    data: LabelledGraphs,
    config: PropertyConfig,
    number: int,
    report: Callable[[dict[str, float]], None] | None = None,
) -> PropertyNetwork:
    """One network from its own start and its own order of the crystals."""
    rows = np.flatnonzero(data.part == TRAIN)
    if not len(rows):
        raise FileError("No crystal is left to train on: give more data.")
    torch.manual_seed(config.seed * 1000 + number)
    generator = torch.Generator().manual_seed(config.seed * 1000 + number)
    rng = np.random.default_rng([config.seed, number])
    network = PropertyNetwork(config.size, table())
    whole = data.graphs.whole[rows]
    network.centre[:], network.spread[:] = torch.tensor(whole.mean(0)), torch.tensor(whole.std(0) + 1e-3)
    pairs = np.maximum(np.diff(data.graphs.edge_offsets)[rows], 1)
    chance = np.minimum(1, config.usual_pairs / pairs)
    batch = min(config.batch, len(rows))
    steps = max(1, int(config.epochs * chance.sum() / batch))
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    # Processor time: members trained while the machine is busy with other work get as much of it.
    budget = Budget(config.max_minutes / config.members, clock=time.process_time)
    step, done = 0, 0.0
    while done < 1:
        chosen = rng.permutation(rows[rng.random(len(rows)) < chance])
        if len(chosen) < batch:
            chosen = rng.permutation(rows)
        means = Means()
        for start in range(0, len(chosen) - batch + 1, batch):
            done = max(step / steps, budget.share)
            if done >= 1:
                break
            set_rate(optimiser, config.learning_rate * warmed_by_share(done, 0.1, 1e-3))
            with budget.spending():
                some = chosen[start : start + batch]
                tensors = disturbed(Tensors.of(data.graphs.take(some)), config.augment, generator)
                value = loss(network(tensors), torch.as_tensor(data.labels[some], dtype=torch.float32))
                optimiser.zero_grad()
                value.backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimiser.step()
                step += 1
                means.add({"loss": value.detach()}, batch)
        if report and means.count:
            minutes = budget.seconds / 60
            report({"member": number, "done": min(done, 1.0), **means.values(), "minutes": minutes})
    return network.eval()


def calibrate(data: LabelledGraphs, members: Sequence[PropertyNetwork]) -> tuple[NDArray[np.float64], Domain]:
    """Conformal half widths (3, 100) and limits of the domain."""
    train, held = data.part == TRAIN, np.flatnonzero(data.part == CALIBRATION)
    mixture = mixture_of(members, data.graphs.take(held))
    z = (data.labels[held] - mixture.mean) / mixture.std
    widths = np.stack([calibration.conformal(z[:, p]) for p in range(len(NAMES))])
    graphs = data.graphs
    seen = np.unique(graphs.site_crystal * 119 + graphs.numbers)
    trained = np.bincount(seen[train[seen // 119]] % 119, minlength=119)
    low, high = np.quantile(graphs.whole[train], (0.0005, 0.9995), axis=0)
    limit = np.quantile(mixture.epistemic, 0.995, axis=0) if len(held) else np.full(len(NAMES), np.inf)
    single = [np.asarray(a, np.float32) for a in (trained, low, high, limit)]
    return widths, Domain(*single)


def evaluate(
    data: LabelledGraphs, members: Sequence[PropertyNetwork], widths: NDArray[np.float64], files: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scores by set and property, and the curves of observed coverage behind the calibration plot."""
    sets = {"validation": data.part == VALIDATION, "held-out systems": data.part == HELD_OUT}
    for k, name in enumerate(files):
        sets[f"held-out systems of {name}"] = (data.part == HELD_OUT) & (data.source == k)
    results: dict[str, Any] = {}
    curves: dict[str, Any] = {"levels": calibration.LEVELS.round(4).tolist()}
    for name, mask in sets.items():
        rows = np.flatnonzero(mask)
        if not len(rows):
            continue
        mixture = mixture_of(members, data.graphs.take(rows))
        results[name], curves[name] = {}, {}
        for p, label in enumerate(NAMES):
            truth = data.labels[rows, p]
            found = calibration.scores(truth, mixture.mean[:, p], mixture.std[:, p], widths[p])
            if p == 2 and found["count"]:
                known = np.isfinite(truth)
                found["metal_accuracy"] = float(((mixture.metal > 0.5) == (truth <= 0))[known].mean())
            if label == "e_above_hull" and found["count"]:
                found["roc_area_0.1"] = calibration.separation(truth, mixture.mean[:, p], 0.1)
            results[name][label] = {k: round(v, 5) for k, v in found.items() if v == v}
            error, std = truth - mixture.mean[:, p], mixture.std[:, p]
            one = calibration.width(widths, calibration.ONE_SIGMA)[p]
            z = error / std
            curves[name][label] = {
                "before": calibration.coverage(z, calibration.gaussian(calibration.LEVELS)).round(4).tolist(),
                "after": calibration.coverage(z, widths[p]).round(4).tolist(),
                "reliability": calibration.reliability(error, one * std),
            }
    return results, curves


def train(
    files: Sequence[Path],
    out: Path,
    config: PropertyConfig,
    *,
    resume: bool = False,
    report: Callable[[dict[str, float]], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train the members one after the other, calibrate, judge, and write weights, card and curves to ``out``.

    Every finished member is kept in ``out``; with ``resume`` those are not trained again. Returns the scores.
    """
    out.mkdir(parents=True, exist_ok=True)
    kept = [out / f"member-{k}.safetensors" for k in range(config.members)]
    checkpoint.check_free(out, any(p.exists() for p in kept), resume)
    began = time.process_time()
    data = labelled(files)
    members: list[PropertyNetwork] = []
    for k, path in enumerate(kept):
        if path.exists():
            member = PropertyNetwork(config.size, table())
            try:
                member.load_state_dict(load_file(path))
            except RuntimeError as error:
                raise RequestError(f"{path} is of another size: name another folder, or the same size.") from error
            members.append(member.eval())
        elif not stop():
            members.append(train_member(data, config, k, report))
            save_file(members[-1].state_dict(), path)
    if not members:
        raise RequestError("The training was ended before its first network: start it again.")
    widths, domain = calibrate(data, members)
    scores, curves = evaluate(data, members, widths, [f.stem for f in files])
    card = {
        "title": f"Properties learned from {', '.join(f.name for f in files)}",
        "licence": "MIT (weights); see data for the licence of the training data",
        "data": {"files": [f.name for f in files], "crystals": int((data.part == TRAIN).sum())},
        "training": {
            "date": date.today().isoformat(),
            "minutes": round((time.process_time() - began) / 60, 1),
            "config": {k: v for k, v in config.__dict__.items() if isinstance(v, int | float)},
        },
        "scores": scores,
    }
    storage.save(out, members, config.size, widths, domain, card)
    (out / "calibration.json").write_text(json.dumps(curves) + "\n")
    return scores
