"""From a data file to what SymmCD learns from: crystals that it can hold, their labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.lattice import densities
from crystal_studio.crystal.normalizers import equivalents
from crystal_studio.data.datasets import Dataset
from crystal_studio.evaluation.validity import compositionally_valid
from crystal_studio.generators.symmcd.labels import NAMES
from crystal_studio.generators.symmcd.representation import Features, compact, encode
from crystal_studio.training.crystals import held_units, weights
from crystal_studio.training.symmcd import TrainingSet


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
    parts, labels, flags, valid, shares = [], [], [], [], []
    for dataset, is_extra in ((main, False), (extra, True)):
        if dataset is None:
            continue
        units, keep = held_units(dataset)
        parts.append(units)
        labels.append(label_values(dataset)[keep])
        valid.append(compositionally_valid(dataset.structures.take(keep)).astype(np.int64))
        flags.append(np.full(int(keep.sum()), is_extra))
        weight = weights(dataset)
        shares.append(np.ones(int(keep.sum())) if weight is None else weight[keep])
    units, balanced = AsymmetricUnits.concatenate(parts), np.concatenate(valid)
    values, extras, share = np.concatenate(labels), np.concatenate(flags), np.concatenate(shares)
    known = ~extras | np.isfinite(values[:, NAMES.index("e_above_hull")])
    if not known.all():
        units, values, extras, balanced = units.take(known), values[known], extras[known], balanced[known]
        share = share[known]
    rng = np.random.default_rng(42)
    variants = (compact(encode(u)) for u in (units, *(equivalents(units, rng) for _ in range(augment - 1))))
    weight = None if (share == 1).all() else share
    return TrainingSet(tuple(variants), values, extras if extras.any() else None, balanced, weight)
