"""What becomes of a crystal once it is relaxed: its energy above hull and the chance to lie below a limit, both
calibrated, from one look at the crystal as it was generated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.lattice import densities
from crystal_studio.crystal.soundness import CellLimits, is_sound
from crystal_studio.properties import calibration
from crystal_studio.properties.protocol import Predictions
from crystal_studio.properties.triage_network import TriageNetwork, logits
from crystal_studio.properties.unrelaxed import SCALE, SHOWN, Unrelaxed, bent, describe, straight

NAMES = ("e_above_hull",)
LIMITS = (-0.1, -0.05, -0.025, 0.0, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5)
"""eV/atom above the hull at which chances are given."""

FEW = 10
"""Training crystals of an element below which it counts as unknown."""

_LIMITS = CellLimits(volume_per_atom=1.0)
_LOGISTIC = np.pi / np.sqrt(3)
"""Standard deviation of a logistic distribution of scale 1."""


@dataclass(frozen=True)
class Expected:
    """What the members say together of the bent energy above hull of B crystals, uncalibrated: centre, aleatoric and
    epistemic standard deviation (B,), and the logit of the chance (B, L) at ``LIMITS``."""

    centre: NDArray[np.float64]
    aleatoric: NDArray[np.float64]
    epistemic: NDArray[np.float64]
    logit: NDArray[np.float64]

    @property
    def std(self) -> NDArray[np.float64]:
        """(B,) total."""
        return np.sqrt(self.aleatoric**2 + self.epistemic**2)

    @property
    def energy(self) -> NDArray[np.float64]:
        """(B,) eV/atom above the hull, the median."""
        return np.asarray(straight(self.centre), float)


@dataclass(frozen=True)
class Seen:
    """Where the training data say something.

    trained : (119,) training crystals that hold each element; low, high : range of the columns ``SHOWN``;
    epistemic : (1,) disagreement of the members that 99.5% of the calibration part stay below
    """

    trained: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    epistemic: NDArray[np.float32]

    def reasons(self, crystals: Unrelaxed, expected: Expected) -> list[str]:
        """Why each crystal lies outside; empty where it does not."""
        rare = crystals.elements & (self.trained < FEW)
        shown = crystals.values[:, : len(SHOWN)]
        out = (shown < self.low) | (shown > self.high)
        apart = expected.epistemic > self.epistemic
        found = []
        for i in range(len(crystals)):
            parts = []
            if rare[i].any():
                symbols = sorted(SYMBOLS[z] for z in np.flatnonzero(rare[i]))
                parts.append(f"hardly any training crystal holds {', '.join(symbols)}")
            if out[i].any():
                names = [name.replace("_", " ") for name, o in zip(SHOWN, out[i], strict=True) if o]
                parts.append(f"its {' and '.join(names)} unrelaxed is unusual")
            if apart[i]:
                parts.append("the members of the ensemble disagree")
            found.append("; ".join(parts))
        return found


@dataclass(frozen=True)
class Calibration:
    """table : (1, 100) conformal half widths at ``calibration.LEVELS``; chance : (2,) slope and intercept of the logits
    (Platt, 1999)"""

    table: NDArray[np.float64]
    chance: NDArray[np.float64]


def expected_of(members: Sequence[TriageNetwork], values: NDArray[np.float32]) -> Expected:
    """All members on all crystals."""
    limits = torch.as_tensor(bent(np.array(LIMITS)), dtype=torch.float32)
    with torch.inference_mode():
        found = [member(torch.as_tensor(values)) for member in members]
        chance = torch.stack([torch.sigmoid(logits(one, limits)) for one in found]).double().mean(0).numpy()
    raw = torch.stack(found).double().numpy()
    scale = np.exp(raw[..., 1]) * _LOGISTIC
    chance = np.clip(chance, 1e-6, 1 - 1e-6)
    return Expected(raw[..., 0].mean(0), np.sqrt((scale**2).mean(0)), raw[..., 0].std(0), np.log(chance / (1 - chance)))


class TriageEnsemble:
    """A trained ``PropertyModel`` of unrelaxed crystals; ``potential`` is the one whose look it goes by."""

    def __init__(
        self,
        name: str,
        card: dict[str, Any],
        members: Sequence[TriageNetwork],
        facts: NDArray[np.float32],
        calibrated: Calibration,
        seen: Seen,
    ) -> None:
        self.name, self.card, self.potential = name, card, str(card["potential"])
        self.members = [member.eval() for member in members]
        self.facts, self.calibrated, self.seen = facts, calibrated, seen

    def predict(self, crystals: AsymmetricUnits | Structures) -> Predictions:
        """Energies above hull that relaxation by ``potential`` will lead to; the mean is the median. NaN and a reason
        where a cell is none, or the potential has no answer."""
        structures = expand(crystals) if isinstance(crystals, AsymmetricUnits) else crystals
        sound = np.flatnonzero(is_sound(structures, _LIMITS))
        size = len(structures)
        density, reasons = np.full(size, np.nan), np.full(size, "its cell is no crystal", object)
        columns = {k: np.full((size, 1), np.nan) for k in ("mean", "std", "low", "high", "aleatoric", "epistemic")}
        chances = np.full((size, len(LIMITS)), np.nan)
        if len(sound):
            good = structures.take(sound)
            density[sound] = densities(good)
            reasons[sound] = f"{self.potential} or its hull has no answer"
            described = describe(good, self.facts, self.potential)
            known = described.known
            rows, described = sound[known], described.take(known)
            found = expected_of(self.members, described.values)
            for name, column in self._energies(found).items():
                columns[name][rows, 0] = column
            slope, intercept = self.calibrated.chance
            chances[rows] = 1 / (1 + np.exp(-(slope * found.logit + intercept)))
            reasons[rows] = self.seen.reasons(described, found)
        return Predictions(
            NAMES,
            columns["mean"],
            columns["std"],
            columns["low"],
            columns["high"],
            columns["aleatoric"],
            columns["epistemic"],
            metal=np.full(size, np.nan),
            density=density,
            in_domain=np.array([not reason for reason in reasons], bool),
            reasons=tuple(map(str, reasons)),
            limits=LIMITS,
            chances=chances,
        )

    def _energies(self, found: Expected) -> dict[str, NDArray[np.float64]]:
        """Columns of ``Predictions`` in eV/atom: intervals are straightened, spreads by the slope at the mean."""
        one, most = (calibration.width(self.calibrated.table, p)[0] for p in (calibration.ONE_SIGMA, 0.95))
        mean = found.energy
        slope = np.sqrt(mean**2 + SCALE**2)
        upper, lower = straight(found.centre + one * found.std), straight(found.centre - one * found.std)
        return {
            "mean": mean,
            "std": 0.5 * (upper - lower),
            "low": straight(found.centre - most * found.std),
            "high": straight(found.centre + most * found.std),
            "aleatoric": slope * found.aleatoric,
            "epistemic": slope * found.epistemic,
        }
