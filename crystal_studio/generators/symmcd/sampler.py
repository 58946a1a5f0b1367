"""Reverse diffusion: from noise to lattice, elements, site symmetries and coordinates.

Ancestral sampling over any increasing subset of the 1,000 trained times: the
lattice by the DDPM posterior between two times (Ho et al. 2020, eq. 7), the
coordinates by the predictor of a variance-exploding process with an optional
Langevin corrector (Song et al. 2021, algorithm 2), elements and site symmetries
by the discrete posterior. With all times and the corrector this is the sampler
of SymmCD.
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
class Conditions:
    """What B crystals of M orbits each must obey.

    space_group : (B,) 1..230
    allowed : (94,) bool, elements that may occur
    pinned_elements : (B, M), element category that an orbit must have, -1 if free
    pinned_classes : (B, M, 15), site symmetry that an orbit must have, -1 if free
    """

    space_group: Tensor
    allowed: Tensor
    pinned_elements: Tensor
    pinned_classes: Tensor


@dataclass(frozen=True)
class Sample:
    """k (B, 6) raw, elements (B, M), classes (B, M, 15), x (B, M, 3)."""

    k: Tensor
    elements: Tensor
    classes: Tensor
    x: Tensor


def times(steps: int) -> list[int]:
    """``steps`` + 1 decreasing times from 1000 to 0, evenly spread."""
    return [round(t) for t in torch.linspace(STEPS, 0, min(steps, STEPS) + 1).tolist()]


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=like.device)


@torch.no_grad()
def sample(
    network: Denoiser,
    priors: Priors,
    conditions: Conditions,
    generator: torch.Generator,
    steps: int = 100,
    corrector: bool = False,
    autocast: Callable[[], AbstractContextManager] | None = None,
    cancel: CancelToken | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sample:
    """Draw one batch; ``cancel`` is looked at before every network call."""
    group = conditions.space_group
    device = group.device
    batch, orbits = conditions.pinned_elements.shape
    alpha_bars = cosine_alpha_bar(STEPS).to(device)
    sigmas, norms = log_sigmas(STEPS).to(device), wrapped_normal_norm(STEPS).to(device).sqrt()
    frame = LatticeFrame(group, priors)
    m_elements = priors.element_marginal(conditions.allowed.cpu()).to(device)
    m_classes = priors.classes.to(device)[group - 1][:, None].expand(batch, orbits, N_AXES, -1)
    forbidden = torch.where(conditions.allowed, 0.0, float("-inf")).to(device)
    held_e, held_c = conditions.pinned_elements >= 0, conditions.pinned_classes >= 0

    def call(t: int) -> Prediction:
        if cancel is not None and cancel.is_set():
            raise Cancelled
        time = torch.full((batch,), t / STEPS, device=device)
        if autocast is None:
            return network(group, time, k, elements, classes, x)
        with autocast():
            return Prediction(*(part.float() for part in network(group, time, k, elements, classes, x)))

    def hold(t: int) -> tuple[Tensor, Tensor]:
        """Pinned categories noised to time t, so that the network sees what it was trained on."""
        a = alpha_bars[t].expand(batch)
        e = discrete.noise(conditions.pinned_elements.clamp_min(0), a[:, None], m_elements, generator)
        c = discrete.noise(conditions.pinned_classes.clamp_min(0), a[:, None, None], m_classes, generator)
        return torch.where(held_e, e, elements), torch.where(held_c, c, classes)

    k = frame.constrain(torch.randn(batch, 6, generator=generator, device=device))
    x = torch.rand(batch, orbits, 3, generator=generator, device=device)
    elements = discrete.draw(m_elements.expand(batch, orbits, -1), generator)
    classes = discrete.draw(m_classes, generator)
    elements, classes = hold(STEPS)

    schedule = times(steps)
    for i, (t, s) in enumerate(pairwise(schedule)):
        last = s == 0
        if corrector:
            step = CORRECTOR_STEP * (sigmas[t] / sigmas[1]) ** 2
            x = x - step * call(t).x * norms[t] + (2 * step).sqrt() * _normal(x, generator) * (not last)
            x = x % 1.0
        out = call(t)
        variance_t, variance_s = sigmas[t] ** 2, sigmas[s] ** 2
        spread = (variance_s * (variance_t - variance_s) / variance_t).sqrt()
        x = x - (variance_t - variance_s) * out.x * norms[t] + spread * _normal(x, generator)
        x = x % 1.0

        a_t, a_s = alpha_bars[t], alpha_bars[s]
        a_ts = a_t / a_s
        # Clean lattice first: clipping it keeps early steps from running away.
        k_clean = ((k - (1 - a_t).sqrt() * out.k) / a_t.sqrt()).clamp(-6, 6)
        mean = (a_s.sqrt() * (1 - a_ts) * k_clean + a_ts.sqrt() * (1 - a_s) * k) / (1 - a_t)
        k = frame.constrain(mean + ((1 - a_ts) * (1 - a_s) / (1 - a_t)).sqrt() * _normal(k, generator))

        p_elements, p_classes = (out.elements + forbidden).softmax(-1), out.classes.softmax(-1)
        if last:
            elements, classes = p_elements.argmax(-1), p_classes.argmax(-1)
        else:
            at, as_ = a_t.expand(batch, orbits), a_s.expand(batch, orbits)
            elements = discrete.draw(discrete.posterior(elements, p_elements, at, as_, m_elements), generator)
            at, as_ = at[..., None].expand(-1, -1, N_AXES), as_[..., None].expand(-1, -1, N_AXES)
            classes = discrete.draw(discrete.posterior(classes, p_classes, at, as_, m_classes), generator)
        elements, classes = hold(s)
        if progress is not None:
            progress(i + 1, len(schedule) - 1)
    return Sample(frame.restore(k), elements, classes, x)
