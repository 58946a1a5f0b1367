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

from crystal_studio.diffusion.random import per_crystal
from crystal_studio.diffusion.schedules import cosine_alpha_bar


class Categorical:
    """Times run from ``steps`` (the marginal, nearly) to 0 (clean); the network learns the clean categories.

    marginal : probabilities of the K categories, of a shape that broadcasts to (B, ..., K); where they are zero, a
        category never occurs but as a clean one
    """

    def __init__(self, steps: int, marginal: Tensor) -> None:
        self.alpha_bars = cosine_alpha_bar(steps).to(marginal.device)
        self.marginal, self._cumulative = marginal, marginal.cumsum(-1)

    def restricted(self, keep: Tensor) -> Categorical:
        """The same with the categories of ``keep``, Boolean and broadcastable to the marginal, alone."""
        made = object.__new__(Categorical)
        marginal = self.marginal * keep
        made.alpha_bars, made.marginal = self.alpha_bars, marginal / marginal.sum(-1, keepdim=True)
        made._cumulative = made.marginal.cumsum(-1)
        return made

    def start(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """What there is before the first step."""
        return _pick(self._cumulative, shape, generator)

    def corrupt(self, x0: Tensor, t: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Categories at times t (B,); the network is to say the clean ones."""
        return self._noise(x0, per_crystal(self.alpha_bars[t], x0), generator)

    def loss(self, logits: Tensor, x0: Tensor) -> Tensor:
        """Mean cross entropy of the clean categories."""
        return cross_entropy(logits.float().flatten(0, -2), x0.flatten())

    def noised(self, x0: Tensor, t: int, generator: torch.Generator) -> Tensor:
        """Clean categories at one time for all."""
        return self._noise(x0, self.alpha_bars[t], generator)

    def step(self, x: Tensor, p_x0: Tensor, t: int, s: int, fresh: float, generator: torch.Generator) -> Tensor:
        """Categories at time s from those at time t and probabilities (..., K), which need not be normalised, of the
        clean ones; the likeliest at time 0.

        ``fresh``: odds that a category is noised from a new estimate of the clean one instead of drawn from the
        posterior, which hardly ever takes back an early choice.

        The posterior is sum_{x0} p(x0) q(x_s | x_t, x_0). So a clean category is drawn first; then
        q(x_t | x_s) q(x_s | x_0), each "kept, or drawn from the marginal", is a sum of four terms: x_t by having been
        kept twice (where it is x_0) or once, x_0, or anything of the marginal.
        """
        if s == 0:
            return p_x0.argmax(-1)
        a_t, a_s = self.alpha_bars[t], self.alpha_bars[s]
        a_ts = a_t / a_s
        clean = draw(p_x0, generator)
        other = _pick(self._cumulative, x.shape, generator)
        uniform = torch.rand(x.shape, generator=generator, device=x.device)
        m = _of(self.marginal, x)
        twice = a_ts * a_s * (clean == x)
        once, first, none = a_ts * (1 - a_s) * m, (1 - a_ts) * a_s * m, (1 - a_ts) * (1 - a_s) * m
        level = uniform * (twice + once + first + none)
        drawn = torch.where(level < twice + once, x, torch.where(level < twice + once + first, clean, other))
        # What the marginal does not hold can only have been clean, and is where that is possible.
        drawn = torch.where(m > 0, drawn, torch.where(_of(p_x0, x) > 0, x, other))
        if not fresh:
            return drawn
        uniform = torch.rand(x.shape, generator=generator, device=x.device)
        return torch.where(uniform < fresh, torch.where(uniform < fresh * a_s, clean, other), drawn)

    def _noise(self, x0: Tensor, alpha_bar: Tensor, generator: torch.Generator | None) -> Tensor:
        """Kept with probability alpha_bar, broadcastable to x0 (...), else drawn from the marginal."""
        keep = torch.rand(x0.shape, generator=generator, device=x0.device) < alpha_bar
        return torch.where(keep, x0, _pick(self._cumulative, x0.shape, generator))


def draw(probabilities: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Category indices (...) drawn from probabilities (..., K), which need not be normalised."""
    return _pick(probabilities.cumsum(-1), probabilities.shape[:-1], generator)


def _pick(cumulative: Tensor, shape: tuple[int, ...], generator: torch.Generator | None) -> Tensor:
    """Category indices of a shape (...), from running sums (K,) or broadcastable to (..., K)."""
    uniform = torch.rand(shape, generator=generator, device=cumulative.device, dtype=cumulative.dtype)
    # Scaled below the total so that rounding can never run past the last category.
    level = uniform * (1 - 1e-6) * cumulative[..., -1]
    if cumulative.dim() > 1:
        cumulative, level = cumulative.expand(*shape, -1).contiguous(), level.unsqueeze(-1)
    found = torch.searchsorted(cumulative, level.contiguous(), right=True).clamp_max(cumulative.shape[-1] - 1)
    return found if cumulative.dim() == 1 else found.squeeze(-1)


def _of(values: Tensor, x: Tensor) -> Tensor:
    """(...) those of the categories x (...), of values (..., K) or broadcastable to that."""
    return values[x] if values.dim() == 1 else values.expand(*x.shape, -1).gather(-1, x.unsqueeze(-1)).squeeze(-1)
