"""What does a learned model expect of the crystal, before anything is relaxed?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Verdicts, marking
from crystal_studio.errors import KnownError
from crystal_studio.funnel.columns import objects
from crystal_studio.funnel.protocol import Batch
from crystal_studio.funnel.stage_options import option
from crystal_studio.properties import registry
from crystal_studio.properties.protocol import PropertyModel, quantity_of


@dataclass(frozen=True)
class PropertiesStage:
    """Marks candidates with predicted properties and their calibrated uncertainty; rejects none.

    The predictions are those of the judged geometry, energies those that the crystal is expected to have when relaxed.
    """

    model: str = option(registry.DEFAULT, "Model", "name of the property model", metavar="NAME", advanced=True)

    name = "properties"
    version = 1
    rejects = False
    title = "Predicted properties"
    in_order = False
    costly = False
    remembers = False
    requires = ()
    gives = ("formation_energy", "e_hull", "band_gap", "probability_metal", "in_domain")
    reasons = ()
    seconds = 0.0

    def reference(self, context: Any) -> PropertyModel:
        """The property model; raises ``KnownError`` where it is not installed."""
        return registry.load(self.model)

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Finds what the model predicts, with one standard deviation (eV/atom, eV; NaN if unknown), probability_metal
        and in_domain; notes the 95% interval of each quantity as <quantity>_low and <quantity>_high, and
        property_note (why not in the domain, or why nothing can be said)."""
        size = len(batch)
        try:
            model = self.reference(context)
        except KnownError as error:
            return marking(size, notes={"property_note": objects([f"No property model: {error}"] * size)})
        found = model.predict(batch.structures)
        method = Method(model.name, "learned", str(model.card.get("title", "")))
        findings, notes = [], {}
        for p, name in enumerate(found.names):
            quantity = quantity_of(name)
            findings.append(Finding(quantity, method, found.mean[:, p], found.std[:, p]))
            notes[f"{quantity}_low"], notes[f"{quantity}_high"] = found.low[:, p], found.high[:, p]
        findings.append(Finding("probability_metal", method, np.asarray(found.metal, float)))
        findings.append(Finding("in_domain", method, found.in_domain.astype(float)))
        return marking(
            size, findings, {**notes, "property_note": objects([reason or None for reason in found.reasons])}
        )
