"""Is the crystal worth a relaxation, by what a learned model expects of it and how sure that is?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.candidates.verdicts import Reason, ReasonKind, Verdicts, marking, rejecting
from crystal_studio.errors import KnownError
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import option
from crystal_studio.properties import registry
from crystal_studio.properties.protocol import PropertyModel, quantity_of


@dataclass(frozen=True)
class TriageStage:
    """Rejects what is surely far above the hull: where the whole 95% interval of the prediction lies over the limit.

    A crystal that is unlike the training data, or of which nothing was predicted, goes on: nothing speaks against it.
    Give it a place before the relaxation, which it is to spare.
    """

    limit: float = option(
        0.5,
        "Limit",
        "energy above hull that the 95% interval of the prediction must reach down to",
        unit="eV/atom",
        low=0,
        high=10,
        step=0.05,
    )
    model: str = option(registry.DEFAULT, "Model", "name of the property model", metavar="NAME", advanced=True)
    rejects: bool = True

    name = "triage"
    version = 1
    title = "Triage"
    sifts = True
    in_order = False
    costly = False
    remembers = False
    requires = ()
    gives = ()
    reasons = (
        ReasonKind(
            "unpromising",
            "Surely far above the hull",
            "It is expected at least {low:.2f} eV/atom above the hull, with 95% confidence (limit {limit:.2f}).",
        ),
    )
    seconds = 0.0

    def reference(self, context: Any) -> PropertyModel:
        """The property model; raises ``KnownError`` where it is not installed."""
        return registry.load(self.model)

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Predicts by itself, so that it may stand anywhere; finds nothing. Notes triage_note where it has no say."""
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
        low = np.asarray(found.low[:, names.index("e_hull")], float)
        bad = np.asarray(found.in_domain, bool) & (low > self.limit)
        return rejecting(
            [
                Reason("unpromising", {"low": float(e), "limit": self.limit}) if b else None
                for e, b in zip(low, bad, strict=True)
            ]
        )
