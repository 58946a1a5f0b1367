"""The parts of the training loop: moving average, budget, learning rate, means."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from crystal_studio.training.budget import Budget
from crystal_studio.training.curve import Means
from crystal_studio.training.moving_average import MovingAverage
from crystal_studio.training.schedule import warmed_by_share, warmed_by_steps


def test_moving_average_follows_and_is_lent() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 0.0)
    average = MovingAverage(network, 0.5)
    nn.init.constant_(network.weight, 11.0)
    average.update(1)
    assert average.weights["weight"].item() == pytest.approx(9.0)  # decay 2/11
    average.update(1000)
    assert average.weights["weight"].item() == pytest.approx(10.0)  # decay 1/2
    with pytest.raises(ZeroDivisionError), average.applied():
        assert network.weight.item() == pytest.approx(10.0)
        raise ZeroDivisionError
    assert network.weight.item() == 11.0


def test_budget_counts_what_is_spent_alone() -> None:
    times = iter([100.0, 130.0, 500.0, 531.0])
    budget = Budget(1.0, clock=lambda: next(times))
    with budget.spending():
        pass
    assert budget.seconds == 30.0 and budget.share == 0.5 and not budget.over
    with budget.spending():
        pass
    assert budget.over and Budget(0.0, seconds=1e-3).over


def test_rates_rise_and_fall() -> None:
    assert warmed_by_steps(0.0, 0, 10, 0.02) == pytest.approx(0.1)
    assert warmed_by_steps(0.0, 50, 10, 0.02) == 1.0
    assert warmed_by_steps(3.0, 50, 10, 0.02) == pytest.approx(0.02)
    assert warmed_by_share(0.05, 0.1, 1e-3) == pytest.approx(0.5)
    assert warmed_by_share(0.1, 0.1, 1e-3) == 1.0
    assert warmed_by_share(0.0, 0.1, 1e-3) == warmed_by_share(1.0, 0.1, 1e-3) == 1e-3


def test_means_weigh_by_crystals() -> None:
    means = Means()
    assert means.values() == {}
    means.add({"total": torch.tensor(1.0)}, 3)
    means.add({"total": 5.0}, 1)
    assert means.values("val_") == {"val_total": 2.0} and means.count == 4
