"""From a data file to SymmCD's model folder: splits, features and labels, the training, weights and card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.lattice import densities
from crystal_studio.crystal.normalizers import equivalents
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.data.datasets import Dataset, load
from crystal_studio.errors import FileError
from crystal_studio.evaluation.validity import compositionally_valid
from crystal_studio.generators.symmcd import weights as model
from crystal_studio.generators.symmcd.labels import NAMES, WIDTH
from crystal_studio.generators.symmcd.representation import Features, compact, encode, usable
from crystal_studio.training import checkpoint
from crystal_studio.training.symmcd import TrainConfig, Trainer, TrainingSet

MAX_ORBITS = 24


def held_units(dataset: Dataset) -> tuple[AsymmetricUnits, NDArray[np.bool_]]:
    """Asymmetric units of the crystals that the model can hold, and which those are (B,)."""
    units, ok, _ = to_asymmetric_units(dataset.structures)
    keep = ok & usable(units) & (units.n_orbits <= MAX_ORBITS)
    if not keep.any():
        raise FileError("No crystal of the data can be trained on: each failed the symmetry search or is too large.")
    units = units.take(keep)
    width = int(units.n_orbits.max())
    cut = {name: getattr(units, name)[:, :width] for name in ("numbers", "wyckoff", "positions")}
    return replace(units, **cut), keep


def prepare(dataset: Dataset) -> Features:
    """Features of the crystals that the model can hold; raises ``FileError`` if none can be held."""
    return encode(held_units(dataset)[0])


def label_values(dataset: Dataset) -> NDArray[np.float64]:
    """(B, 4) property labels in the order of ``LABELS``: columns of the data, the density computed."""
    values = np.full((len(dataset), len(NAMES)), np.nan)
    for i, name in enumerate(NAMES):
        if name == "density":
            values[:, i] = densities(dataset.structures)
        elif name in dataset.columns:
            values[:, i] = np.asarray(dataset.columns[name], float)
    return values


def training_set(main: Dataset, extra: Dataset | None = None, augment: int = 1) -> TrainingSet:
    """Features and labels; each crystal in ``augment`` equivalent descriptions.

    The first description is the standardised one, the others are drawn at random, with the seed 42.
    Crystals of ``extra`` need a column ``e_above_hull``: they are only shown with it.
    """
    parts, labels, flags, valid = [], [], [], []
    for dataset, is_extra in ((main, False), (extra, True)):
        if dataset is None:
            continue
        units, keep = held_units(dataset)
        parts.append(units)
        labels.append(label_values(dataset)[keep])
        valid.append(compositionally_valid(dataset.structures.take(keep)).astype(np.int64))
        flags.append(np.full(int(keep.sum()), is_extra))
    units, balanced = AsymmetricUnits.concatenate(parts), np.concatenate(valid)
    values, extras = np.concatenate(labels), np.concatenate(flags)
    known = ~extras | np.isfinite(values[:, NAMES.index("e_above_hull")])
    if not known.all():
        units, values, extras, balanced = units.take(known), values[known], extras[known], balanced[known]
    rng = np.random.default_rng(42)
    variants = (compact(encode(u)) for u in (units, *(equivalents(units, rng) for _ in range(augment - 1))))
    return TrainingSet(tuple(variants), values, extras if extras.any() else None, balanced)


def splits(path: Path, seed: int) -> tuple[Dataset, Dataset | None]:
    """Training and validation rows: by the column ``split`` if the file has one, else 95 to 5 at random."""
    dataset = load(path)
    if "split" in dataset.columns:
        names = dataset.columns["split"].astype(str)
        validation = dataset.take(names == "val") if (names == "val").any() else None
        return dataset.take(names == "train"), validation
    order = np.random.default_rng(seed).permutation(len(dataset))
    held = len(dataset) // 20
    if not held:
        return dataset, None
    return dataset.take(np.sort(order[held:])), dataset.take(np.sort(order[:held]))


def train(
    data: Path,
    out: Path,
    config: TrainConfig,
    *,
    device: str = "cpu",
    resume: bool = False,
    extra: Path | None = None,
    augment: int = 1,
    start: Path | None = None,
    source: dict[str, Any] | None = None,
    report: Callable[[dict[str, float]], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train SymmCD on a data file and write checkpoint, curve, weights and card to ``out``.

    With ``resume`` the checkpoint in ``out`` is carried on, network size included;
    without it a folder that holds one is refused. ``extra`` names crystals unlike those of ``data`` that are
    only shown with their energy above hull, ``augment`` how many equivalent descriptions each crystal gets,
    ``start`` the folder of a model to begin with (fine-tuning). Returns the last row of the learning curve.
    """
    checkpoint.check_free(out, (out / checkpoint.NAME).exists(), resume)
    training, validation = splits(data, config.seed)
    data_set = training_set(training, load(extra) if extra else None, augment)
    config = replace(config, network=replace(config.network, labels=WIDTH))
    if resume:
        config = Trainer.saved_network(out, config)
    elif start is not None:
        config = replace(config, network=model.network_config(start))
    trainer = Trainer(config, data_set, device)
    if resume:
        trainer.restore(out)
    elif start is not None:
        trainer.start_from(model.read_weights(start))
    rows: list[dict[str, float]] = []

    def note(row: dict[str, float]) -> None:
        rows.append(row)
        if report:
            report(row)

    trainer.run(out, prepare(validation) if validation is not None else None, note, stop)
    about = dict(source or {})
    if extra is not None and data_set.extra is not None:
        about |= {"extra_file": extra.name, "extra_crystals": int(data_set.extra.sum())}
    if start is not None:
        about |= {"started_from": start.name}
    write_model(trainer, out, data.name, len(data_set.main), about, rows[-1] if rows else {})
    return rows[-1] if rows else {}


def write_model(
    trainer: Trainer, out: Path, data: str, crystals: int, source: dict[str, Any], last: dict[str, float]
) -> None:
    """The averaged weights and their card, beside the checkpoint."""
    known = trainer.data.balanced
    if known is not None and trainer.data.extra is not None:
        known = known[~trainer.data.extra]
    card = {
        "title": f"SymmCD trained on {data}",
        "licence": "MIT (weights); see data for the licence of the training data",
        "data": {"file": data, "crystals": crystals, **source},
        "limits": {} if known is None else {"neutral_share": round(float(known.mean()), 4)},
        "training": {
            "date": date.today().isoformat(),
            "epochs": trainer.epoch,
            "steps": trainer.step,
            "minutes": round(trainer.budget.seconds / 60, 1),
            "device": trainer.device,
            "config": {k: v for k, v in trainer.config.__dict__.items() if isinstance(v, int | float | bool)},
            "loss_weights": trainer.config.weights.to_dict(),
            "losses": {k: v for k, v in last.items() if k not in ("epoch", "step", "minutes", "crystals_per_s")},
        },
    }
    model.save(out, trainer.average.weights, trainer.config.network, trainer.priors, card)
