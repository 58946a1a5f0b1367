"""What does a learned model expect of the crystal, before anything is relaxed?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crystal_studio.errors import KnownError
from crystal_studio.funnel.protocol import Batch, Verdicts
from crystal_studio.funnel.verdict import marking, objects
from crystal_studio.properties import registry
from crystal_studio.properties.protocol import NAMES


@dataclass(frozen=True)
class Properties:
    """Marks candidates with predicted properties and their calibrated uncertainty; rejects none.

    The predictions are those of the generated geometry, energies those that the crystal is expected to have
    when relaxed.
    """

    model: str = registry.DEFAULT

    name = "properties"
    title = "Predicted properties"
    in_order = False
    costly = False

    def __call__(self, batch: Batch, context: Any) -> Verdicts:
        """Values for each name of ``properties.protocol.NAMES``: predicted_<name>, predicted_<name>_std, and the
        95% interval predicted_<name>_low and _high (eV/atom, eV; NaN if unknown); probability_metal; in_domain;
        property_note (why not in the domain, or why nothing can be said); property_model."""
        size = len(batch.ids)
        try:
            model = registry.load(self.model)
        except KnownError as error:
            parts = ("", "_std", "_low", "_high")
            values = {f"predicted_{name}{part}": np.full(size, np.nan) for name in NAMES for part in parts}
            note = objects([f"No property model: {error}"] * size)
            return marking(size, values | {"in_domain": objects([None] * size), "property_note": note})
        found = model.predict(batch.structures)
        values = {}
        for p, name in enumerate(found.names):
            values[f"predicted_{name}"] = found.mean[:, p]
            values[f"predicted_{name}_std"] = found.std[:, p]
            values[f"predicted_{name}_low"] = found.low[:, p]
            values[f"predicted_{name}_high"] = found.high[:, p]
        values["probability_metal"] = found.metal
        values["in_domain"] = objects([bool(x) for x in found.in_domain])
        values["property_note"] = objects([reason or None for reason in found.reasons])
        values["property_model"] = objects([model.name] * size)
        return marking(size, values)
