"""Quantities of metal-organic frameworks: what they are made of, what they adsorb, their pores."""

from __future__ import annotations

from crystal_studio.candidates.quantities import LABEL, Quantity

FRAMEWORKS = (
    Quantity("nodes", "Nodes", kind=LABEL, description="Metal nodes of the framework, the commonest first"),
    Quantity("linkers", "Linkers", kind=LABEL, description="Linkers of the framework, the commonest first"),
    Quantity(
        "co2_working_capacity",
        "CO₂ working capacity",
        "ΔN<sub>CO2</sub>",
        "mmol/g",
        ".2f",
        better="high",
        description="CO₂ taken up from flue gas less what stays when it is warmed and pumped, per mass",
    ),
    Quantity(
        "co2_uptake",
        "CO₂ uptake",
        "N<sub>CO2</sub>",
        "mmol/g",
        ".2f",
        better="high",
        description="CO₂ taken up from flue gas, per mass",
        shown=False,
    ),
    Quantity(
        "pld",
        "Pore limiting diameter",
        "PLD",
        "Å",
        ".2f",
        description="Diameter of the largest sphere that passes through the crystal",
    ),
    Quantity(
        "lcd",
        "Largest cavity diameter",
        "LCD",
        "Å",
        ".2f",
        description="Diameter of the largest sphere that fits between the atoms",
    ),
    Quantity(
        "surface_area",
        "Accessible surface area",
        "S<sub>acc</sub>",
        "m²/g",
        ".0f",
        description="Surface that a probe molecule reaches through the pores, per mass",
    ),
    Quantity(
        "surface_area_by_volume",
        "Accessible surface area by volume",
        "S<sub>acc,V</sub>",
        "m²/cm³",
        ".0f",
        description="Surface that a probe molecule reaches through the pores, per volume",
        shown=False,
    ),
    Quantity(
        "void_fraction",
        "Void fraction",
        "φ",
        "",
        ".3f",
        description="Share of the volume outside of all atoms that is connected through the crystal",
    ),
)
