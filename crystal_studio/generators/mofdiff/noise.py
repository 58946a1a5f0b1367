"""The noise: variance preserving in what blocks are, variance exploding in where they stand and in the cell."""

from __future__ import annotations

from math import pi

import torch
from torch import Tensor

from crystal_studio.diffusion.random import normal
from crystal_studio.generators.mofdiff.frameworks import mean_of

OFFSET = 1e-4
"""s of the cosine schedule (Nichol and Dhariwal 2021), as MOFDiff has it."""
LEAST_SIGMA = 0.1
"""Angstrom of noise in positions at time 0."""
MOST_SIGMA = 0.35
"""The same at time 1, in lengths of the cell's longest vector: where a block stands is then as good as anywhere."""
STRAIN = (0.02, 0.15)
"""Noise in the logarithmic strain of the cell at times 0 and 1."""
_IMAGES = torch.cartesian_prod(*[torch.arange(-2, 3)] * 3).float()


def alpha_bar(t: Tensor) -> Tensor:
    """Share of the variance that is signal in the features of a block at times in [0, 1]."""

    def curve(at: Tensor) -> Tensor:
        return ((at + OFFSET) / (1 + OFFSET) * pi / 2).cos().square()

    return (curve(t) / curve(torch.zeros_like(t))).clamp(1e-4, 1.0)


def sigma(t: Tensor, lattice: Tensor) -> Tensor:
    """(B,) Angstrom of noise in positions at times (B,) in cells (B, 3, 3)."""
    most = MOST_SIGMA * lattice.norm(dim=-1).amax(1)
    return LEAST_SIGMA * (most / LEAST_SIGMA) ** t


def strain_size(t: Tensor) -> Tensor:
    """(B,) standard deviation of the strain's components at times (B,)."""
    low, high = STRAIN
    return low * (high / low) ** t


def symmetric(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """(B, 3, 3) symmetric normal matrices (variance 1, 1/2 off the diagonal), alike in every frame."""
    one = normal(like, generator)
    return (one + one.mT) / 2


def strained(lattice: Tensor, strain: Tensor) -> Tensor:
    """Cells (B, 3, 3) under logarithmic strains (B, 3, 3), symmetric and Cartesian."""
    return lattice @ torch.linalg.matrix_exp(strain)


def still(crystal: Tensor, n_blocks: Tensor, moves: Tensor) -> Tensor:
    """Moves (n, 3) without that of the framework as a whole, of which nothing can be known."""
    return moves - mean_of(moves, crystal, n_blocks)[crystal]


def towards_clean(away: Tensor, lattice: Tensor, sigma: Tensor) -> Tensor:
    """sigma times the score of the normal distribution wrapped into the cell: (n, 3), Cartesian.

    away : (n, 3) fractional, from where a block belongs to where it is; lattice : (n, 3, 3) its cell, reduced
    sigma : (n, 1) Angstrom
    """
    near = away - away.round()
    places = ((near.unsqueeze(1) + _IMAGES.to(away.device)) @ lattice) / sigma.unsqueeze(1)
    weight = (-0.5 * places.square().sum(-1)).softmax(1)
    return -(weight.unsqueeze(-1) * places).sum(1)
