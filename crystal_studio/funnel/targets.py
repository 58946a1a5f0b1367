"""Has the crystal the properties that were asked for, or a fair chance of them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.registry import quantities
from crystal_studio.candidates.verdicts import Finding, Reason, ReasonKind, Verdicts, marking, rejecting
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.lattice import densities
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.errors import KnownError, RequestError
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import option
from crystal_studio.properties import registry
from crystal_studio.properties.protocol import PropertyModel, quantity_of

METHOD = Method("targets", "geometry", "Targets of the request")
NO_RANGES = "No property is asked for: name a target, or set the ranges of the stage."
HALF_WIDTH = 0.05
"""A range without width is widened by this share of its value (of one unit where it is 0) to both sides."""
_PREDICTED = ("band_gap",)
"""What is predicted for the relaxed crystal too: no stage computes it."""


def ranges_of(text: str) -> tuple[PropertyTarget, ...]:
    """From "band_gap=1:2 density=3:5"; raises ``RequestError``."""
    return tuple(PropertyTarget.parse(part) for part in text.split())


def as_text(targets: Sequence[PropertyTarget]) -> str:
    """The inverse of ``ranges_of``."""
    return " ".join(f"{target.name}={target.low!r}:{target.high!r}" for target in targets)


def bounds(target: PropertyTarget) -> tuple[float, float]:
    """What counts as met: an energy above hull may always be lower than asked."""
    low, high = target.low, target.high
    if quantity_of(target.name) == "e_hull":
        return -inf, high
    if low == high:
        width = HALF_WIDTH * (abs(low) or 1.0)
        low, high = low - width, high + width
    return low, high


def chances(
    target: PropertyTarget, mean: NDArray, std: NDArray, metal: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """(B,) chance that the property lies in the range, of a Gaussian; NaN where nothing is predicted.

    metal : (B,) for a band gap, the chance that it is exactly 0; mean and std are those of the whole distribution
    """
    low, high = bounds(target)
    none = np.zeros(len(mean)) if metal is None else np.clip(metal, 0, 1 - 1e-6)
    inner = mean / (1 - none)
    spread = np.sqrt(np.maximum((std**2 + mean**2) / (1 - none) - inner**2, 1e-6))
    within = ndtr((high - inner) / spread) - ndtr((low - inner) / spread)
    return np.asarray((1 - none) * within + none * (low <= 0 <= high))


@dataclass(frozen=True)
class _OfRanges:
    """What both stages can be set to, and how a request tells them its targets."""

    ranges: str = option(
        "",
        "Ranges",
        "properties and what they may be, like band_gap=1:2 density=3:5",
        zero="the targets of the request",
        metavar="RANGES",
    )
    model: str = option(registry.DEFAULT, "Model", "name of the property model", metavar="NAME", advanced=True)
    rejects: bool = True

    version: ClassVar[int] = 1
    in_order: ClassVar[bool] = False
    costly: ClassVar[bool] = False
    remembers: ClassVar[bool] = False
    seconds: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        ranges_of(self.ranges)

    def asked(self, targets: Sequence[PropertyTarget]) -> Self:
        """The same stage in a request with these targets: they count where it names no ranges itself.

        Raises ``RequestError`` where there is neither.
        """
        if not (self.ranges or targets):
            raise RequestError(NO_RANGES, "targets")
        return self if self.ranges else replace(self, ranges=as_text(targets))


@dataclass(frozen=True)
class TargetsStage(_OfRanges):
    """Rejects what has hardly a chance of the properties asked for, by what is predicted of it and how sure that is.

    The chances of several properties are multiplied. That to lie near the hull is told by a triage model, which takes
    one look at each candidate by its potential (workers do that); where there is none, by the property model. Of what
    nothing is predicted, nothing is said. Give it a place before the relaxation, which it is to spare.
    """

    chance: float = option(
        0.1, "Least chance", "chance of having them all, below which a candidate is rejected", low=0, high=1, step=0.05
    )
    energies: str = option(
        registry.TRIAGE_DEFAULT,
        "Model of stability",
        "name of the triage model that tells how likely a candidate lies near the hull once relaxed",
        metavar="NAME",
        advanced=True,
    )
    name: ClassVar[str] = "targets"
    title: ClassVar[str] = "Targets"
    version: ClassVar[int] = 2
    seconds: ClassVar[float] = 600.0  # most of it for a first one, for which the potential is loaded
    sifts: ClassVar[bool] = True
    requires: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ("target_chance",)
    reasons: ClassVar[tuple[ReasonKind, ...]] = (
        ReasonKind(
            "off_target",
            "Hardly a chance of the targets",
            "The chance that it has what was asked for is {chance:.1%} (limit {limit:.1%}).",
        ),
    )

    def __post_init__(self) -> None:
        near_hull = any(quantity_of(target.name) == "e_hull" for target in ranges_of(self.ranges))
        object.__setattr__(self, "costly", near_hull)

    def reference(self, context: Any) -> PropertyModel:
        """The property model; raises ``KnownError`` where it is not installed."""
        return registry.load(self.model)

    def _near_hull(self, batch: Batch, target: PropertyTarget) -> NDArray[np.float64] | None:
        """(B,) chance to lie that near the hull once relaxed; None where no triage model says it."""
        try:
            found = registry.load(self.energies).predict(batch.structures)
        except KnownError:
            return None
        return found.chance(bounds(target)[1]) if "e_hull" in map(quantity_of, found.names) else None

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Predicts by itself, so that it may stand anywhere; finds target_chance, notes target_note (why not)."""
        size, asked = len(batch), ranges_of(self.ranges)
        if not asked:
            return marking(size, notes={"target_note": objects([NO_RANGES] * size)})
        try:
            model = self.reference(context)
        except KnownError as error:
            return marking(size, notes={"target_note": objects([f"No property model: {error}"] * size)})
        found = model.predict(batch.structures)
        names = [quantity_of(name) for name in found.names]
        whole, silent = np.ones(size), []
        for target in asked:
            quantity = quantity_of(target.name)
            told = self._near_hull(batch, target) if quantity == "e_hull" else None
            if told is not None:
                whole = whole * np.where(np.isnan(told), 1.0, told)
            elif quantity in names:
                p = names.index(quantity)
                metal = found.metal if quantity == "band_gap" else None
                whole = whole * chances(target, found.mean[:, p], found.std[:, p], metal)
            elif quantity == "density":
                # Cells as generated are some per cent off.
                rho = found.density
                whole = whole * chances(target, rho, 0.05 * rho)
            else:
                silent.append(target.name)
        note = f"{model.name} predicts no {', '.join(silent)}." if silent else None
        off = [
            Reason("off_target", {"chance": float(p), "limit": self.chance}) if p < self.chance else None for p in whole
        ]
        return rejecting(off, [Finding("target_chance", METHOD, whole)], {"target_note": objects([note] * size)})


@dataclass(frozen=True)
class RelaxedTargetsStage(_OfRanges):
    """Rejects what has not the properties asked for, now that it is relaxed.

    Energies and whatever else a stage computes are asked for as they were computed, density by the geometry; a band
    gap is predicted anew. What nobody knows is not met.
    """

    name: ClassVar[str] = "targets_relaxed"
    title: ClassVar[str] = "Targets, relaxed"
    requires: ClassVar[tuple[str, ...]] = ()
    gives: ClassVar[tuple[str, ...]] = ("targets_met",)
    reasons: ClassVar[tuple[ReasonKind, ...]] = (
        ReasonKind("missed", "Targets missed", "{property} is {value} where {low:g} to {high:g} {unit} was asked for."),
        ReasonKind("not_known", "Target not known", "{property}, which was asked for, is not known."),
    )

    def __post_init__(self) -> None:
        wanted = dict.fromkeys(quantity_of(target.name) for target in ranges_of(self.ranges))
        read = tuple(name for name in wanted if name not in (*_PREDICTED, "density"))
        object.__setattr__(self, "requires", read)

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Finds targets_met (1 or 0); notes target_note (why nothing can be said)."""
        size, asked = len(batch), ranges_of(self.ranges)
        if not asked:
            return marking(size, notes={"target_note": objects([NO_RANGES] * size)})
        reasons: list[Reason | None] = [None] * size
        for target in asked:
            quantity = quantity_of(target.name)
            low, high = bounds(target)
            declared = quantities().get(quantity)
            title = declared.title if declared else target.name
            for i, value in enumerate(self._values(quantity, batch)):
                if reasons[i] is None and not np.isfinite(value):
                    reasons[i] = Reason("not_known", {"property": title})
                elif reasons[i] is None and not low <= value <= high:
                    unit = declared.unit if declared else ""
                    shown = format(float(value), declared.format if declared else ".3g")
                    reasons[i] = Reason(
                        "missed",
                        {"property": title, "value": shown, "low": target.low, "high": target.high, "unit": unit},
                    )
        met = np.array([float(reason is None) for reason in reasons])
        return rejecting(reasons, [Finding("targets_met", METHOD, met)])

    def _values(self, quantity: str, batch: Batch) -> NDArray[np.float64]:
        if quantity == "density":
            return _densities(batch.structures)
        if quantity not in _PREDICTED:
            return np.asarray(batch.value(quantity), float)
        try:
            found = registry.load(self.model).predict(batch.structures)
        except KnownError:
            return np.full(len(batch), np.nan)
        names = [quantity_of(name) for name in found.names]
        return found.mean[:, names.index(quantity)] if quantity in names else np.full(len(batch), np.nan)


def _densities(structures: Structures) -> NDArray[np.float64]:
    found = densities(structures)
    return np.where(np.isfinite(found) & (structures.volume > 0), found, np.nan)
