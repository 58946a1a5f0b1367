import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from crystal_studio.diffusion.categorical import draw, noise, posterior


def kernel(alpha: float, marginal: torch.Tensor) -> torch.Tensor:
    k = len(marginal)
    return alpha * torch.eye(k, dtype=torch.float64) + (1 - alpha) * marginal.expand(k, k)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 8), st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.integers(0, 10_000))
def test_posterior_is_bayes_rule(k, a_s, a_ts, seed):
    torch.manual_seed(seed)
    marginal = torch.rand(k, dtype=torch.float64) + 0.01
    marginal /= marginal.sum()
    p_x0 = torch.rand(k, dtype=torch.float64)
    p_x0 /= p_x0.sum()
    q_s, q_ts = kernel(a_s, marginal), kernel(a_ts, marginal)
    q_t = q_s @ q_ts
    assert torch.allclose(q_t, kernel(a_s * a_ts, marginal)), "steps compose"
    for x_t in range(k):
        # p(x_s | x_t) = sum_x0 p(x0) q(x_s | x0) q(x_t | x_s) / q(x_t | x0)
        expected = (p_x0[:, None] * q_s * q_ts[:, x_t][None] / q_t[:, x_t][:, None]).sum(0)
        found = posterior(
            torch.tensor([x_t]),
            p_x0[None],
            torch.tensor([a_s * a_ts], dtype=torch.float64),
            torch.tensor([a_s], dtype=torch.float64),
            marginal,
        )[0]
        assert torch.allclose(found, expected / expected.sum(), atol=1e-9)


def test_a_forbidden_category_never_comes_back():
    marginal = torch.tensor([0.5, 0.0, 0.5])
    p_x0 = torch.tensor([[0.7, 0.0, 0.3]])
    result = posterior(torch.tensor([0]), p_x0, torch.tensor([0.2]), torch.tensor([0.6]), marginal)
    assert result[0, 1] == 0 and torch.isclose(result.sum(), torch.tensor(1.0))


def test_draw_follows_the_probabilities():
    generator = torch.Generator().manual_seed(0)
    p = torch.tensor([0.1, 0.0, 0.6, 0.3]).expand(200_000, 4)
    share = torch.bincount(draw(p, generator), minlength=4) / 200_000
    assert torch.allclose(share, p[0], atol=5e-3) and share[1] == 0


def test_noise_keeps_or_draws():
    generator = torch.Generator().manual_seed(0)
    marginal = torch.tensor([0.0, 0.25, 0.75])
    x0 = torch.zeros(100_000, dtype=torch.long)
    share = torch.bincount(noise(x0, torch.tensor(0.4), marginal, generator), minlength=3) / 100_000
    assert torch.allclose(share, torch.tensor([0.4, 0.15, 0.45]), atol=6e-3)
