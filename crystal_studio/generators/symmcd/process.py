"""The forward processes of SymmCD and the training loss."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from crystal_studio.crystal.lattice import fixed_components, free_components
from crystal_studio.diffusion.categorical import Categorical
from crystal_studio.diffusion.variance_preserving import VariancePreserving
from crystal_studio.diffusion.wrapped_normal import WrappedNormal
from crystal_studio.generators.symmcd.network import Denoiser
from crystal_studio.generators.symmcd.priors import Priors

STEPS = 1000


@dataclass(frozen=True)
class LossWeights:
    """Weights of the four parts of the loss. The published ones are 5, 1, 0.1 and 10."""

    k: float = 5.0
    x: float = 1.0
    elements: float = 0.5
    classes: float = 10.0

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


class Clean(NamedTuple):
    """One batch of crystals with M orbits each: space_group (B,), k (B, 6) raw, elements (B, M),
    classes (B, M, 15), x (B, M, 3), labels (B, L) property features."""

    space_group: Tensor
    k: Tensor
    elements: Tensor
    classes: Tensor
    x: Tensor
    labels: Tensor | None = None


class LatticeFrame:
    """Standardised k-vectors of given groups: the free components scaled, the others held fixed."""

    def __init__(self, space_group: Tensor, priors: Priors) -> None:
        numbers = space_group.cpu().numpy()
        device = space_group.device
        self.free = torch.as_tensor(free_components(numbers), device=device)
        self.mean, self.std = priors.k_mean.to(device), priors.k_std.to(device)
        fixed = torch.as_tensor(fixed_components(numbers), dtype=torch.float32, device=device)
        self.fixed = torch.where(self.free, torch.zeros(()).to(device), (fixed - self.mean) / self.std)

    def constrain(self, k: Tensor) -> Tensor:
        """Standardised k with the components that the crystal family fixes put back."""
        return torch.where(self.free, k, self.fixed)

    def standardise(self, k: Tensor) -> Tensor:
        """Raw k (B, 6) to standardised."""
        return self.constrain((k - self.mean) / self.std)

    def restore(self, k: Tensor) -> Tensor:
        """Standardised k (B, 6) to raw."""
        return self.constrain(k) * self.std + self.mean


def categories(priors: Priors, space_group: Tensor, allowed: Tensor | None = None) -> tuple[Categorical, Categorical]:
    """Corruptions of elements (...), those of ``allowed`` (94,) alone, and of site symmetries (..., 15), of orbits in
    the groups (...)."""
    device = space_group.device
    elements = priors.element_marginal(None if allowed is None else allowed.cpu()).to(device)
    return Categorical(STEPS, elements), Categorical(STEPS, priors.classes.to(device)[space_group - 1])


def loss(
    network: Denoiser,
    priors: Priors,
    clean: Clean,
    weights: LossWeights,
    t: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The weighted loss of one batch at random times, and its parts (SymmCD, eqs. 8-11).

    ``t`` (B,) integers 1..1000 fixes the times.
    """
    device = clean.k.device
    if t is None:
        t = torch.randint(1, STEPS + 1, (len(clean.k),), generator=generator, device=device)
    frame = LatticeFrame(clean.space_group, priors)
    of_elements, of_classes = categories(priors, clean.space_group.unsqueeze(1))
    k_t, noise_k = VariancePreserving(STEPS, device).corrupt(frame.standardise(clean.k), t, generator)
    x_t, target_x = WrappedNormal(STEPS, device).corrupt(clean.x, t, generator)
    elements_t = of_elements.corrupt(clean.elements, t, generator)
    classes_t = of_classes.corrupt(clean.classes, t, generator)
    out = network(clean.space_group, t / STEPS, frame.constrain(k_t), elements_t, classes_t, x_t, clean.labels)
    free = frame.free.float()
    parts = {
        "k": (free * (out.k.float() - noise_k) ** 2).mean(),
        "x": ((out.x.float() - target_x) ** 2).mean(),
        "elements": of_elements.loss(out.elements, clean.elements),
        "classes": of_classes.loss(out.classes, clean.classes),
    }
    total = sum(getattr(weights, name) * part for name, part in parts.items())
    return torch.as_tensor(total), {name: part.detach() for name, part in parts.items()}
