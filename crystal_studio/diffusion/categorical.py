"""Corruption of categories: noise draws them from a marginal distribution (D3PM; DiGress).

One step keeps a category with probability alpha and otherwise draws from the
marginal m: Q = alpha I + (1 - alpha) 1 m^T. Products of such steps have the same
form, so every formula here holds for a step between any two times s < t
(Austin et al. 2021, eqs. 2-4; Vignac et al. 2023, section 4.1).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from crystal_studio.diffusion.random import chance, per_crystal
from crystal_studio.diffusion.schedules import cosine_alpha_bar


class Categorical:
    """Times run from ``steps`` (the marginal, nearly) to 0 (clean); the network learns the clean categories.

    marginal : probabilities of the K categories, of a shape that broadcasts to (B, ..., K); where they are zero, a
        category never occurs but as a clean one
    """

    def __init__(self, steps: int, marginal: Tensor) -> None:
        self.alpha_bars = cosine_alpha_bar(steps).to(marginal.device)
        self.marginal = marginal

    def restricted(self, keep: Tensor) -> Categorical:
        """The same with the categories of ``keep``, Boolean and broadcastable to the marginal, alone."""
        made = object.__new__(Categorical)
        marginal = self.marginal * keep
        made.alpha_bars, made.marginal = self.alpha_bars, marginal / marginal.sum(-1, keepdim=True)
        return made

    def start(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """What there is before the first step."""
        return draw(self.marginal.expand(*shape, -1), generator)

    def corrupt(self, x0: Tensor, t: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Categories at times t (B,); the network is to say the clean ones."""
        return noise(x0, per_crystal(self.alpha_bars[t], x0), self.marginal, generator)

    def loss(self, logits: Tensor, x0: Tensor) -> Tensor:
        """Mean cross entropy of the clean categories."""
        return cross_entropy(logits.float().flatten(0, -2), x0.flatten())

    def noised(self, x0: Tensor, t: int, generator: torch.Generator) -> Tensor:
        """Clean categories at one time for all."""
        return noise(x0, self.alpha_bars[t], self.marginal, generator)

    def step(self, x: Tensor, p_x0: Tensor, t: int, s: int, fresh: float, generator: torch.Generator) -> Tensor:
        """Categories at time s from those at time t and probabilities of the clean ones; the likeliest at time 0.

        ``fresh``: odds that a category is noised from a new estimate of the clean one instead of drawn from the
        posterior, which hardly ever takes back an early choice.
        """
        if s == 0:
            return p_x0.argmax(-1)
        a_t, a_s = (self.alpha_bars[time].expand(x.shape) for time in (t, s))
        drawn = draw(posterior(x, p_x0, a_t, a_s, self.marginal), generator)
        if not fresh:
            return drawn
        other = self.noised(draw(p_x0, generator), s, generator)
        return torch.where(chance(drawn, fresh, generator), other, drawn)


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
