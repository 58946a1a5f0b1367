"""From a data file to the crystals that generators learn from, and those kept back to judge them by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.data.datasets import Dataset, load
from crystal_studio.errors import FileError
from crystal_studio.generators.symmcd.representation import usable

MAX_ORBITS = 24


def held(structures: Structures) -> NDArray[np.bool_]:
    """(B,) which crystals a model can hold: a symmetric cell was found, of not too many orbits."""
    return _held(structures)[1]


def _held(structures: Structures) -> tuple[AsymmetricUnits, NDArray[np.bool_]]:
    units, ok, _ = to_asymmetric_units(structures)
    return units, ok & usable(units) & (units.n_orbits <= MAX_ORBITS)


def held_units(dataset: Dataset) -> tuple[AsymmetricUnits, NDArray[np.bool_]]:
    """Asymmetric units of the crystals that the model can hold, and which those are (B,)."""
    units, keep = _held(dataset.structures)
    if not keep.any():
        raise FileError("No crystal of the data can be trained on: each failed the symmetry search or is too large.")
    units = units.take(keep)
    width = int(units.n_orbits.max())
    cut = {name: getattr(units, name)[:, :width] for name in ("numbers", "wyckoff", "positions")}
    return replace(units, **cut), keep


def weights(dataset: Dataset) -> NDArray[np.float64] | None:
    """(B,) how often each crystal is shown an epoch, in the mean: the column ``weight``; None where there is none.

    Raises ``FileError`` for one that is no number, or negative.
    """
    if "weight" not in dataset.columns:
        return None
    try:
        values = np.asarray(dataset.columns["weight"], float)
    except (TypeError, ValueError):
        values = np.full(len(dataset), np.nan)
    if not (np.isfinite(values).all() and (values >= 0).all() and values.any()):
        raise FileError("The column weight must hold numbers, none of them negative: correct it, or leave it out.")
    return values


def shown(weight: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows of one epoch, ascending: each as often as its weight says, the fraction by chance."""
    times = np.floor(weight + rng.random(len(weight))).astype(np.int64)
    return np.repeat(np.arange(len(weight)), times)


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
