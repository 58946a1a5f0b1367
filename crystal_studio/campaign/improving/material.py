"""What a round's model learns from: crystals of the base data, again and again, and those that were found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.campaign.improving.learning import Chosen
from crystal_studio.campaign.improving.places import writing
from crystal_studio.campaign.improving.plan import ImproveOptions
from crystal_studio.campaign.improving.selection import Selected, by_energy, held_back, weights
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.data.datasets import Dataset, load
from crystal_studio.errors import KnownError
from crystal_studio.project.queries import ProjectReader

LABELS = ("formation_energy_per_atom", "e_above_hull", "band_gap")
"""Columns of properties that base data may have and families may learn; eV/atom, eV."""

MOST_HELD_OUT = 1000
ENOUGH = 300
"""Crystals found that can tell by themselves what an energy above hull means."""

BASE, DATA, FAR = "base", "data", "far"


def of_file(path: Path, count: int, seed: int) -> tuple[Dataset, Dataset | None]:
    """At most ``count`` crystals to rehearse, drawn at random from the training rows, and some to validate on."""
    from crystal_studio.training.crystals import splits

    training, validation = splits(path, seed)
    rng = np.random.default_rng(seed)
    if validation is not None:
        validation = validation.take(_drawn(len(validation), MOST_HELD_OUT, rng))
    return training.take(_drawn(len(training), count, rng)), validation


def of_samples(project: Path, seed: int) -> tuple[Dataset, Dataset | None]:
    """The candidates of a project that passed, one in twenty kept back to validate on; raises ``KnownError``."""
    with ProjectReader(project) as reader:
        ids = reader.ids("status == 'passed'")
        if len(ids) < 20:
            raise KnownError(
                f"Only {len(ids)} samples of the first model are sound, too few to keep what it knows: "
                "name base data with --data, or raise --rehearse."
            )
        structures = reader.structures(ids.tolist())
    order = np.random.default_rng(seed).permutation(len(ids))
    everything = Dataset(structures, np.array([f"sample-{i}" for i in ids], dtype=str))
    kept_back = len(ids) // 20
    return everything.take(np.sort(order[kept_back:])), everything.take(np.sort(order[:kept_back]))


def _drawn(total: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.sort(rng.permutation(total)[:count])


def write_base(folder: Path, training: Dataset, validation: Dataset | None) -> Path:
    """The base data of all rounds as one file, written whole or not at all."""
    from crystal_studio.evaluation.symmetry import of_batch

    parts = [training] if validation is None else [training, validation]
    structures = Structures.concatenate([part.structures for part in parts])
    columns: dict[str, Any] = {"id": np.concatenate([part.ids for part in parts]).tolist()}
    columns["split"] = ["train"] * len(training) + ["val"] * (len(structures) - len(training))
    columns["weight"] = [1.0] * len(structures)
    columns["space_group"] = of_batch(structures, 0.1, "moyopy").space_group.tolist()
    for name in LABELS:
        if all(name in part.columns for part in parts):
            columns[name] = np.concatenate([np.asarray(p.columns[name], float) for p in parts]).tolist()
    return _write(folder, BASE, structures, columns)


def read_base(folder: Path) -> Dataset | None:
    """What ``write_base`` wrote; None where it has not yet."""
    path = folder / f"{BASE}.parquet"
    return load(path) if path.exists() else None


def write(folder: Path, base: Dataset, chosen: Chosen, options: ImproveOptions) -> dict[str, Any]:
    """The training data of a round, as ``data.parquet`` and ``far.parquet``; returns what they hold, counted.

    Where failures are learnt, and enough was found, base data are shown without energies above hull: what those mean is
    told by candidates alone, by one potential. Else an aim at the hull is an aim at known crystals, which most of those
    on it are.
    """
    found, far = chosen.found, chosen.far
    failures = far is not None and len(far) > 0
    hidden = "e_above_hull" if failures and len(found) >= ENOUGH else ""
    split = base.columns["split"].astype(str)
    rehearsed = int((split == "train").sum())
    odds = by_energy(found.e_hull, options.temperature)
    odds = held_back(odds, counts(found.structures) > 0, counts(chosen.made) > 0)
    weight = weights(odds, rehearsed, options.mix)
    columns: dict[str, Any] = {
        "id": base.ids.tolist() + [f"candidate-{i}" for i in found.ids.tolist()],
        "split": split.tolist() + ["train"] * len(found),
        "weight": np.concatenate([np.ones(len(base)), weight]).tolist(),
    }
    known = {"e_above_hull": np.maximum(found.e_hull, 0), "formation_energy_per_atom": found.formation_energy}
    for name in LABELS:
        told = name in base.columns and name != hidden
        own = np.asarray(base.columns[name], float) if told else np.full(len(base), np.nan)
        columns[name] = np.concatenate([own, known.get(name, np.full(len(found), np.nan))]).tolist()
    _write(folder, DATA, Structures.concatenate([base.structures, found.structures]), columns)
    mix = float(weight.sum() / (weight.sum() + rehearsed))
    figures: dict[str, Any] = {"base": rehearsed, "found": len(found), "mix": mix}
    if failures and far is not None:
        _write_far(folder, far, rehearsed, options.mix)
        figures["far"] = len(far)
    return figures


def _write_far(folder: Path, far: Selected, rehearsed: int, mix: float) -> Path:
    """What is to be led away from, as ``far.parquet``: ``mix`` of it and the ``rehearsed``, if there is enough.

    All of it has labels, so that it is there however few were found near the hull.
    """
    weight = weights(np.ones(len(far)), rehearsed, mix)
    columns: dict[str, Any] = {
        "id": [f"candidate-{i}" for i in far.ids.tolist()],
        "split": ["train"] * len(far),
        "weight": weight.tolist(),
        "e_above_hull": far.e_hull.tolist(),
        "formation_energy_per_atom": far.formation_energy.tolist(),
    }
    return _write(folder, FAR, far.structures, columns)


def _write(folder: Path, title: str, structures: Structures, columns: dict[str, Any]) -> Path:
    from crystal_studio.exchange.export import export

    with writing(folder):
        return export(structures, columns["id"], "parquet", folder, columns=columns, title=title)[0]
