"""Reverse diffusion: from noise to lattice, elements, site symmetries and coordinates.

Steps over any decreasing subset of the 1,000 trained times. Lattice and
coordinates move by DDIM's family of updates (Song et al. 2021, eq. 12; for the
coordinates its variance-exploding form): noise 1 is ancestral sampling, noise 0
the probability-flow equation, there optionally to second order with the previous
estimate of the clean values (DPM-Solver++ 2M, Lu et al. 2022, algorithm 2).
Elements and site symmetries draw from the discrete posterior between two times.
All times, noise 1 and the Langevin corrector make the sampler of SymmCD.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from crystal_studio.diffusion import discrete
from crystal_studio.diffusion.schedules import cosine_alpha_bar, log_sigmas, wrapped_normal_norm
from crystal_studio.generators.protocol import Cancelled, CancelToken
from crystal_studio.generators.symmcd.network import Denoiser, Prediction
from crystal_studio.generators.symmcd.priors import Priors
from crystal_studio.generators.symmcd.process import STEPS, LatticeFrame
from crystal_studio.generators.symmcd.representation import N_AXES

CORRECTOR_STEP = 1e-5


@dataclass(frozen=True)
class Scheme:
    """How to walk from noise to crystals.

    noise : share of the ancestral noise that lattice and coordinates get
    second_order : only without noise
    corrector : a Langevin step for the coordinates before each step, one more network call
    temperature : divides the element logits; below 1 prefers likely elements
    fresh : odds that a category at the next time is noised from a new estimate of the clean one instead of drawn from
        the posterior, which hardly ever takes back an early choice
    settle : time in [0, 1] at which the elements of a crystal are settled to the number of distinct ones it is to have
    spacing : times are 1000 u^spacing for evenly spread u; above 1 spends more steps at little noise
    """

    steps: int = 100
    noise: float = 1.0
    second_order: bool = False
    corrector: bool = False
    temperature: float = 1.0
    fresh: float = 0.0
    settle: float = 0.0
    spacing: float = 1.0


PUBLISHED = Scheme(steps=STEPS, corrector=True)


@dataclass(frozen=True)
class Conditions:
    """What B crystals of at most M orbits each must obey.

    space_group : (B,) 1..230
    allowed : (94,) bool, elements that may occur
    mask : (B, M) bool, orbits that exist
    elements : (B, M), element category that an orbit must have, -1 if free
    classes : (B, M, 15), site symmetry that an orbit must have, -1 if free
    positions : (B, M, 3), coordinates that an orbit must have, NaN if free
    k : (B, 6), raw lattice that a crystal must have, NaN if free
    labels : (B, L) what is asked of each crystal (``labels.embed``), None for a network without labels
    distinct : (B,) number of distinct elements to settle on, 0 for any
    without : (B, L) the same without property targets, None where there are none
    guidance : w of classifier-free guidance: without + w (with targets - without)
    """

    space_group: Tensor
    allowed: Tensor
    mask: Tensor
    elements: Tensor
    classes: Tensor
    positions: Tensor
    k: Tensor
    distinct: Tensor
    labels: Tensor | None = None
    without: Tensor | None = None
    guidance: float = 1.0


@dataclass(frozen=True)
class Sample:
    """k (B, 6) raw, elements (B, M), classes (B, M, 15), x (B, M, 3) in [0, 1)."""

    k: Tensor
    elements: Tensor
    classes: Tensor
    x: Tensor


def times(steps: int, spacing: float = 1.0) -> list[int]:
    """Decreasing times from 1000 to 0, at most ``steps`` + 1 of them."""
    even = torch.linspace(1, 0, min(steps, STEPS) + 1, dtype=torch.float64) ** spacing * STEPS
    return sorted({round(t) for t in even.tolist()}, reverse=True)


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=like.device)


def _chance(like: Tensor, odds: float, generator: torch.Generator) -> Tensor:
    return torch.rand(like.shape, generator=generator, device=like.device) < odds


def _outside(likely: Tensor, conditions: Conditions) -> Tensor:
    """(B, 1, 94) minus infinity for elements other than the most likely of each crystal, as many as it is to have.

    likely : (B, M, 94) probabilities. Pinned elements always belong; where no number is asked for, all do.
    """
    pinned = torch.nn.functional.one_hot(conditions.elements.clamp_min(0), likely.shape[-1])
    pinned = (pinned * (conditions.elements >= 0).unsqueeze(-1)).amax(1)
    score = (likely * conditions.mask.unsqueeze(-1)).sum(1) + 1e6 * pinned
    rank = score.argsort(-1, descending=True).argsort(-1)
    number = conditions.distinct.clamp_min(1).unsqueeze(-1)
    keep = (rank < number) | (pinned > 0) | (conditions.distinct == 0).unsqueeze(-1)
    return torch.where(keep, 0.0, float("-inf")).unsqueeze(1)


def _guided(
    network: Denoiser, conditions: Conditions, time: Tensor, k: Tensor, elements: Tensor, classes: Tensor, x: Tensor
) -> Prediction:
    """One prediction; with targets both passes go through the network as one batch."""
    group, mask, labels, w = conditions.space_group, conditions.mask, conditions.labels, conditions.guidance
    whole = None if bool(mask.all()) else mask
    if labels is None or conditions.without is None or w == 1.0:
        return network(group, time, k, elements, classes, x, labels, whole)
    both = [torch.cat([a, a]) for a in (group, time, k, elements, classes, x)]
    shown = torch.cat([labels, conditions.without])
    parts = network(*both, shown, None if whole is None else torch.cat([whole, whole]))
    mixed = []
    for name, part in zip(Prediction._fields, parts, strict=True):
        with_, without = part.float().chunk(2)
        if name in ("elements", "classes"):
            with_, without = with_.log_softmax(-1), without.log_softmax(-1)
        mixed.append(without + w * (with_ - without))
    return Prediction(*mixed)


@torch.no_grad()
def sample(
    network: Denoiser,
    priors: Priors,
    conditions: Conditions,
    generator: torch.Generator,
    scheme: Scheme,
    autocast: Callable[[], AbstractContextManager] | None = None,
    cancel: CancelToken | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sample:
    """Draw one batch; ``cancel`` is looked at before every network call."""
    group = conditions.space_group
    device = group.device
    batch, orbits = conditions.elements.shape
    alpha_bars = cosine_alpha_bar(STEPS).to(device)
    sigmas, norms = log_sigmas(STEPS).to(device), wrapped_normal_norm(STEPS).to(device).sqrt()
    frame = LatticeFrame(group, priors)
    m_elements = priors.element_marginal(conditions.allowed.cpu()).to(device)
    m_classes = priors.classes.to(device)[group - 1][:, None].expand(batch, orbits, N_AXES, -1)
    forbidden = torch.where(conditions.allowed, 0.0, float("-inf")).to(device).expand(batch, 1, -1)
    settled = scheme.settle <= 0 or not conditions.distinct.any()
    held_e, held_c = conditions.elements >= 0, conditions.classes >= 0
    held_x = conditions.positions.isfinite()
    held_k = conditions.k.isfinite()
    kept_x, kept_k = conditions.positions.nan_to_num(), frame.standardise(conditions.k.nan_to_num())

    def call(t: int) -> Prediction:
        if cancel is not None and cancel.is_set():
            raise Cancelled
        time = torch.full((batch,), t / STEPS, device=device)
        if autocast is None:
            return _guided(network, conditions, time, k, elements, classes, x)
        with autocast():
            out = _guided(network, conditions, time, k, elements, classes, x)
        return Prediction(*(part.float() for part in out))

    def hold(t: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What is pinned, noised to time t, so that the network sees what it was trained on."""
        a = alpha_bars[t]
        e = discrete.noise(conditions.elements.clamp_min(0), a.expand(batch, 1), m_elements, generator)
        c = discrete.noise(conditions.classes.clamp_min(0), a.expand(batch, 1, 1), m_classes, generator)
        sigma = sigmas[t] if t else 0.0
        noised_x = kept_x + sigma * _normal(x, generator) if held_x.any() else x
        noised_k = a.sqrt() * kept_k + (1 - a).sqrt() * _normal(k, generator) if held_k.any() else k
        return (
            torch.where(held_k, noised_k, k),
            torch.where(held_e, e, elements),
            torch.where(held_c, c, classes),
            torch.where(held_x, noised_x, x),
        )

    k = frame.constrain(torch.randn(batch, 6, generator=generator, device=device))
    # Never wrapped on the way: the network is periodic, and estimates of two steps stay comparable.
    x = torch.rand(batch, orbits, 3, generator=generator, device=device)
    elements = discrete.draw(m_elements.expand(batch, orbits, -1), generator)
    classes = discrete.draw(m_classes, generator)
    k, elements, classes, x = hold(STEPS)
    before: tuple[Tensor, Tensor, float, float] | None = None

    schedule = times(scheme.steps, scheme.spacing)
    for i, (t, s) in enumerate(pairwise(schedule)):
        last = s == 0
        if scheme.corrector:
            step = CORRECTOR_STEP * (sigmas[t] / sigmas[1]) ** 2
            x = x - step * call(t).x * norms[t] + (2 * step).sqrt() * _normal(x, generator) * (not last)
        out = call(t)
        sigma_t, sigma_s = sigmas[t], sigmas[s] if s else sigmas.new_zeros(())
        a_t, a_s = alpha_bars[t], alpha_bars[s]
        x_clean = x - sigma_t**2 * out.x * norms[t]
        # Clipping keeps early steps from running away.
        k_clean = ((k - (1 - a_t).sqrt() * out.k) / a_t.sqrt()).clamp(-6, 6)
        x_aim, k_aim = x_clean, k_clean
        if scheme.second_order:
            x_step = float((sigma_t / sigma_s.clamp_min(1e-4)).log())
            k_step = float(0.5 * (a_s / (1 - a_s).clamp_min(1e-6) / (a_t / (1 - a_t))).log())
            if before is not None and not last:
                x_aim = x_clean + 0.5 * x_step / before[2] * (x_clean - before[0])
                k_aim = k_clean + 0.5 * k_step / before[3] * (k_clean - before[1])
            before = (x_clean, k_clean, x_step, k_step)
        spread = scheme.noise * (sigma_s**2 * (sigma_t**2 - sigma_s**2)).sqrt() / sigma_t
        x = x_aim + (sigma_s**2 - spread**2).clamp_min(0).sqrt() / sigma_t * (x - x_aim)
        x = x + spread * _normal(x, generator)
        spread = scheme.noise * ((1 - a_s) / (1 - a_t) * (1 - a_t / a_s)).sqrt()
        rest = (1 - a_s - spread**2).clamp_min(0).sqrt() / (1 - a_t).sqrt()
        k = a_s.sqrt() * k_aim + rest * (k - a_t.sqrt() * k_aim) + spread * _normal(k, generator)
        k = frame.constrain(k)

        if not settled and s <= scheme.settle * STEPS:
            settled = True
            likely = (out.elements / scheme.temperature + forbidden).softmax(-1)
            forbidden = forbidden + _outside(likely, conditions)
            m_elements = (m_elements * (forbidden[:, 0] == 0)).unsqueeze(1)
            m_elements = m_elements / m_elements.sum(-1, keepdim=True)
        logits = out.elements / scheme.temperature + forbidden
        p_elements, p_classes = logits.softmax(-1), out.classes.softmax(-1)
        if last:
            elements, classes = p_elements.argmax(-1), p_classes.argmax(-1)
        else:
            at, as_ = a_t.expand(batch, orbits), a_s.expand(batch, orbits)
            e = discrete.draw(discrete.posterior(elements, p_elements, at, as_, m_elements), generator)
            if scheme.fresh:
                other = discrete.noise(
                    discrete.draw(p_elements, generator), a_s.expand(batch, 1), m_elements, generator
                )
                e = torch.where(_chance(e, scheme.fresh, generator), other, e)
            at, as_ = at[..., None].expand(-1, -1, N_AXES), as_[..., None].expand(-1, -1, N_AXES)
            c = discrete.draw(discrete.posterior(classes, p_classes, at, as_, m_classes), generator)
            if scheme.fresh:
                again = discrete.draw(p_classes, generator)
                other = discrete.noise(again, a_s.expand(batch, 1, 1), m_classes, generator)
                c = torch.where(_chance(c, scheme.fresh, generator), other, c)
            elements, classes = e, c
        k, elements, classes, x = hold(s)
        if progress is not None:
            progress(i + 1, len(schedule) - 1)
    return Sample(torch.where(held_k, conditions.k, frame.restore(k)), elements, classes, x % 1.0)
