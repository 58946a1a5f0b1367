"""Corruptions: noise and step back fit together, whatever the network would be."""

from __future__ import annotations

import pytest
import torch

from crystal_studio.diffusion.categorical import Categorical
from crystal_studio.diffusion.multistep import Multistep
from crystal_studio.diffusion.variance_preserving import VariancePreserving
from crystal_studio.diffusion.wrapped_normal import WrappedNormal

STEPS = 1000


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_noise_that_was_put_in_gives_the_clean_values_back() -> None:
    of = VariancePreserving(STEPS)
    clean = torch.randn(5, 6, generator=seeded())
    t = torch.tensor([1, 50, 300, 600, 800])
    noisy, noise = of.corrupt(clean, t, seeded(1))
    for i, time in enumerate(t.tolist()):
        torch.testing.assert_close(of.clean(noisy[i], noise[i], time), clean[i], atol=2e-3, rtol=0)


def test_the_score_of_a_narrow_distribution_points_back_to_the_clean_coordinates() -> None:
    of = WrappedNormal(STEPS)
    clean = torch.rand(4, 7, 3, generator=seeded())
    noisy, target = of.corrupt(clean, torch.full((4,), 200), seeded(1))
    assert ((noisy >= 0) & (noisy < 1)).all()
    back = of.clean(noisy, target, 200) - clean
    assert (back - back.round()).abs().max() < 1e-4


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("of", [VariancePreserving(STEPS), WrappedNormal(STEPS)])
def test_a_step_with_the_true_clean_values_keeps_the_noise_of_its_time(of, share: float) -> None:
    """Mean and spread at time s are those of values noised to s at once, for any share of ancestral noise."""
    clean = torch.full((20_000, 1), 0.4)
    at_t = of.noised(clean, 700, seeded(1))
    stepped = of.step(at_t, clean, 700, 500, share, seeded(2))
    direct = of.noised(clean, 500, seeded(3))
    assert abs(stepped.mean() - direct.mean()) < 0.02 * max(1.0, float(direct.std()))
    assert abs(stepped.std() / direct.std() - 1) < 0.03
    torch.testing.assert_close(of.step(stepped, clean, 500, 0, share, seeded(4)), clean, atol=1e-5, rtol=0)


def test_categories_known_for_certain_come_back() -> None:
    of = Categorical(STEPS, torch.tensor([0.5, 0.3, 0.2]))
    clean = torch.randint(0, 3, (500, 4), generator=seeded())
    certain = torch.nn.functional.one_hot(clean, 3).float()
    x = of.start((500, 4), seeded(1))
    assert (x == clean).float().mean() < 0.6
    for t, s in ((1000, 600), (600, 200), (200, 0)):
        x = of.step(x, certain, t, s, 0.0, seeded(t))
    assert torch.equal(x, clean)


def test_noise_ends_at_the_marginal_and_restriction_holds() -> None:
    of = Categorical(STEPS, torch.tensor([0.5, 0.3, 0.2]))
    noisy = of.corrupt(torch.zeros(30_000, dtype=torch.int64), torch.full((30_000,), STEPS), seeded())
    shares = torch.bincount(noisy, minlength=3) / 30_000
    torch.testing.assert_close(shares, of.marginal, atol=0.01, rtol=0)
    fewer = of.restricted(torch.tensor([True, False, True]))
    assert not (fewer.start((2000,), seeded()) == 1).any()
    torch.testing.assert_close(fewer.marginal, torch.tensor([5 / 7, 0.0, 2 / 7]))


def test_second_order_follows_a_straight_line() -> None:
    """An estimate that changes linearly with the logarithm of the signal is met half a step ahead."""
    multistep = Multistep()
    first = multistep.aim(torch.tensor(1.0), 0.2, False)
    assert first == 1.0
    assert multistep.aim(torch.tensor(1.4), 0.3, False) == pytest.approx(1.4 + 0.5 * 0.3 / 0.2 * 0.4)
    assert multistep.aim(torch.tensor(2.0), 0.3, True) == 2.0
