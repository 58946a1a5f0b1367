"""What every sampler asks: clean sites and cells expected at one time, its noise, and whether to go on."""

from __future__ import annotations

import torch
from torch import Tensor

from crystal_studio.diffusion.random import normal
from crystal_studio.diffusion.variance_preserving import VariancePreserving
from crystal_studio.generators.adaptive_cell.process import STEPS, Crystals
from crystal_studio.generators.adaptive_cell.score import ScoreNetwork
from crystal_studio.generators.protocol import Cancelled, CancelToken


class Denoising:
    """B crystals that are being denoised by a network; what is known of them has no noise at any time."""

    def __init__(
        self,
        network: ScoreNetwork,
        crystals: Crystals,
        generator: torch.Generator,
        know_cell: bool = False,
        know_sites: bool = False,
        cancel: CancelToken | None = None,
    ) -> None:
        self.network, self.crystals, self.generator = network, crystals, generator
        self.know_cell, self.know_sites, self.cancel = know_cell, know_sites, cancel
        self.process = VariancePreserving(STEPS, generator.device)

    def look(self) -> None:
        """Raise ``Cancelled`` where nobody waits for the crystals any more."""
        if self.cancel is not None and self.cancel.is_set():
            raise Cancelled

    def _at(self, t: int) -> Tensor:
        return torch.full_like(self.crystals.space_group, t)

    def sigma(self, t: int) -> Tensor:
        """(n, 1) Angstrom of noise in the sites at a time, 0 at 0."""
        whole = self.crystals.sigma(self._at(t))[self.crystals.orbits.crystal].unsqueeze(1)
        return whole if t else torch.zeros_like(whole)

    def noise(self, x: Tensor, lattice: Tensor) -> Tensor:
        """(n, 3) fractional displacements, of one Angstrom along each free direction."""
        return self.crystals.free(normal(x, self.generator), lattice)

    def expected(self, x: Tensor, c: Tensor, t: int) -> tuple[Tensor, Tensor, Tensor]:
        """Fractional displacements (n, 3) to the clean sites in units of sigma and components (B, 6) of the clean
        cells, both as expected, and lattices (B, 3, 3), of sites x (n, 3) and cells c (B, 6) at time t."""
        whole = self._at(t)
        none = torch.zeros_like(whole)
        shown = self.crystals.shown(x, c, none if self.know_sites else whole, none if self.know_cell else whole)
        out = self.network(shown)
        lattice = shown.lattice[self.crystals.orbits.crystal]
        away = torch.linalg.solve(lattice, out.sites.unsqueeze(1), left=False).squeeze(1)
        a = self.process.alpha_bars[t]
        return away, (a.sqrt() * c - (1 - a).sqrt() * out.cell) * self.crystals.frame.free, shown.lattice
