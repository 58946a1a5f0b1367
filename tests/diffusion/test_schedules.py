import math

import pytest
import torch

from crystal_studio.diffusion.schedules import cosine_alpha_bar, log_sigmas, wrapped_normal_d, wrapped_normal_norm


def test_published_values_of_the_cosine_schedule():
    alpha_bar = cosine_alpha_bar(1000)
    assert alpha_bar[0] == 1.0
    for t, value in ((250, 0.847), (500, 0.494), (750, 0.144)):
        assert abs(float(alpha_bar[t]) - value) < 1e-3
    assert (alpha_bar.diff() < 0).all()


def test_sigmas_are_log_spaced():
    sigma = log_sigmas(1000)
    assert sigma[0] == 0 and math.isclose(float(sigma[1]), 0.005, rel_tol=1e-5)
    assert math.isclose(float(sigma[1000]), 0.5, rel_tol=1e-5)
    ratio = sigma[2:] / sigma[1:-1]
    assert torch.allclose(ratio, ratio[0].expand_as(ratio), rtol=1e-4)


@pytest.mark.parametrize("sigma", [0.005, 0.05, 0.2, 0.5])
def test_d_is_minus_the_score_of_the_wrapped_normal(sigma):
    x = torch.linspace(-0.49, 0.49, 41, dtype=torch.float64, requires_grad=True)
    images = torch.arange(-30, 31, dtype=torch.float64)
    density = torch.logsumexp(-((x[:, None] + images) ** 2) / (2 * sigma**2), 1)
    (score,) = torch.autograd.grad(density.sum(), x)
    found = wrapped_normal_d(x.detach(), torch.full_like(x, sigma).detach())
    assert torch.allclose(found, -score, rtol=1e-6, atol=1e-8)


def test_d_has_the_period_of_the_cell():
    x = torch.rand(50, dtype=torch.float64)
    sigma = torch.full_like(x, 0.1)
    assert torch.allclose(wrapped_normal_d(x, sigma), wrapped_normal_d(x + 3, sigma), atol=1e-9)


def test_norm_agrees_with_monte_carlo():
    torch.manual_seed(0)
    norm, sigma = wrapped_normal_norm(1000), log_sigmas(1000)
    for t in (1, 400, 800, 1000):
        noise = sigma[t] * torch.randn(100_000)
        sampled = (wrapped_normal_d(noise, sigma[t].expand_as(noise)) ** 2).mean()
        assert abs(float(sampled / norm[t]) - 1) < 0.03
