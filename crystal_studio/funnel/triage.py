"""Is the crystal worth a relaxation, by what a learned model expects of it and how sure that is?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.analysis.enrichment import ranking
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import (
    ERROR,
    PASSED,
    REJECTED,
    Finding,
    Reason,
    ReasonKind,
    Verdicts,
    marking,
    rejecting,
)
from crystal_studio.errors import KnownError
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.protocol import PROMISE, Batch
from crystal_studio.funnel.stage_options import option
from crystal_studio.properties import registry
from crystal_studio.properties.protocol import PropertyModel, quantity_of

METHOD = Method("triage", "geometry", "Triage")
RANDOM, BEST = "random_share", "among_best"
"""Quantities: whether the lot took a candidate, and whether its rank did."""


@dataclass(frozen=True)
class TriageStage:
    """Lets go on what is promising: rejects what is surely far above the hull (where the whole 95% interval of the
    prediction lies over ``limit``), and where ``best`` says how many may go on, all that rank behind those.

    A crystal is the more promising the greater the chance that it lies at most ``cutoff`` above the hull once relaxed;
    one that is known already comes last. A share of all, taken at random, goes on whatever is expected of it: by that
    share the rates of the model are known. A crystal that is unlike the training data, or of which nothing was
    predicted, is not rejected for its energy: nothing speaks against it. Give the stage a place before the relaxation,
    which it is to spare, and behind ``novelty``, whose word it heeds.
    """

    best: float = option(
        0.0,
        "Best",
        "candidates that may go on, a number, or below 1 a share of those of the run",
        low=0,
        high=10_000_000,
        step=100,
        zero="all that are promising",
    )
    random: float = option(
        0.1, "Random share", "share that goes on whatever is expected of it", low=0, high=1, step=0.05
    )
    cutoff: float = option(
        0.0,
        "Cutoff",
        "energy above hull up to which a relaxed crystal is what is sought",
        unit="eV/atom",
        low=-1,
        high=0.5,
        step=0.05,
    )
    limit: float = option(
        0.5,
        "Limit",
        "energy above hull that the 95% interval of the prediction must reach down to",
        unit="eV/atom",
        low=0,
        high=10,
        step=0.05,
    )
    model: str = option(registry.TRIAGE_DEFAULT, "Model", "name of the property model", metavar="NAME", advanced=True)
    rejects: bool = True

    name = "triage"
    version = 2
    title = "Triage"
    sifts = True
    follows = ("novelty", "properties")
    in_order = False
    costly = True
    remembers = False
    requires = ()
    gives = ("e_hull", PROMISE, RANDOM, BEST)
    reasons = (
        ReasonKind(
            "unpromising",
            "Surely far above the hull",
            "It is expected at least {low:.2f} eV/atom above the hull, with 95% confidence (limit {limit:.2f}).",
        ),
        ReasonKind(
            "not_best",
            "Not among the best",
            "It is not among the best {best} of {of}: its chance to lie at most {cutoff:g} eV/atom above the hull is"
            " {chance:.1%}. Judge it by the stages that follow to have it relaxed.",
        ),
        ReasonKind("known_already", "Known, not among the best", "It is known, and so not among the best {best}."),
    )
    seconds = 600.0  # most of it for a first one, for which the potential is loaded

    def reference(self, context: Any) -> PropertyModel:
        """The property model; raises ``KnownError`` where it is not installed."""
        return registry.load(self.model)

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Predicts by itself, so that it may stand anywhere; finds e_hull by the model and the chance of stability.
        Rejects by the limit alone: whom the lot or the rank takes, ``choose`` says. Notes triage_note where it has no
        say."""
        size = len(batch)
        try:
            model = self.reference(context)
        except KnownError as error:
            return marking(size, notes={"triage_note": objects([f"No property model: {error}"] * size)})
        found = model.predict(batch.structures)
        names = [quantity_of(name) for name in found.names]
        if "e_hull" not in names:
            return marking(
                size, notes={"triage_note": objects([f"{model.name} predicts no energy above hull."] * size)}
            )
        p = names.index("e_hull")
        low = np.asarray(found.low[:, p], float)
        bad = np.asarray(found.in_domain, bool) & (low > self.limit)
        method = Method(model.name, "learned", str(model.card.get("title", "")))
        findings = (
            Finding("e_hull", method, np.asarray(found.mean[:, p], float), np.asarray(found.std[:, p], float)),
            Finding(PROMISE, METHOD, found.chance(self.cutoff)),
        )
        reasons = [
            Reason("unpromising", {"low": float(e), "limit": self.limit}) if b else None
            for e, b in zip(low, bad, strict=True)
        ]
        return rejecting(reasons, findings, {"triage_note": objects([reason or None for reason in found.reasons])})

    @property
    def waits(self) -> bool:
        """Whether all candidates of a run have to be seen before any goes on."""
        return self.best > 0

    def expected(self, size: float, total: int) -> float:
        """How many of so many candidates of a run of ``total`` go on at most, before it is known which."""
        if not (self.waits and self.rejects):
            return size
        best = min(size, self._places(total))
        return best + self.random * (size - best)

    def choose(
        self,
        verdicts: Verdicts,
        lots: NDArray[np.float64],
        found: Mapping[str, NDArray],
        total: int,
        earlier: Sequence[float] = (),
    ) -> Verdicts:
        """What becomes of candidates whose verdicts by themselves are given, now that all are seen.

        lots (B,) in [0, 1); ``found`` what is known of them, of which "novel" counts; ``total`` candidates of the run,
        ``earlier`` the promise of those that were taken among the best before: they keep their places.
        """
        size = len(verdicts)
        judged = np.array([status != ERROR for status in verdicts.status], bool)
        drawn = judged & (lots < self.random)
        unpromising = np.array([reason is not None for reason in verdicts.reasons], bool)
        promise = self._promise(verdicts, found, size)
        places = self._places(total)
        best = judged & ~unpromising
        if self.waits:
            rivals = np.flatnonzero(best)
            before = np.asarray(earlier, float)
            order = ranking(np.concatenate([before, promise[rivals]]))
            taken = order[:places]
            best = np.zeros(size, bool)
            best[rivals[taken[taken >= len(before)] - len(before)]] = True
        known = np.asarray(found.get("novel", np.full(size, np.nan)), float) == 0
        status, reasons = list(verdicts.status), list(verdicts.reasons)
        for i in np.flatnonzero(judged):
            if best[i] or drawn[i]:
                status[i], reasons[i] = PASSED, None
            elif not unpromising[i]:
                status[i] = REJECTED if self.rejects else PASSED
                told = {"best": places, "of": total, "cutoff": self.cutoff, "chance": float(np.nan_to_num(promise[i]))}
                reasons[i] = Reason("known_already", {"best": places}) if known[i] else Reason("not_best", told)
        flags = [
            Finding(name, METHOD, np.where(judged, flag.astype(float), np.nan))
            for name, flag in ((RANDOM, drawn), (BEST, best))
        ]
        return replace(verdicts, status=tuple(status), reasons=tuple(reasons), findings=(*verdicts.findings, *flags))

    def _places(self, total: int) -> int:
        return int(np.ceil(self.best * total)) if self.best < 1 else round(self.best)

    @staticmethod
    def _promise(verdicts: Verdicts, found: Mapping[str, NDArray], size: int) -> NDArray[np.float64]:
        """(B,) by which candidates are ranked: a known one comes after all others."""
        told = [f.values for f in verdicts.findings if f.quantity == PROMISE]
        chance = np.asarray(told[0], float) if told else np.full(size, np.nan)
        known = np.asarray(found.get("novel", np.full(size, np.nan)), float) == 0
        return np.where(known, chance - 1.0, chance)
