"""What a score network of the adaptive-cell model is shown and says, whichever it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from crystal_studio.crystal.multigraph import Orbits
from crystal_studio.crystal.space_groups import tables

N_ELEMENTS = 94


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of a network.

    kind : which network, a key of ``network.NETWORKS``; neighbours : nearest images that each atom sees
    """

    kind: str
    neighbours: int

    def to_dict(self) -> dict[str, Any]:
        """For a card."""
        return asdict(self)


class Shown(NamedTuple):
    """What a network is shown of B crystals with n orbits.

    orbits : what of their multigraph does not depend on coordinates and cells; elements (n,) atomic number - 1
    space_group : (B,) 1..230; x : (n, 3) fractional coordinates of the representatives
    t_sites, t_cell : (B,) in [0, 1]; sigma : (B,) Angstrom of noise in the positions
    strain : (B, 3, 3) logarithmic strain of the cell from the one expected
    change : (B, 6, 3, 3) how edges change with the cell, of ``cells.Frame.cells``
    lattice : (B, 3, 3) Angstrom
    """

    orbits: Orbits
    elements: Tensor
    space_group: Tensor
    x: Tensor
    t_sites: Tensor
    t_cell: Tensor
    sigma: Tensor
    strain: Tensor
    change: Tensor
    lattice: Tensor


class Score(NamedTuple):
    """sites (n, 3): expected displacement to the clean position in units of sigma, Cartesian, along the free
    parameters alone; cell (B, 6): the velocity sqrt(a) noise - sqrt(1 - a) clean of components of unit variance."""

    sites: Tensor
    cell: Tensor


class ScoreNetwork(nn.Module, ABC):
    """Invariant under the operations of the group, the choice of representatives and whole translations, whatever its
    weights are; no crystal knows of another of its batch."""

    config: NetworkConfig
    projector: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("projector", torch.as_tensor(tables().projector).float(), persistent=False)

    @abstractmethod
    def graph(self, shown: Shown) -> object:
        """The edges that it sees, built anew at every call."""

    @abstractmethod
    def forward(self, shown: Shown) -> Score:
        """The scores; matrix products may be of 16 bits, geometry is not."""

    def projected(self, shown: Shown, sites: Tensor) -> Tensor:
        """What the site symmetry leaves of Cartesian displacements (n, 3)."""
        lattice = shown.lattice[shown.orbits.crystal]
        fractional = torch.linalg.solve(lattice, sites.unsqueeze(1), left=False)
        return ((fractional @ self.projector[shown.orbits.row].mT) @ lattice).squeeze(1)


def exact(like: Tensor) -> torch.autocast:
    """No 16-bit matrix products inside: geometry needs its digits."""
    return torch.autocast(like.device.type, enabled=False)
