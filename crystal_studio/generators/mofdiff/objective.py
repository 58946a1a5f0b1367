"""What the networks learn from: losses of frameworks at random times."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from crystal_studio.diffusion.random import normal
from crystal_studio.generators.adaptive_cell.score import exact
from crystal_studio.generators.mofdiff import noise
from crystal_studio.generators.mofdiff.frameworks import Frameworks, mean_of
from crystal_studio.generators.mofdiff.network import Network, Shown


@dataclass(frozen=True)
class LossWeights:
    """Of the parts of the loss; ``kl`` is that of the encoder (MOFDiff: 0.01)."""

    blocks: float = 1.0
    places: float = 3.0
    strain: float = 0.3
    cell: float = 3.0
    count: float = 0.5
    metals: float = 2.0
    labels: float = 0.5
    prior: float = 1.0
    kl: float = 0.01


DECIDING = (0.35, 0.85)
"""Times at which it is decided which blocks are neighbours: about 0.5 to 3.5 Angstrom of noise."""
_OFTEN = 0.75
"""Share of the times drawn between those; the others are uniform in [0, 1]."""
PRIOR_DRAWS = 4
"""Times and noises at which the prior of z is shown each z of a batch."""
_UNTOLD = 0.25
"""Share of frameworks of which the prior is told no label at all; each label alone is left out as often."""


@dataclass(frozen=True)
class Batch:
    """Frameworks, scaled components of their logarithmic cells (B, 6) and their metals (B, 119).

    known : (B,) bool, which of them are known ones; of hypothetical ones the denoiser alone learns, so that what z says
        and how it is drawn stay those of known frameworks
    """

    given: Frameworks
    cell: Tensor
    metals: Tensor
    known: Tensor


def times(size: int, generator: torch.Generator | None, device: torch.device | str) -> tuple[Tensor, Tensor]:
    """Times (B,) of blocks and of places: one time for both; or blocks that are known; or each its own."""
    case, first, second, near = torch.rand(4, size, generator=generator, device=device)
    low, high = DECIDING
    first = torch.where(near < _OFTEN, low + (high - low) * first, first)
    blocks = torch.where(case < 0.55, first, torch.where(case < 0.8, torch.zeros_like(first), second))
    return blocks, first


def noised(
    network: Network,
    given: Frameworks,
    t_blocks: Tensor,
    t_places: Tensor,
    z: Tensor,
    generator: torch.Generator | None,
) -> tuple[Shown, Tensor, Tensor]:
    """What the denoiser is shown, and the displacements (n, 3) and strains (B, 3, 3) that it is to say."""
    crystal, count = given.crystal, given.n_blocks
    with exact(given.x), torch.no_grad():
        clean = network.features[given.block]
        a = noise.alpha_bar(t_blocks)[crystal].unsqueeze(1)
        shown_features = a.sqrt() * clean + (1 - a).sqrt() * normal(clean, generator)
        shown_features = torch.where((t_blocks == 0)[crystal].unsqueeze(1), clean, shown_features)
        strain = noise.symmetric(given.lattice, generator)
        lattice = noise.strained(given.lattice, noise.strain_size(t_places).view(-1, 1, 1) * strain)
        sigma = noise.sigma(t_places, lattice)
        moved = noise.still(crystal, count, normal(given.x, generator)) * sigma[crystal].unsqueeze(1)
        away = torch.linalg.solve(lattice[crystal], moved.unsqueeze(1), left=False).squeeze(1)
        target = noise.towards_clean(away, lattice[crystal], sigma[crystal].unsqueeze(1))
        target = noise.still(crystal, count, target)
        x = given.x + away
        shown = Shown(given.orbits, shown_features, x - x.floor(), lattice, t_blocks, t_places, sigma, z)
    # The strain undone: what is expected to be in the cell.
    return shown, target, strain


def losses(network: Network, batch: Batch, generator: torch.Generator | None) -> dict[str, Tensor]:
    """Parts of the loss, each without its weight."""
    given = batch.given
    mu, log_variance = network.encode(given)
    z = mu + (0.5 * log_variance).exp() * normal(mu, generator)
    told = network.told(z)
    t_blocks, t_places = times(len(given), generator, given.x.device)
    shown, target, strain = noised(network, given, t_blocks, t_places, z, generator)
    out = network(shown)
    crystal, count = given.crystal, given.n_blocks
    unknown = (t_blocks > 0)[crystal]
    named = cross_entropy(out.logits, given.block, reduction="none") * unknown
    known = given.labels.isfinite()
    off = torch.where(known, told.labels - given.labels.nan_to_num(0.0), 0.0)
    metals = binary_cross_entropy_with_logits(told.metals, batch.metals, reduction="none").sum(-1)
    return {
        "blocks": mean_of(named, crystal, count).sum() / (t_blocks > 0).sum().clamp_min(1),
        "places": mean_of((out.places - target).square().sum(-1), crystal, count).mean(),
        "strain": (out.strain - strain).square().sum((-1, -2)).mean(),
        "cell": _mean((network.cell(z, count) - batch.cell).square().sum(-1), batch.known),
        "count": _mean(cross_entropy(told.n_blocks, count - 1, reduction="none"), batch.known),
        "metals": _mean(metals, batch.known),
        "labels": off.square().sum() / known.sum().clamp_min(1),
        "kl": 0.5 * (mu.square() + log_variance.exp() - 1 - log_variance).sum(-1).mean(),
        "prior": prior_loss(network, z.detach(), given.labels, generator, batch.known),
    }


def _mean(values: Tensor, kept: Tensor) -> Tensor:
    """Of those values (B,) that are kept (B,); 0 of none."""
    found: Tensor = torch.where(kept, values, 0.0).sum() / kept.sum().clamp_min(1)
    return found


def prior_loss(
    network: Network, z: Tensor, labels: Tensor, generator: torch.Generator | None, kept: Tensor | None = None
) -> Tensor:
    """Of the velocity of z at random times, told some of the labels; of the z (B,) that are kept, all unless given."""
    kept = torch.ones(len(z), dtype=torch.bool, device=z.device) if kept is None else kept
    z, labels = z.repeat(PRIOR_DRAWS, 1), labels.repeat(PRIOR_DRAWS, 1)
    chance = torch.rand(len(z), 1 + labels.shape[1], generator=generator, device=z.device)
    told = torch.where((chance[:, :1] < _UNTOLD) | (chance[:, 1:] < _UNTOLD), torch.nan, labels)
    t = torch.rand(len(z), generator=generator, device=z.device)
    a = noise.alpha_bar(t).unsqueeze(1)
    random = normal(z, generator)
    velocity = a.sqrt() * random - (1 - a).sqrt() * z
    off = network.prior(a.sqrt() * z + (1 - a).sqrt() * random, t, told) - velocity
    return _mean(off.square().mean(-1), kept.repeat(PRIOR_DRAWS))


def total(parts: dict[str, Tensor], weights: LossWeights) -> Tensor:
    """Their weighted sum."""
    found = [getattr(weights, name) * value for name, value in parts.items()]
    return torch.stack(found).sum()
