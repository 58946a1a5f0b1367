import pytest
import torch

from crystal_studio.diffusion.categorical import Categorical, draw

MANY = 200_000
MARGINAL = torch.tensor([0.5, 0.2, 0.05, 0.25])


def kernel(alpha: float, marginal: torch.Tensor) -> torch.Tensor:
    k = len(marginal)
    return alpha * torch.eye(k) + (1 - alpha) * marginal.expand(k, k)


def shares(drawn: torch.Tensor, k: int) -> torch.Tensor:
    return torch.bincount(drawn, minlength=k) / len(drawn)


@pytest.mark.parametrize("each", [False, True], ids=["one marginal", "a marginal each"])
@pytest.mark.parametrize(("t", "s"), [(1000, 900), (600, 400), (300, 10)])
def test_a_step_is_bayes_rule(t: int, s: int, each: bool) -> None:
    of = Categorical(1000, MARGINAL.expand(MANY, 4) if each else MARGINAL)
    p_x0 = torch.tensor([0.1, 0.6, 0.25, 0.05])
    a_t, a_s = float(of.alpha_bars[t]), float(of.alpha_bars[s])
    q_s, q_ts, q_t = kernel(a_s, MARGINAL), kernel(a_t / a_s, MARGINAL), kernel(a_t, MARGINAL)
    assert torch.allclose(q_s @ q_ts, q_t, atol=1e-6), "steps compose"
    for x_t in range(4):
        # p(x_s | x_t) = sum_x0 p(x0) q(x_s | x0) q(x_t | x_s) / q(x_t | x0)
        expected = (p_x0[:, None] * q_s * q_ts[:, x_t][None] / q_t[:, x_t][:, None]).sum(0)
        generator = torch.Generator().manual_seed(t + x_t)
        found = of.step(torch.full((MANY,), x_t), 3 * p_x0.expand(MANY, 4), t, s, 0.0, generator)
        assert torch.allclose(shares(found, 4), expected, atol=6e-3)


def test_a_fresh_category_is_noised_from_the_estimate() -> None:
    of, p_x0 = Categorical(1000, MARGINAL), torch.tensor([0.1, 0.6, 0.25, 0.05])
    a_t, a_s = float(of.alpha_bars[600]), float(of.alpha_bars[400])
    fresh = a_s * p_x0 + (1 - a_s) * MARGINAL
    q_s, q_ts, q_t = kernel(a_s, MARGINAL), kernel(a_t / a_s, MARGINAL), kernel(a_t, MARGINAL)
    kept = (p_x0[:, None] * q_s * q_ts[:, 2][None] / q_t[:, 2][:, None]).sum(0)
    for odds in (0.3, 1.0):
        x, generator = torch.full((MANY,), 2), torch.Generator().manual_seed(1)
        found = of.step(x, p_x0.expand(MANY, 4), 600, 400, odds, generator)
        assert torch.allclose(shares(found, 4), odds * fresh + (1 - odds) * kept, atol=6e-3)


def test_a_forbidden_category_never_comes_back() -> None:
    of = Categorical(1000, torch.tensor([0.5, 0.0, 0.5]))
    p_x0, generator = torch.tensor([0.7, 0.0, 0.3]).expand(20_000, 3), torch.Generator().manual_seed(0)
    for x in (0, 1, 2):
        assert not (of.step(torch.full((20_000,), x), p_x0, 600, 400, 0.5, generator) == 1).any()


def test_what_the_marginal_does_not_hold_stays_while_it_is_possible() -> None:
    """It can only have been clean: Bayes' rule with q(x_t | x_0) = 0 for every other x_0."""
    of = Categorical(1000, torch.tensor([0.5, 0.0, 0.5]))
    x, p_x0 = torch.ones(1000, dtype=torch.int64), torch.tensor([0.6, 0.1, 0.3]).expand(1000, 3)
    assert (of.step(x, p_x0, 600, 400, 0.0, torch.Generator().manual_seed(0)) == 1).all()


def test_draw_follows_the_probabilities():
    generator = torch.Generator().manual_seed(0)
    p = torch.tensor([0.1, 0.0, 0.6, 0.3]).expand(200_000, 4)
    share = torch.bincount(draw(p, generator), minlength=4) / 200_000
    assert torch.allclose(share, p[0], atol=5e-3) and share[1] == 0


def test_noise_keeps_or_draws() -> None:
    of = Categorical(1000, torch.tensor([0.0, 0.25, 0.75]))
    a = float(of.alpha_bars[500])
    noised = of.noised(torch.zeros(100_000, dtype=torch.long), 500, torch.Generator().manual_seed(0))
    assert torch.allclose(shares(noised, 3), torch.tensor([a, (1 - a) * 0.25, (1 - a) * 0.75]), atol=6e-3)
