"""The forward processes of SymmCD and the training loss."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from crystal_studio.crystal.lattice import fixed_components, free_components
from crystal_studio.diffusion import discrete
from crystal_studio.diffusion.schedules import cosine_alpha_bar, log_sigmas, wrapped_normal_d, wrapped_normal_norm
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
    batch = len(clean.k)
    if t is None:
        t = torch.randint(1, STEPS + 1, (batch,), generator=generator, device=device)
    alpha_bar = cosine_alpha_bar(STEPS).to(device)[t]
    sigma = log_sigmas(STEPS).to(device)[t][:, None, None]
    norm = wrapped_normal_norm(STEPS).to(device)[t][:, None, None]
    frame = LatticeFrame(clean.space_group, priors)

    noise_k = torch.randn(clean.k.shape, generator=generator, device=device)
    k_t = alpha_bar[:, None].sqrt() * frame.standardise(clean.k) + (1 - alpha_bar[:, None]).sqrt() * noise_k
    noise_x = torch.randn(clean.x.shape, generator=generator, device=device)
    x_t = (clean.x + sigma * noise_x) % 1.0
    target_x = wrapped_normal_d(sigma * noise_x, sigma.expand_as(noise_x)) / norm.sqrt()
    elements_t = discrete.noise(clean.elements, alpha_bar[:, None], priors.element_marginal().to(device), generator)
    marginal = priors.classes.to(device)[clean.space_group - 1][:, None]
    classes_t = discrete.noise(
        clean.classes, alpha_bar[:, None, None], marginal.expand(*clean.classes.shape, -1), generator
    )
    out = network(clean.space_group, t / STEPS, frame.constrain(k_t), elements_t, classes_t, x_t, clean.labels)
    free = frame.free.float()
    parts = {
        "k": (free * (out.k.float() - noise_k) ** 2).mean(),
        "x": ((out.x.float() - target_x) ** 2).mean(),
        "elements": cross_entropy(out.elements.float().flatten(0, -2), clean.elements.flatten()),
        "classes": cross_entropy(out.classes.float().flatten(0, -2), clean.classes.flatten()),
    }
    total = sum(getattr(weights, name) * part for name, part in parts.items())
    return torch.as_tensor(total), {name: part.detach() for name, part in parts.items()}
