"""What is known of a crystal before it is relaxed: its composition, and one look at it by a potential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.errors import ModelError
from crystal_studio.potentials import registry
from crystal_studio.potentials.look import PULLS, Look

SCALE = 0.1
"""eV/atom at which energies above hull turn from linear to logarithmic in what the network sees (``bent``)."""

_OWN = ("e_above_hull", "formation_energy", "hull_formation_energy", "log_volume_per_atom")
SHOWN = (*_OWN, *PULLS)
"""First columns of ``Unrelaxed.values``: those by which a crystal may be unlike the training data."""


@dataclass(frozen=True)
class Unrelaxed:
    """B crystals as they stand.

    values : (B, K) float32; the columns of ``SHOWN``, then mean, spread, least and greatest of the elements' facts and
        the number of elements; NaN where the potential or its hull has no answer
    above : (B,) eV/atom above the potential's hull, unrelaxed
    elements : (B, 119) whether each element is there
    """

    values: NDArray[np.float32]
    above: NDArray[np.float64]
    elements: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def known(self) -> NDArray[np.bool_]:
        """(B,) of which something can be said."""
        return np.asarray(np.isfinite(self.values).all(1))

    def take(self, index: NDArray) -> Unrelaxed:
        """The crystals named by an index array or Boolean mask, in that order."""
        return Unrelaxed(self.values[index], self.above[index], self.elements[index])


def bent(energy: NDArray) -> NDArray:
    """Energies above hull (eV/atom) as the network sees them: linear near the hull, logarithmic far above it."""
    return np.arcsinh(np.asarray(energy) / SCALE)


def straight(value: NDArray) -> NDArray:
    """The inverse of ``bent``."""
    return SCALE * np.sinh(np.clip(value, -20, 20))


def describe(structures: Structures, facts: NDArray, potential: str, hull: ReferenceHull | None = None) -> Unrelaxed:
    """``facts`` (119, P) of the elements, scaled; ``hull`` that of the same potential, the shipped one where none is
    given. Raises ``ModelError`` where the potential cannot be asked for a look, ``KnownError`` as it is loaded."""
    asked: Any = registry.load(potential)
    if not hasattr(asked, "look"):
        raise ModelError(f"The potential {potential} cannot be asked for a single look: train with chgnet.")
    look: Look = asked.look(structures)
    hull = hull or ReferenceHull.load(registry.key(potential))
    held = counts(structures)
    found = hull.distances(held, look.energy_per_atom)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.stack(
            [
                bent(found.e_above_hull),
                found.formation_energy,
                found.formation_energy - found.e_above_hull,
                np.log(structures.volume / structures.n_atoms),
            ],
            1,
        )
    values = np.concatenate([own, _pulls(look.pulls), composition(held, facts)], 1)
    return Unrelaxed(values.astype(np.float32), found.e_above_hull, held > 0)


def composition(held: NDArray, facts: NDArray) -> NDArray[np.float64]:
    """(B, 4 P + 1) of atoms of each element (B, 119) and what is known of the elements (119, P)."""
    share = held / np.maximum(held.sum(1, keepdims=True), 1)
    mean = share @ facts
    spread = np.sqrt(np.maximum(share @ facts**2 - mean**2, 0))
    there = held > 0
    least, most = np.zeros_like(mean), np.zeros_like(mean)
    for i in np.flatnonzero(there.any(1)):
        least[i], most[i] = facts[there[i]].min(0), facts[there[i]].max(0)
    return np.concatenate([mean, spread, least, most, there.sum(1, keepdims=True)], 1)


def _pulls(pulls: NDArray) -> NDArray[np.float64]:
    """Forces and stresses reach over decades: their logarithms, with the sign of the pressure."""
    out = np.array(pulls, float)
    for name in ("largest", "forces", "strains", "shear"):
        column = PULLS.index(name)
        out[:, column] = np.log1p(out[:, column] / 0.01)
    pressure = PULLS.index("pressure")
    out[:, pressure] = np.arcsinh(out[:, pressure] / 0.1)
    out[:, PULLS.index("atoms")] = np.log(out[:, PULLS.index("atoms")])
    return out
