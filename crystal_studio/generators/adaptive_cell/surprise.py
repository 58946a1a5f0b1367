"""What the network thinks of crystals: how far it is from knowing them again under noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.lattice import constrain, to_k
from crystal_studio.generators.adaptive_cell.cells import CellPrior
from crystal_studio.generators.adaptive_cell.process import Clean, Crystals, corrupt
from crystal_studio.generators.adaptive_cell.score import ScoreNetwork

TIMES = (200, 400, 550)
"""At which crystals are noised: below, any crystal is known again, above, none."""
DRAWS = 2
CALLS = len(TIMES) * DRAWS


@torch.no_grad()
def surprise(
    network: ScoreNetwork,
    prior: CellPrior,
    units: AsymmetricUnits,
    generator: torch.Generator,
    know_cell: bool = False,
    know_sites: bool = False,
    tick: Callable[[], None] = lambda: None,
) -> NDArray[np.float64]:
    """(B,) the training loss of each crystal, of its cell or, where that is known, of its sites; a mean over times
    and draws of the noise, a free parameter. ``tick`` is called after each of ``CALLS`` network calls."""
    device = generator.device
    crystals = Crystals.of(units, prior, str(device))
    k = torch.as_tensor(constrain(to_k(units.lattice), units.space_group), dtype=torch.float32, device=device)
    x = torch.as_tensor(units.positions[units.mask], dtype=torch.float32, device=device)
    clean = Clean(crystals, x, crystals.frame.inside(k))
    none = torch.zeros_like(crystals.space_group)
    total = torch.zeros(len(units), device=device)

    def of_each(values: Tensor) -> Tensor:
        return torch.zeros_like(total).index_add_(0, crystals.orbits.crystal, values)

    for t in TIMES * DRAWS:
        noisy = corrupt(clean, none if know_sites else none + t, none if know_cell else none + t, generator)
        said = network(noisy.shown)
        if know_cell:
            error, free = of_each(((said.sites - noisy.sites) ** 2).sum(1)), of_each(crystals.freedom.float())
        else:
            free = crystals.frame.free.float()
            error, free = (((said.cell - noisy.cell) ** 2) * free).sum(1), free.sum(1)
        total += error / free.clamp_min(1)
        tick()
    return (total / CALLS).double().cpu().numpy()
