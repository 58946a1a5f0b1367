"""What a model of properties answers."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from crystal_studio.crystal.batches import AsymmetricUnits, Structures

FAMILY = "properties"
"""What the cards of the property models that we train name as their family."""

TRIAGE = "triage"
"""The same of those that say what becomes of an unrelaxed crystal."""

NAMES = ("formation_energy_per_atom", "e_above_hull", "band_gap")
UNITS = ("eV/atom", "eV/atom", "eV")
QUANTITIES = {"formation_energy_per_atom": "formation_energy", "e_above_hull": "e_hull", "band_gap": "band_gap"}
"""What the registry of quantities calls the columns of the training data."""

AT_LEAST = (-inf, 0.0, 0.0)
"""Values below which a property cannot lie."""


def quantity_of(column: str) -> str:
    """The quantity that a predicted column stands for; a model may as well name its columns by quantities."""
    return QUANTITIES.get(column, column)


@dataclass(frozen=True)
class Predictions:
    """Predicted properties of B crystals; NaN where a cell is no crystal.

    names : the P columns
    mean : (B, P) predictive means in ``UNITS``
    std : (B, P) calibrated: on crystals of unseen chemical systems 68.3% lie within mean +- std
    low, high : (B, P) calibrated 95% interval
    aleatoric, epistemic : (B, P) standard deviations before calibration: scatter that the members expect,
        and their disagreement
    metal : (B,) probability of a band gap of zero
    density : (B,) g/cm3, computed
    in_domain : (B,) whether the training data say something about such a crystal
    reasons : B sentences, empty where in the domain
    limits : L energies above hull, ascending, at which ``chances`` (B, L) are given: how likely the crystal lies at or
        below each; none of both where a model leaves that to ``mean`` and ``std``
    """

    names: tuple[str, ...]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    aleatoric: NDArray[np.float64]
    epistemic: NDArray[np.float64]
    metal: NDArray[np.float64]
    density: NDArray[np.float64]
    in_domain: NDArray[np.bool_]
    reasons: tuple[str, ...]
    limits: tuple[float, ...] = ()
    chances: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.mean)

    def chance(self, limit: float) -> NDArray[np.float64]:
        """(B,) chance that the energy above hull is at most ``limit`` (eV/atom), NaN where nothing is known of it."""
        import numpy as np
        from scipy.special import expit, logit, ndtr

        if self.chances is not None:
            told = logit(np.clip(self.chances, 1e-9, 1 - 1e-9))
            return np.array([expit(np.interp(limit, self.limits, row)) for row in told], float)
        found = [p for p, name in enumerate(self.names) if quantity_of(name) == "e_hull"]
        if not found:
            return np.full(len(self), np.nan)
        p = found[0]
        return np.asarray(ndtr((limit - self.mean[:, p]) / np.maximum(self.std[:, p], 1e-9)), float)


class PropertyModel(Protocol):
    """Trained predictors of properties; works on crystals as generated, before any relaxation.

    name : the key of the registry and of the method in the project file
    card : what is said of it; ``title`` is for people
    """

    name: str
    card: dict[str, Any]

    def predict(self, crystals: AsymmetricUnits | Structures) -> Predictions:
        """Milliseconds a crystal on one core; energies are those of the relaxed crystal (PBE, MP2020 scheme), for a
        model of the family ``TRIAGE`` those that its potential relaxes it to."""


class PropertyModelClass(Protocol):
    """What an entry point of the group ``crystal_studio.property_models`` names; its card is there at once."""

    card: dict[str, Any]

    def __call__(self) -> PropertyModel:
        """The model, its weights read; raises ``ModelError`` with the remedy where that is not possible."""
