"""Discrete diffusion whose noise draws from a marginal distribution (D3PM; DiGress).

One step keeps a category with probability alpha and otherwise draws from the
marginal m: Q = alpha I + (1 - alpha) 1 m^T. Products of such steps have the same
form, so every formula here holds for a step between any two times s < t
(Austin et al. 2021, eqs. 2-4; Vignac et al. 2023, section 4.1).
"""

from __future__ import annotations

import torch
from torch import Tensor


def draw(probabilities: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Category indices (...) drawn from probabilities (..., K), which need not be normalised."""
    cumulative = probabilities.cumsum(-1)
    uniform = torch.rand(cumulative.shape[:-1], generator=generator, device=cumulative.device, dtype=cumulative.dtype)
    # Scaled below the total so that rounding can never run past the last category.
    level = (uniform * (1 - 1e-6)).unsqueeze(-1) * cumulative[..., -1:]
    return (cumulative <= level).sum(-1).clamp_max(probabilities.shape[-1] - 1)


def noise(x0: Tensor, alpha_bar: Tensor, marginal: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """x_t of categories x_0 (...): kept with probability alpha_bar, else drawn from the marginal (..., K)."""
    keep = torch.rand(x0.shape, generator=generator, device=x0.device) < alpha_bar
    return torch.where(keep, x0, draw(marginal.expand(*x0.shape, marginal.shape[-1]), generator))


def posterior(x_t: Tensor, p_x0: Tensor, alpha_bar_t: Tensor, alpha_bar_s: Tensor, marginal: Tensor) -> Tensor:
    """Probabilities (..., K) of x_s given x_t and a distribution over x_0, for s < t.

    x_t : (...) category indices; p_x0 : (..., K); alpha_bar : broadcastable to (...).

    sum_{x0} p(x0) q(x_t | x_s) q(x_s | x_0) / q(x_t | x_0), with q(x_t | x_s) of
    signal alpha_bar_t / alpha_bar_s.
    """
    a_t, a_s = alpha_bar_t.unsqueeze(-1), alpha_bar_s.unsqueeze(-1)
    a_ts = a_t / a_s
    m = marginal.expand_as(p_x0)
    same = torch.zeros_like(p_x0).scatter_(-1, x_t.unsqueeze(-1), 1.0)
    m_xt = m.gather(-1, x_t.unsqueeze(-1))
    # q(x_t | x_0) for every x_0.
    evidence = a_t * same + (1 - a_t) * m_xt
    weight = p_x0 / evidence.clamp_min(1e-6)
    # q(x_s | x_0) mixed over x_0: the kept part and the drawn part.
    mixed = a_s * weight + (1 - a_s) * m * weight.sum(-1, keepdim=True)
    forward = a_ts * same + (1 - a_ts) * m_xt
    result = forward * mixed
    total = result.sum(-1, keepdim=True)
    return torch.where(total > 0, result / total.clamp_min(1e-30), m)
