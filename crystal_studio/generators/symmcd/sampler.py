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
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from crystal_studio.diffusion.multistep import Multistep
from crystal_studio.diffusion.variance_preserving import VariancePreserving
from crystal_studio.diffusion.wrapped_normal import WrappedNormal
from crystal_studio.generators.protocol import Cancelled, CancelToken
from crystal_studio.generators.symmcd.inference import Inference
from crystal_studio.generators.symmcd.network import Prediction
from crystal_studio.generators.symmcd.priors import Priors
from crystal_studio.generators.symmcd.process import STEPS, LatticeFrame, categories
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
    of_cell : (B,) bool, whether it leads the lattice beyond conditional sampling, w = 1, too; None: that of all
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
    of_cell: Tensor | None = None


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


def _outside(likely: Tensor, conditions: Conditions) -> Tensor:
    """(B, 94) minus infinity for elements other than the most likely of each crystal, as many as it is to have.

    likely : (B, M, 94) probabilities. Pinned elements always belong; where no number is asked for, all do.
    """
    pinned = torch.nn.functional.one_hot(conditions.elements.clamp_min(0), likely.shape[-1])
    pinned = (pinned * (conditions.elements >= 0).unsqueeze(-1)).amax(1)
    score = (likely * conditions.mask.unsqueeze(-1)).sum(1) + 1e6 * pinned
    rank = score.argsort(-1, descending=True).argsort(-1)
    number = conditions.distinct.clamp_min(1).unsqueeze(-1)
    keep = (rank < number) | (pinned > 0) | (conditions.distinct == 0).unsqueeze(-1)
    return torch.where(keep, 0.0, float("-inf"))


def _odds(logits: Tensor) -> Tensor:
    """Probabilities of logits (..., K), not normalised; for a few categories far faster than ``softmax``."""
    return (logits - logits.amax(-1, keepdim=True)).exp()


def _guided(
    network: Inference, conditions: Conditions, time: Tensor, k: Tensor, elements: Tensor, classes: Tensor, x: Tensor
) -> Prediction:
    """One prediction; with targets both passes go through the network as one batch."""
    group, mask, labels, w = conditions.space_group, conditions.mask, conditions.labels, conditions.guidance
    whole = None if bool(mask.all()) else mask
    if labels is None or conditions.without is None or w == 1.0:
        return network(group, time, k, elements, classes, x, labels, whole)
    group, time, k, elements, classes, x = (torch.cat([a, a]) for a in (group, time, k, elements, classes, x))
    shown = torch.cat([labels, conditions.without])
    parts = network(group, time, k, elements, classes, x, shown, None if whole is None else torch.cat([whole, whole]))
    mixed = []
    for name, part in zip(Prediction._fields, parts, strict=True):
        with_, without = part.float().chunk(2)
        if name in ("elements", "classes"):
            with_, without = with_.log_softmax(-1), without.log_softmax(-1)
        if name == "k" and conditions.of_cell is not None:
            strength = torch.where(conditions.of_cell, w, min(w, 1.0)).unsqueeze(-1)
            mixed.append(without + strength * (with_ - without))
        else:
            mixed.append(without + w * (with_ - without))
    return Prediction(*mixed)


class _Walk:
    """One batch on its way from noise to crystals: where it is, and one step on.

    Categories are those of the N orbits that exist, without padding: elements (N,), classes (N, 15).
    The order of the random numbers is part of what a seed means: lattice, coordinates, elements, site symmetries at
    the start, then coordinates, lattice, elements and site symmetries at every step; pinned values after each.
    """

    def __init__(
        self,
        network: Inference,
        priors: Priors,
        conditions: Conditions,
        generator: torch.Generator,
        scheme: Scheme,
    ) -> None:
        self.network, self.asked = network, conditions
        self.generator, self.scheme = generator, scheme
        group = conditions.space_group
        device = group.device
        batch, orbits = conditions.elements.shape
        self.orbits = conditions.mask.flatten().nonzero().squeeze(1)
        self.crystal = self.orbits // orbits
        self.frame = LatticeFrame(group, priors)
        self.of_k, self.of_x = VariancePreserving(STEPS, device), WrappedNormal(STEPS, device)
        self.of_elements, self.of_classes = categories(priors, group[self.crystal], conditions.allowed)
        self.forbidden = torch.where(conditions.allowed, 0.0, float("-inf")).to(device)
        self.settled = scheme.settle <= 0 or not conditions.distinct.any()
        self.kept_e, self.kept_c = self.packed(conditions.elements), self.packed(conditions.classes)
        self.held_e, self.held_c = self.kept_e >= 0, self.kept_c >= 0
        self.held_x, self.held_k = conditions.positions.isfinite(), conditions.k.isfinite()
        self.kept_x = conditions.positions.nan_to_num()
        self.kept_k = self.frame.standardise(conditions.k.nan_to_num())
        self.second = (Multistep(), Multistep()) if scheme.second_order else None
        self.k = self.frame.constrain(self.of_k.start((batch, 6), generator))
        self.x = self.of_x.start((batch, orbits, 3), generator)
        self.elements = self.of_elements.start((len(self.orbits),), generator)
        self.classes = self.of_classes.start((len(self.orbits), N_AXES), generator)
        self.hold(STEPS)

    def packed(self, values: Tensor) -> Tensor:
        """(N, ...) the rows of values (B, M, ...) of the orbits that exist."""
        return values.flatten(0, 1)[self.orbits]

    def padded(self, values: Tensor) -> Tensor:
        """(B, M, ...) values (N, ...) of the orbits that exist, zeros elsewhere."""
        mask = self.asked.mask
        return (
            values.new_zeros(mask.numel(), *values.shape[1:])
            .index_copy_(0, self.orbits, values)
            .unflatten(0, mask.shape)
        )

    def hold(self, t: int) -> None:
        """Put back what is pinned, noised to time t, so that the network sees what it was trained on."""
        if self.held_e.any():
            e = self.of_elements.noised(self.kept_e.clamp_min(0), t, self.generator)
            self.elements = torch.where(self.held_e, e, self.elements)
        if self.held_c.any():
            c = self.of_classes.noised(self.kept_c.clamp_min(0), t, self.generator)
            self.classes = torch.where(self.held_c, c, self.classes)
        if self.held_x.any():
            self.x = torch.where(self.held_x, self.of_x.noised(self.kept_x, t, self.generator), self.x)
        if self.held_k.any():
            self.k = torch.where(self.held_k, self.of_k.noised(self.kept_k, t, self.generator), self.k)

    def ask(self, t: int) -> Prediction:
        """What the network says of the batch at time t."""
        time = torch.full((len(self.k),), t / STEPS, device=self.k.device)
        elements, classes = self.padded(self.elements), self.padded(self.classes)
        out = _guided(self.network, self.asked, time, self.k, elements, classes, self.x)
        return Prediction(*(part.float() for part in out))

    def correct(self, t: int, last: bool) -> None:
        """A Langevin step of the coordinates, for which the network is asked once more."""
        self.x = self.of_x.correct(self.x, self.ask(t).x, t, CORRECTOR_STEP, last, self.generator)

    def step(self, t: int, s: int) -> None:
        """From time t to time s."""
        out = self.ask(t)
        self._move(out, t, s)
        self._draw(out, t, s)
        self.hold(s)

    def _move(self, out: Prediction, t: int, s: int) -> None:
        x, k = self.of_x.clean(self.x, out.x, t), self.of_k.clean(self.k, out.k, t)
        if self.second is not None:
            x = self.second[0].aim(x, self.of_x.log_step(t, s), s == 0)
            k = self.second[1].aim(k, self.of_k.log_step(t, s), s == 0)
        self.x = self.of_x.step(self.x, x, t, s, self.scheme.noise, self.generator)
        self.k = self.frame.constrain(self.of_k.step(self.k, k, t, s, self.scheme.noise, self.generator))

    def _draw(self, out: Prediction, t: int, s: int) -> None:
        logits = self.packed(out.elements) / self.scheme.temperature
        if not self.settled and s <= self.scheme.settle * STEPS:
            self.settled = True
            outside = _outside(self.padded((logits + self.forbidden).softmax(-1)), self.asked)
            self.forbidden = self.forbidden + outside[self.crystal]
            self.of_elements = self.of_elements.restricted(self.forbidden == 0)
        fresh = self.scheme.fresh
        likely = (logits + self.forbidden).softmax(-1)
        self.elements = self.of_elements.step(self.elements, likely, t, s, fresh, self.generator)
        likely = _odds(self.packed(out.classes))
        self.classes = self.of_classes.step(self.classes, likely, t, s, fresh, self.generator)

    def result(self) -> Sample:
        """The batch at time 0."""
        k = torch.where(self.held_k, self.asked.k, self.frame.restore(self.k))
        return Sample(k, self.padded(self.elements), self.padded(self.classes), self.x % 1.0)


@torch.no_grad()
def sample(
    network: Inference,
    priors: Priors,
    conditions: Conditions,
    generator: torch.Generator,
    scheme: Scheme,
    cancel: CancelToken | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sample:
    """Draw one batch; ``cancel`` is looked at before every step."""
    walk = _Walk(network, priors, conditions, generator, scheme)
    schedule = times(scheme.steps, scheme.spacing)
    for i, (t, s) in enumerate(pairwise(schedule)):
        if cancel is not None and cancel.is_set():
            raise Cancelled
        if scheme.corrector:
            walk.correct(t, last=s == 0)
        walk.step(t, s)
        if progress is not None:
            progress(i + 1, len(schedule) - 1)
    return walk.result()
