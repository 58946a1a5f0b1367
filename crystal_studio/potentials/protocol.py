"""What every interatomic potential offers to the funnel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures


@dataclass(frozen=True)
class Relaxation:
    """The outcome of relaxing B crystals.

    structures : the relaxed crystals, same cells settings, atoms and order as what went in
    energy_per_atom : (B,) float64, eV/atom of the last geometry, NaN where a relaxation was given up
    converged : (B,) bool, whether forces and stress fell below the limit
    steps : (B,) int64, evaluations of energy, forces and stress
    reasons : B sentences, empty unless a relaxation was given up
    """

    structures: Structures
    energy_per_atom: NDArray[np.float64]
    converged: NDArray[np.bool_]
    steps: NDArray[np.int64]
    reasons: tuple[str, ...]


class Potential(Protocol):
    """A machine-learned interatomic potential on one device.

    ``name`` is the key of the registry and of hulls computed by it; ``title``
    is for people and names the functional that the energies speak of.
    """

    name: str
    title: str

    def energies(self, structures: Structures) -> NDArray[np.float64]:
        """(B,) eV/atom at the given geometry; NaN where the potential has no answer."""

    def relax(self, structures: Structures, max_steps: int = 120, fmax: float = 0.1) -> Relaxation:
        """Positions and cells moved downhill until every force is below ``fmax`` (eV/Angstrom)."""
