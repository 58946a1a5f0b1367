"""The inspector's rows of predicted properties."""

from __future__ import annotations

from crystal_studio.app.inspector.facts import CandidateFacts
from crystal_studio.app.inspector.parts import FactGrid
from crystal_studio.app.numbers_text import figure, plus_minus

_ROWS = (
    ("formation_energy_per_atom", "Formation energy", "eV/atom", 2),
    ("e_above_hull", "Energy above hull", "eV/atom", 2),
    ("band_gap", "Band gap (PBE)", "eV", 2),
)


def predictions(grid: FactGrid, facts: CandidateFacts) -> None:
    """Add what the learned model expects, with one standard deviation; the 95% interval is in the tip."""
    found = next((v.values for v in facts.verdicts if v.stage == "properties"), {})
    grid.group("Predicted before relaxation")
    for name, title, unit, digits in _ROWS:
        mean, std = (getattr(facts.row, f"predicted_{name}{part}") for part in ("", "_std"))
        low, high = (found.get(f"predicted_{name}_{side}") for side in ("low", "high"))
        tip = "By a learned model, with one standard deviation"
        if low is not None and high is not None:
            tip += f"; with 95% confidence between {figure(low, digits)} and {figure(high, digits)} {unit}"
        grid.number(f"{title}, predicted", plus_minus(mean, std, digits), unit, tip)
    metal = found.get("probability_metal")
    if metal is not None:
        grid.number("Probability of a metal", figure(100 * metal, 0), "%", "That the PBE band gap is zero")
    if facts.row.in_domain is False:
        why = found.get("property_note") or "no training crystal is like it"
        grid.note(f"Outside the training data ({why}): do not rely on the predictions or their uncertainty.")
