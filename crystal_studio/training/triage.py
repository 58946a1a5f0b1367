"""Training of the ensemble that says what relaxation makes of a crystal: behind ``crystal-studio train triage``.

It learns from projects: their candidates as generated, and the energies that a campaign has relaxed them to.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from crystal_studio.analysis import enrichment
from crystal_studio.errors import RequestError
from crystal_studio.potentials import registry
from crystal_studio.properties import calibration, triage_storage
from crystal_studio.properties.elemental import table
from crystal_studio.properties.triage_ensemble import LIMITS, Calibration, Expected, Seen, expected_of
from crystal_studio.properties.triage_network import Size, TriageNetwork, logits
from crystal_studio.properties.unrelaxed import SHOWN, bent
from crystal_studio.training import checkpoint
from crystal_studio.training.budget import Budget
from crystal_studio.training.relaxed import Relaxed, relaxed
from crystal_studio.training.schedule import set_rate, warmed_by_share

TRAIN, CALIBRATION, HELD_OUT = range(3)
_TWENTIETHS = 20
TAUGHT = (0.0, 0.05, 0.1)
"""eV/atom above the hull at which the chance is taught beside the energy."""
_STABLE = LIMITS.index(0.0)


@dataclass(frozen=True)
class TriageConfig:
    """What one ensemble is trained with.

    max_minutes : of processor time, shared evenly by the members
    chance : weight of the cross-entropy at ``TAUGHT`` beside the likelihood of the energy
    """

    hidden: int = 128
    layers: int = 2
    dropout: float = 0.2
    members: int = 5
    epochs: int = 60
    batch: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    chance: float = 1.0
    max_minutes: float = 60.0
    potential: str = "chgnet"
    seed: int = 0


def parts(systems: Sequence[str] | NDArray[np.str_]) -> NDArray[np.int64]:
    """Which part each crystal belongs to, by its chemical system: three twentieths of the systems calibrate, two are
    held out."""
    code = np.array([zlib.crc32(str(s).encode()) % _TWENTIETHS for s in systems], np.int64)
    return np.where(code < 2, HELD_OUT, np.where(code < 5, CALIBRATION, TRAIN))


def loss(output: Tensor, energy: Tensor, stopped: Tensor, chance: float) -> Tensor:
    """Of centre and log scale (B, 2) against bent energies (B,), of which those of ``stopped`` (B,) relaxations are
    upper bounds: negative log-likelihood, and the cross-entropy of lying at or below ``TAUGHT``.

    A relaxation is stopped where it cannot come near the hull: it does not count as stable.
    """
    z = (energy - output[:, 0]) / torch.exp(output[:, 1])
    density = z + 2 * functional.softplus(-z) + output[:, 1]
    below = functional.softplus(-z)
    limits = torch.as_tensor(bent(np.array(TAUGHT)), dtype=torch.float32)
    is_below = ((energy[:, None] <= limits) & ~stopped[:, None]).float()
    told = functional.binary_cross_entropy_with_logits(logits(output, limits), is_below, reduction="none")
    return (torch.where(stopped, below, density) + chance * told.mean(1)).mean()


def train_member(
    data: Relaxed,
    part: NDArray[np.int64],
    config: TriageConfig,
    number: int,
    report: Callable[[dict[str, float]], None] | None = None,
) -> TriageNetwork:
    """One network from its own start, its own order of the crystals and its own sample of them (with replacement)."""
    rng = np.random.default_rng([config.seed, number])
    torch.manual_seed(config.seed * 1000 + number)
    rows = np.flatnonzero(part == TRAIN)
    values = torch.as_tensor(data.crystals.values)
    energy = torch.as_tensor(bent(data.e_hull), dtype=torch.float32)
    stopped = torch.as_tensor(data.stopped)
    network = TriageNetwork(_size(data, config))
    seen = data.crystals.values[rows]
    network.centre[:], network.spread[:] = torch.as_tensor(seen.mean(0)), torch.as_tensor(seen.std(0) + 1e-3)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    batch = min(config.batch, len(rows))
    steps = max(1, config.epochs * len(rows) // batch)
    budget = Budget(config.max_minutes / config.members, clock=time.process_time)
    total, last = 0.0, 0
    for step in range(steps):
        done = max(step / steps, budget.share)
        if done >= 1:
            break
        set_rate(optimiser, config.learning_rate * warmed_by_share(done, 0.1, 1e-3))
        with budget.spending():
            some = torch.as_tensor(rng.choice(rows, batch, replace=False))
            value = loss(network(values[some]), energy[some], stopped[some], config.chance)
            optimiser.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            total += float(value.detach())
        if report and (step + 1 == steps or (step + 1) % 500 == 0):
            row = {"member": number, "done": (step + 1) / steps, "loss": total / (step + 1 - last)}
            report(row | {"minutes": budget.seconds / 60})
            total, last = 0.0, step + 1
    return network.eval()


def calibrate(
    data: Relaxed, part: NDArray[np.int64], members: Sequence[TriageNetwork]
) -> tuple[Calibration, Seen, Expected]:
    """Conformal half widths, slope and intercept of the chances, and limits of the domain; and what the members say of
    all crystals. Energies of stopped relaxations, which are bounds, do not calibrate intervals."""
    expected = expected_of(members, data.crystals.values)
    held, train = part == CALIBRATION, part == TRAIN
    z = np.where(data.stopped, np.nan, (bent(data.e_hull) - expected.centre) / expected.std)
    rows = np.flatnonzero(held)
    below = np.stack([(data.e_hull[rows] <= limit) & ~data.stopped[rows] for limit in TAUGHT], 1)
    told = expected.logit[rows][:, [LIMITS.index(limit) for limit in TAUGHT]]
    calibrated = Calibration(calibration.conformal(z[rows])[None], calibration.platt(told.ravel(), below.ravel()))
    shown = data.crystals.values[train][:, : len(SHOWN)]
    low, high = np.quantile(shown, (0.0005, 0.9995), axis=0)
    apart = np.quantile(expected.epistemic[rows], 0.995) if len(rows) else np.inf
    trained = data.crystals.elements[train].sum(0)
    single = [np.asarray(a, np.float32) for a in (trained, low, high, [apart])]
    return calibrated, Seen(*single), expected


def evaluate(data: Relaxed, expected: Expected, calibrated: Calibration, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Of the crystals named: errors and coverage of the energy, whether the chance to lie on or below the hull comes
    true, and how the ranking by it enriches those that do so and are novel."""
    true = ~data.stopped[rows]
    z = (bent(data.e_hull[rows]) - expected.centre[rows]) / expected.std[rows]
    held = {
        f"coverage_{round(100 * p)}": float(np.mean(np.abs(z[true]) <= calibration.width(calibrated.table, p)[0]))
        for p in (0.5, 0.9, 0.95)
    }
    error = np.abs(expected.energy[rows] - data.e_hull[rows])[true]
    slope, intercept = calibrated.chance
    chance = 1 / (1 + np.exp(-(slope * expected.logit[rows][:, _STABLE] + intercept)))
    stable = (data.e_hull[rows] <= 0) & true
    hits = stable & data.novel[rows]
    found: dict[str, Any] = {"count": len(rows), "mae": float(error.mean()), "median_error": float(np.median(error))}
    found |= held | {
        "stable": float(stable.mean()),
        "calibration_error": enrichment.calibration_error(chance, stable),
        "roc_area_0": calibration.separation(np.where(stable, -1.0, 1.0), -chance, 0.0),
        "novel_and_stable": int(hits.sum()),
    }
    ranked = enrichment.enrichment(np.where(data.novel[rows], chance, -1), hits)
    found |= {f"best_{round(100 * one.part)}": {"found": one.found.value, "rate": one.rate.value} for one in ranked}
    return found


def train(
    projects: Sequence[Path],
    out: Path,
    config: TriageConfig,
    *,
    resume: bool = False,
    report: Callable[[dict[str, float]], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train the members one after the other, calibrate, judge, and write weights and card to ``out``.

    Looks at the crystals and every finished member are kept in ``out``; with ``resume`` they are not made again.
    Returns the scores on chemical systems that were held out.
    """
    registry.check(config.potential)
    out.mkdir(parents=True, exist_ok=True)
    kept = [out / f"member-{k}.safetensors" for k in range(config.members)]
    checkpoint.check_free(out, any(p.exists() for p in kept), resume)
    began = time.process_time()
    facts = table()

    def looked(path: Path, done: int, of: int) -> None:
        if report:
            report({"looked": done / max(of, 1), "crystals": of})

    data = relaxed(projects, facts, config.potential, out / "looks", looked)
    part = parts(data.system)
    if min(int((part == p).sum()) for p in (TRAIN, CALIBRATION, HELD_OUT)) < 1:
        raise RequestError(
            f"{len(data)} relaxed candidates are too few to train, calibrate and judge on: name more projects.", "data"
        )
    members: list[TriageNetwork] = []
    for k, path in enumerate(kept):
        if path.exists():
            member = TriageNetwork(_size(data, config))
            try:
                member.load_state_dict(load_file(path))
            except RuntimeError as error:
                raise RequestError(f"{path} is of another size: name another folder, or the same size.") from error
            members.append(member.eval())
        elif not stop():
            members.append(train_member(data, part, config, k, report))
            save_file(members[-1].state_dict(), path)
    if not members:
        raise RequestError("The training was ended before its first network: start it again.")
    calibrated, seen, expected = calibrate(data, part, members)
    held = {"held-out systems": np.flatnonzero(part == HELD_OUT)}
    scores = {name: _rounded(evaluate(data, expected, calibrated, rows)) for name, rows in held.items()}
    card = {
        "title": f"What relaxation by {config.potential} makes of crystals, learned from {len(data)} of them",
        "licence": "MIT (weights)",
        "potential": config.potential,
        "data": {
            "name": ", ".join(p.stem for p in projects),
            "relaxed": len(data),
            "stopped": int(data.stopped.sum()),
            "crystals": int((part == TRAIN).sum()),
            "split": "by chemical system: three twentieths calibrate, two twentieths are held out",
        },
        "training": {
            "date": date.today().isoformat(),
            "minutes": round((time.process_time() - began) / 60, 1),
            "config": dict(config.__dict__),
        },
        "scores": scores,
    }
    triage_storage.save(out, members, _size(data, config), facts, calibrated, seen, card)
    return scores


def _size(data: Relaxed, config: TriageConfig) -> Size:
    return Size(data.crystals.values.shape[1], config.hidden, config.layers, config.dropout)


def _rounded(found: dict[str, Any]) -> dict[str, Any]:
    return {k: _rounded(v) if isinstance(v, dict) else round(v, 4) for k, v in found.items()}
