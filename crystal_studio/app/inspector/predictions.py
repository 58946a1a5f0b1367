"""The inspector's rows of predicted properties."""

from __future__ import annotations

from crystal_studio.app.inspector.facts import CandidateFacts
from crystal_studio.app.inspector.parts import FactGrid
from crystal_studio.app.numbers_text import figure, plus_minus
from crystal_studio.candidates.registry import quantities


def predictions(grid: FactGrid, facts: CandidateFacts) -> None:
    """Add what learned models expect, with one standard deviation; the 95% interval is in the tip."""
    notes = next((v.notes for v in facts.verdicts if v.stage == "properties"), {})
    learned = [row for row in facts.quantities if row.method.kind == "learned"]
    grid.group("Predicted before relaxation")
    for row in learned:
        quantity = quantities().get(row.quantity)
        if quantity is None or not quantity.learned or row.value is None:
            continue
        low, high = (notes.get(f"{row.quantity}_{side}") for side in ("low", "high"))
        tip = f"By {row.method.title or row.method.name}, with one standard deviation"
        digits = min(quantity.digits, 2)
        if low is not None and high is not None:
            tip += f"; with 95% confidence between {figure(low, digits)} and {figure(high, digits)} {quantity.unit}"
        value = figure(row.value, digits) if row.uncertainty is None else plus_minus(row.value, row.uncertainty, digits)
        grid.number(f"{quantity.title}, predicted", value, quantity.unit, tip)
    metal = facts.row.value("probability_metal")
    if metal is not None:
        grid.number("Probability of a metal", figure(100 * metal, 0), "%", "That the PBE band gap is zero")
    if facts.row.value("in_domain") is False:
        why = notes.get("property_note") or "no training crystal is like it"
        grid.note(f"Outside the training data ({why}): do not rely on the predictions or their uncertainty.")
