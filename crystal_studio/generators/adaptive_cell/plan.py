"""What each candidate is: its space group, and an element and a Wyckoff position for each orbit."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.space_groups import N_GROUPS, tables
from crystal_studio.data.marginals import marginals
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators import compositions
from crystal_studio.generators.adaptive_cell.options import AdaptiveCellOptions

MOST_ORBITS = 24
"""Orbits of the largest crystals that models are trained on."""


def most_orbits(request: DesignRequest, limit: int = MOST_ORBITS) -> int:
    """Orbits that a candidate may have."""
    return min(AdaptiveCellOptions.of(request).max_orbits or limit, limit)


def check(request: DesignRequest, known: Iterable[int] | None = None, limit: int = MOST_ORBITS) -> None:
    """Raise ``RequestError`` where no candidate can obey the request; ``known`` are the elements of the model."""
    missing = [s for s in request.reduced_composition if known is not None and atomic_number(s) not in set(known)]
    if missing:
        raise RequestError(f"The model has never seen {', '.join(missing)}: choose other elements.", "chemsys")
    formula_unit = sum(request.reduced_composition.values())
    if request.max_atoms and formula_unit > request.max_atoms:
        raise RequestError(
            f"One formula unit of {request.composition} has {formula_unit} atoms: allow at least as many.", "max_atoms"
        )
    groups = request.space_groups or range(1, N_GROUPS + 1)
    if not any(compositions.formula_units(request, int(g), most_orbits(request, limit)) for g in groups):
        shown = [f"{tables().symbol[g - 1]} ({g})" for g in request.space_groups]
        names = (", ".join(shown[:4]) + (" ..." if len(shown) > 4 else "")) or "any group"
        raise RequestError(
            f"No set of Wyckoff positions of {names} holds {request.composition} within the limits: choose other space"
            " groups, or allow more atoms or orbits.",
            "composition",
        )


def draw(request: DesignRequest, count: int, rng: np.random.Generator, limit: int = MOST_ORBITS) -> AsymmetricUnits:
    """``count`` candidates without cells and coordinates (those given mean nothing): sets of Wyckoff positions that
    hold the composition, most of them as crystals of similar elements have."""
    high = most_orbits(request, limit)
    odds = marginals().space_group_counts.astype(float)
    if request.space_groups:
        odds = np.zeros(N_GROUPS)
        odds[np.array(request.space_groups) - 1] = 1.0
    odds = compositions.group_odds(request, odds / odds.sum(), high)
    found: list[tuple[int, list[int], list[int]]] = []
    while len(found) < count:
        if not odds.sum() > 0:
            raise RequestError("No space group can hold what was asked for: loosen the request.", "space_groups")
        number = int(rng.choice(N_GROUPS, p=odds / odds.sum())) + 1
        sites = compositions.draw_sites(request, number, high, _orbit_odds(number, high), rng)
        if sites is None:
            odds[number - 1] = 0
        else:
            found.append((number, *sites))
    return _units(found)


def _orbit_odds(number: int, high: int) -> NDArray[np.float64]:
    """(high + 1,) odds of numbers of orbits of a group, those of all groups where it was never seen."""
    counts = marginals().orbit_counts.astype(float)
    own = counts[number - 1] if counts[number - 1, : high + 1].any() else counts.sum(0)
    odds = np.zeros(high + 1)
    odds[: min(high + 1, len(own))] = own[: high + 1]
    return odds / max(odds.sum(), 1.0)


def _units(found: list[tuple[int, list[int], list[int]]]) -> AsymmetricUnits:
    width = max(len(rows) for _, _, rows in found)
    numbers, wyckoff = np.zeros((len(found), width), np.int16), np.full((len(found), width), -1, np.int16)
    for i, (_, elements, rows) in enumerate(found):
        numbers[i, : len(rows)], wyckoff[i, : len(rows)] = elements, rows
    groups = np.array([number for number, _, _ in found], np.int16)
    return AsymmetricUnits(
        groups, np.tile(np.eye(3), (len(found), 1, 1)), numbers, wyckoff, np.zeros((*numbers.shape, 3))
    )
