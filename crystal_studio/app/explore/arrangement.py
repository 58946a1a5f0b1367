"""What the Explore page shows unasked: columns, order, axes and filters follow what a project holds. No Qt here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from crystal_studio.app.explore.columns import Column
from crystal_studio.candidates.registry import quantities
from crystal_studio.project.rows import BLOCKS, PREFIX

PORES = ("co2_working_capacity", "co2_uptake", "pld", "lcd", "surface_area", "surface_area_by_volume", "void_fraction")
"""Figures of frameworks."""
LEADING = ("co2_working_capacity", "surface_area", "lcd")
"""Those that frameworks are sorted by, the greatest first, and plotted: the first of them that is known."""
MADE_OF = ("nodes", "linkers")
ENERGIES = ("e_hull", "formation_energy", "predicted_e_hull", "predicted_formation_energy", "predicted_band_gap")
SPARSE = (*ENERGIES, "band_gap", "space_group", "novel", "nearest_known")
"""What a project of frameworks alone may be without; it is shown there once a candidate has it."""

Filter = tuple[str, str, str]
"""A filter worth a click: title, expression, tip."""

_ALL: Filter = ("All candidates", "", "Everything in the project")
_PASSED: Filter = ("Passed the funnel", "status == 'passed'", "Not rejected by any stage")
_REJECTED: Filter = ("Rejected", "status == 'rejected'", "With the stage and the reason")
_WAITING: Filter = ("Waiting", "status == 'waiting'", "Handed in to DFT, without an answer yet")
_NEAR: Filter = ("Near the hull", "e_hull <= 0.1", "At most 0.1 eV/atom above the reference hull")
_NEW_NEAR: Filter = (
    "New and near the hull",
    "e_hull <= 0.1 and novel == True",
    "Not in the reference set, at most 0.1 eV/atom above hull",
)
_OPEN: Filter = ("Open to CO₂", "pld >= 3.3", "A sphere as wide as CO₂ (3.3 Å) passes through the pores")
_NEW_OPEN: Filter = (
    "New and open to CO₂",
    "pld >= 3.3 and novel == True",
    "Not among the known frameworks, and a sphere of 3.3 Å passes through the pores",
)
_CO2: Filter = ("With CO₂ figures", "co2_working_capacity is not None", "Adsorption of CO₂ was computed")


@dataclass(frozen=True)
class Arrangement:
    """What is shown unasked.

    hidden : keys of columns that are not shown although their quantities ask for it
    order, descending : the column sorted by
    x, y : names of the axes of the scatter plot
    filters : those worth a click; example : one as it is typed
    held : names of what the project has values of
    of_frameworks : whether it holds metal-organic frameworks and no energy of any
    """

    hidden: frozenset[str]
    order: str
    descending: bool
    x: str
    y: str
    filters: tuple[Filter, ...]
    example: str
    held: frozenset[str] = frozenset()
    of_frameworks: bool = False

    def shows(self, column: Column) -> bool:
        """Whether a column is shown unasked."""
        return column.shown and column.key not in self.hidden

    def lacks(self, name: str) -> bool:
        """Whether no candidate has a value of what can be sorted or plotted."""
        known = quantities().get(name.removeprefix(PREFIX))
        return known is not None and known.stored != "column" and name not in self.held


CRYSTALS = Arrangement(
    frozenset((*MADE_OF, *PORES)),
    "e_hull",
    False,
    "density",
    "e_hull",
    (_ALL, _PASSED, _NEAR, _NEW_NEAR, _REJECTED, _WAITING),
    "e_hull < 0.1 and space_group in (166, 227) and 'Li' in elements",
)
"""Of a project of crystals, and of one that holds nothing yet."""


def arrangement(held: Collection[str]) -> Arrangement:
    """That of a project with these holdings (``project.holdings``); energies lead where there are any."""
    held = frozenset(held)
    if not held & {*MADE_OF, *PORES, BLOCKS}:
        return replace(CRYSTALS, held=held)
    hidden = frozenset((*MADE_OF, *PORES)) - held
    filters = [_ALL, _PASSED]
    if "pld" in held:
        filters += [_OPEN, _NEW_OPEN] if "novel" in held else [_OPEN]
    if "co2_working_capacity" in held:
        filters.append(_CO2)
    if held & set(ENERGIES):
        return replace(CRYSTALS, hidden=hidden, filters=(*filters, _NEAR, _NEW_NEAR, _REJECTED, _WAITING), held=held)
    leading = next((name for name in LEADING if name in held), "")
    return Arrangement(
        hidden | (frozenset(SPARSE) - held),
        leading or "id",
        bool(leading),
        "pld" if "pld" in held else "density",
        leading or "volume_per_atom",
        (*filters, _REJECTED, _WAITING),
        "pld > 3.3 and 'Zn' in elements and 'BDC' in linkers",
        held,
        of_frameworks=True,
    )
