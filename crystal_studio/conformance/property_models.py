"""What every model of properties must pass."""

from __future__ import annotations

import numpy as np

from crystal_studio.candidates.registry import quantities
from crystal_studio.conformance import samples
from crystal_studio.conformance.batches import need, same
from crystal_studio.crystal.lattice import densities
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.properties.protocol import Predictions, PropertyModel, quantity_of

TOLERANCE = 1e-2
"""Within which the predictions for one crystal agree however it is described (eV, eV/atom)."""


def declaration(model: PropertyModel) -> None:
    """A name, and a card with a title."""
    need(isinstance(model.name, str) and model.name, "it has a name")
    need(isinstance(model.card, dict) and model.card.get("title"), "its card has a title")


def shapes(model: PropertyModel) -> None:
    """Columns of registered quantities for no crystal, one and several."""
    whole = samples.crystals()
    for size in (0, 1, len(whole)):
        found = model.predict(whole.take(np.arange(size)))
        _well_formed(found, size)
    need(np.isfinite(found.mean).any(), "it says something of rock salt, silicon, CsCl, iron or GeO2")
    known = np.isfinite(found.density)
    near = np.allclose(found.density[known], densities(whole)[known], rtol=0.02)
    need(near, "densities are g/cm3 of the crystal given")


def determinism(model: PropertyModel) -> None:
    """Asked twice, in another order and one by one, it answers the same."""
    whole = samples.crystals()
    found = model.predict(whole).mean
    need(np.array_equal(found, model.predict(whole).mean, equal_nan=True), "asked twice: predictions differ")
    order = np.arange(len(whole))[::-1]
    turned = model.predict(whole.take(order)).mean[order]
    need(samples.close(found, turned, TOLERANCE), "in another order of the batch: predictions differ")
    alone = np.concatenate([model.predict(whole.take(np.array([i]))).mean for i in range(len(whole))])
    need(samples.close(found, alone, TOLERANCE), "one by one: predictions differ")


def invariance(model: PropertyModel) -> None:
    """Predictions do not depend on origin, orientation, order of atoms, cell, or description by asymmetric units."""
    whole = samples.crystals()
    found = model.predict(whole).mean
    for what, cells in (
        ("turned and shifted", samples.redescribed(whole)),
        ("in a doubled cell", samples.doubled(whole)),
    ):
        other = model.predict(cells).mean
        need(samples.close(found, other, TOLERANCE), f"{what}: predictions differ ({found}, {other})")
    units, ok, _ = to_asymmetric_units(whole)
    orbits = model.predict(units.take(ok)).mean
    need(samples.close(found[ok], orbits, TOLERANCE), "as asymmetric units: predictions differ")


def absurd_cells(model: PropertyModel) -> None:
    """Cells that are none get no prediction and lie outside the domain, with a reason; nothing raises."""
    cells = samples.absurd()
    found = model.predict(cells)
    _well_formed(found, len(cells))
    nothing = np.array([0, 1, 2, 5])  # empty, flat, not finite
    need(np.isnan(found.mean[nothing]).all(), "empty cells, and those without volume or numbers, have no prediction")
    need(not found.in_domain[nothing].any(), "such cells lie outside the domain")


def hands_off(model: PropertyModel) -> None:
    """What it is given it leaves as it is."""
    whole = samples.crystals()
    before = samples.fresh(whole)
    model.predict(whole)
    need(same(before, whole), "the structures given were changed")


CHECKS = (declaration, shapes, determinism, invariance, absurd_cells, hands_off)


def _well_formed(found: Predictions, size: int) -> None:
    width = len(found.names)
    for name in found.names:
        need(quantity_of(name) in quantities(), f"{name} is no registered quantity")
    for name in ("mean", "std", "low", "high", "aleatoric", "epistemic"):
        column = getattr(found, name)
        need(column.shape == (size, width), f"{name} is {column.shape}, not ({size}, {width})")
        need(column.dtype == np.float64, f"{name} is float64")
        need(not np.isinf(column).any(), f"{name} is finite or NaN")
    for name in ("metal", "density", "in_domain"):
        need(getattr(found, name).shape == (size,), f"{name} is (B,)")
    need(found.in_domain.dtype == bool, "in_domain is bool")
    need(len(found.reasons) == size and len(found) == size, "a reason for every crystal, empty in the domain")
    known = np.isfinite(found.mean)
    need((found.std[known] > 0).all(), "a standard deviation is above zero")
    inside = (found.low <= found.mean) & (found.mean <= found.high)
    need(inside[known].all(), "the mean lies in its interval")
    chance = found.metal[np.isfinite(found.metal)]
    need(((chance >= 0) & (chance <= 1)).all(), "a chance lies between 0 and 1")
    told = [bool(reason) for reason in found.reasons]
    need((~found.in_domain == np.array(told, bool)).all(), "outside the domain there is a reason, inside there is none")
