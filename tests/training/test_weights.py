"""How often each crystal is shown, and what a model keeps of the one that it began with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from crystal_studio.data.datasets import Dataset
from crystal_studio.errors import FileError
from crystal_studio.generators.symmcd.priors import estimate
from crystal_studio.training.adaptive_cell import Trainer as CellTrainer
from crystal_studio.training.crystals import shown, weights
from crystal_studio.training.symmcd import Trainer, batches
from tests.generators.conftest import crystals
from tests.training.tiny import CONFIG, held_out, learnt


def test_crystals_are_shown_as_often_as_their_weight_says() -> None:
    rng = np.random.default_rng(0)
    times = np.zeros(4)
    for _ in range(400):
        np.add.at(times, shown(np.array([0.0, 0.5, 1.0, 2.25]), rng), 1)
    assert times[0] == 0 and times[2] == 400
    assert times[1] / 400 == pytest.approx(0.5, abs=0.1) and times[3] / 400 == pytest.approx(2.25, abs=0.1)


def test_a_batch_of_an_epoch_holds_what_is_shown() -> None:
    features = learnt().variants[0]
    weight = np.zeros(len(features))
    weight[:3] = 4.0
    rows = np.concatenate(list(batches(features.n_orbits, CONFIG, np.random.default_rng(1), weight=weight)))
    assert sorted(rows.tolist()) == sorted([0, 1, 2] * 4)


def test_weights_that_are_none_are_refused() -> None:
    from crystal_studio.crystal.batches import Structures

    cells = Structures.from_lists([np.eye(3) * 4] * 2, [[11], [17]], [[[0, 0, 0]]] * 2)
    data = Dataset(cells, np.array(["a", "b"]))
    assert weights(data) is None
    assert weights(replace(data, columns={"weight": np.array([1, 0])})).tolist() == [1.0, 0.0]
    for bad in ([1.0, -1.0], [1.0, np.nan], ["often", "rarely"], [0.0, 0.0]):
        with pytest.raises(FileError, match="column weight"):
            weights(replace(data, columns={"weight": np.array(bad)}))


def test_priors_count_by_weight() -> None:
    features = learnt().variants[0]
    twice = estimate(features, np.full(len(features), 2.0))
    once = estimate(features)
    assert torch.equal(twice.groups, 2 * once.groups) and torch.equal(twice.elements, 2 * once.elements)
    assert torch.equal(twice.k_mean, once.k_mean)


def test_a_model_keeps_the_scale_and_the_noise_of_its_parent_and_a_tenth_of_its_counts() -> None:
    parent, child = Trainer(CONFIG, learnt()), Trainer(replace(CONFIG, seed=8), held_out())
    counted = child.priors
    child.start_from(parent.average.weights, parent.priors)
    mine, theirs = child.priors, parent.priors
    assert torch.equal(mine.k_mean, theirs.k_mean) and torch.equal(mine.k_std, theirs.k_std)
    assert torch.equal(mine.classes, theirs.classes)
    assert (mine.elements > 0).sum() >= (theirs.elements > 0).sum()
    assert mine.groups.sum() == pytest.approx(1.1 * float(counted.groups.sum()))
    assert (mine.groups[theirs.groups > 0] > 0).all() and mine.orbits.sum() == pytest.approx(float(mine.groups.sum()))


def test_orbits_and_elements_of_a_group_can_stay_those_of_the_parent() -> None:
    first, trainer = Trainer(CONFIG, held_out()), Trainer(replace(CONFIG, keep_orbit_counts=True), learnt())
    parent, child = first.priors, trainer.priors
    trainer.start_from(first.average.weights, parent)
    free, kept = child.after(parent), trainer.priors
    half = parent.groups / parent.groups.sum() + child.groups / child.groups.sum()
    assert torch.allclose(kept.groups / kept.groups.sum(), half / 2, atol=1e-6)
    known = parent.groups > 0
    for name in ("orbits", "distinct"):
        of_group = getattr(kept, name).flatten(1)
        assert torch.allclose(of_group.sum(1), kept.groups, rtol=1e-4)
        before = getattr(parent, name).flatten(1)
        width = min(of_group.shape[1], before.shape[1])
        shares, expected = of_group[known] / kept.groups[known, None], before[known] / parent.groups[known, None]
        assert torch.allclose(shares[:, :width], expected[:, :width], atol=1e-5)
    new = (child.groups > 0) & ~known
    assert new.any() and torch.equal(kept.orbits[new, : child.orbits.shape[1]], child.orbits[new])
    assert not torch.equal(kept.orbits, free.orbits)


def test_the_curve_of_a_model_that_goes_on_begins_with_what_it_was(tmp_path) -> None:
    import json

    parent, child = Trainer(CONFIG, learnt()), Trainer(replace(CONFIG, max_epochs=1), learnt())
    child.start_from(parent.average.weights, parent.priors)
    expected = child.validate(held_out())["val_total"]
    child.run(tmp_path, held_out())
    first, *others = map(json.loads, (tmp_path / "curve.jsonl").read_text().splitlines())
    assert first["epoch"] == 0 and first["val_total"] == pytest.approx(expected, abs=1e-4) and len(others) == 1


def test_the_adaptive_cell_goes_by_weights_too() -> None:
    from crystal_studio.generators.adaptive_cell.light import LightConfig
    from crystal_studio.training.adaptive_cell import TrainConfig

    units = crystals(6)
    weight = np.array([0.0, 0.0, 3.0, 0.0, 0.0, 1.0])
    config = TrainConfig(network=LightConfig(hidden=8, edge=8, layers=1), bf16=False)
    rows = np.concatenate(list(CellTrainer(config, units, weight=weight).order(np.random.default_rng(0))))
    assert sorted(rows.tolist()) == [2, 2, 2, 5]
