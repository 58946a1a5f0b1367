"""The deep ensemble: members trained from different starts, their mixture, its calibration and its domain.

Each member predicts a mean and a variance; the mixture has the mean of the means and the mean of the variances
(aleatoric) plus the variance of the means (epistemic) (Lakshminarayanan et al., NeurIPS 2017, section 2.4).
"""

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
from crystal_studio.properties.graph import OrbitGraphs, build
from crystal_studio.properties.network import OUTPUTS, PropertyNetwork, Tensors
from crystal_studio.properties.protocol import AT_LEAST, NAMES, Predictions

FORMATION_SHIFT, HULL_SCALE = 1.3, 3.0
"""Networks see formation energy + 1.3 eV/atom and energy above hull x 3: numbers of order one."""

FEW = 10
"""Training crystals of an element below which it counts as unknown."""

_AT_ONCE = 256
_LIMITS = CellLimits(volume_per_atom=1.0)
_NOISE = 1e-3
"""eV: least standard deviation; the labels are no better."""


@dataclass(frozen=True)
class Mixture:
    """What the members say together, uncalibrated: mean, aleatoric and epistemic std (B, 3), metal (B,)."""

    mean: NDArray[np.float64]
    aleatoric: NDArray[np.float64]
    epistemic: NDArray[np.float64]
    metal: NDArray[np.float64]

    @property
    def std(self) -> NDArray[np.float64]:
        """(B, 3) total."""
        return np.sqrt(self.aleatoric**2 + self.epistemic**2)


@dataclass(frozen=True)
class Domain:
    """Where the training data say something.

    trained : (119,) training crystals that hold each element; low, high : (3,) range of the graphs' ``whole``;
    epistemic : (3,) disagreement of the members that 99.5% of held-out crystals stay below
    """

    trained: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    epistemic: NDArray[np.float32]

    def reasons(self, structures: Structures, whole: NDArray[np.float32], mixture: Mixture) -> list[str]:
        """Why each crystal lies outside; empty where it does not."""
        crystal = structures.crystal
        rare = self.trained[structures.numbers] < FEW
        unknown: dict[int, set[str]] = {}
        for i, z in zip(crystal[rare], structures.numbers[rare], strict=True):
            unknown.setdefault(int(i), set()).add(SYMBOLS[z])
        out = (whole < self.low) | (whole > self.high)
        apart = mixture.epistemic > self.epistemic
        texts = ("volume per atom", "packing", "shortest distance")
        found = []
        for i in range(len(structures)):
            parts = []
            if i in unknown:
                parts.append(f"hardly any training crystal holds {', '.join(sorted(unknown[i]))}")
            if out[i].any():
                parts.append(f"its {' and '.join(t for t, o in zip(texts, out[i], strict=True) if o)} is unusual")
            if apart[i].any():
                parts.append("the members of the ensemble disagree")
            found.append("; ".join(parts))
        return found


def mixture_of(members: Sequence[PropertyNetwork], graphs: OrbitGraphs) -> Mixture:
    """All members on all graphs."""
    outputs: list[list[NDArray]] = [[] for _ in members]
    with torch.inference_mode():
        for start in range(0, len(graphs), _AT_ONCE):
            batch = Tensors.of(graphs.take(np.arange(start, min(start + _AT_ONCE, len(graphs)))))
            for member, collected in zip(members, outputs, strict=True):
                collected.append(member(batch).double().numpy())
    raw = np.stack([np.concatenate(o) if o else np.zeros((0, OUTPUTS)) for o in outputs])
    metal = 1 / (1 + np.exp(-np.clip(raw[..., 4], -50, 50)))
    gap, gap_variance = np.maximum(raw[..., 5], 0), np.exp(2 * np.clip(raw[..., 6], -10, 4))
    mean = np.stack([raw[..., 0] - FORMATION_SHIFT, np.maximum(raw[..., 2] / HULL_SCALE, 0), (1 - metal) * gap], -1)
    # A metal with probability m, else a Gaussian: second moment minus squared mean.
    variance = np.stack(
        [
            np.exp(2 * np.clip(raw[..., 1], -10, 4)),
            np.exp(2 * np.clip(raw[..., 3], -10, 4)) / HULL_SCALE**2,
            (1 - metal) * (gap_variance + gap**2) - mean[..., 2] ** 2,
        ],
        -1,
    )
    return Mixture(mean.mean(0), np.sqrt(np.maximum(variance.mean(0), _NOISE**2)), mean.std(0), metal.mean(0))


class Ensemble:
    """A trained ``PropertyModel``. ``table`` (3, 100): conformal half widths at ``calibration.LEVELS``."""

    def __init__(
        self,
        name: str,
        card: dict[str, Any],
        members: Sequence[PropertyNetwork],
        table: NDArray[np.float64],
        domain: Domain,
    ) -> None:
        self.name, self.card = name, card
        self.members = [member.eval() for member in members]
        self.table, self.domain = np.asarray(table, float), domain

    def predict(self, crystals: AsymmetricUnits | Structures) -> Predictions:
        """Predictions for every crystal; NaN and a reason where a cell is none."""
        structures = expand(crystals) if isinstance(crystals, AsymmetricUnits) else crystals
        sound = is_sound(structures, _LIMITS)
        size, count = len(structures), len(NAMES)
        columns = {k: np.full((size, count), np.nan) for k in ("mean", "std", "low", "high", "aleatoric", "epistemic")}
        metal, density = np.full(size, np.nan), np.full(size, np.nan)
        in_domain, reasons = np.zeros(size, bool), np.full(size, "its cell is no crystal", object)
        if sound.any():
            good = structures.take(sound)
            graphs = build(good)
            mixture = mixture_of(self.members, graphs)
            std = mixture.std
            reach = calibration.width(self.table, 0.95) * std
            columns["mean"][sound] = mixture.mean
            columns["std"][sound] = calibration.width(self.table, calibration.ONE_SIGMA) * std
            columns["low"][sound] = np.maximum(mixture.mean - reach, AT_LEAST)
            columns["high"][sound] = mixture.mean + reach
            columns["aleatoric"][sound], columns["epistemic"][sound] = mixture.aleatoric, mixture.epistemic
            metal[sound], density[sound] = mixture.metal, densities(good)
            why = self.domain.reasons(good, graphs.whole, mixture)
            reasons[sound] = why
            in_domain[sound] = [not text for text in why]
        return Predictions(
            NAMES,
            columns["mean"],
            columns["std"],
            columns["low"],
            columns["high"],
            columns["aleatoric"],
            columns["epistemic"],
            metal=metal,
            density=density,
            in_domain=in_domain,
            reasons=tuple(map(str, reasons)),
        )
