"""Orbits of a crystal to complete, and what may come in beside them."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.wyckoff_sets import draw_set
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators.anchors import Anchors
from crystal_studio.generators.compositions import formula_units, row_weights
from crystal_studio.generators.symmcd.options import SymmCDOptions


def missing(request: DesignRequest, kept: Anchors) -> list[int]:
    """Atomic numbers of elements that must occur and that no kept orbit has."""
    return [z for z in map(atomic_number, request.chemical_system.must) if z not in kept.elements]


def to_add(request: DesignRequest) -> int:
    """How many orbits are to be added to those kept; 0 for as many as usual."""
    keep = SymmCDOptions.of(request).keep
    return keep.added if keep is not None else 0


def check_kept(request: DesignRequest, kept: Anchors, most_orbits: int) -> None:
    """Raise ``RequestError`` where what is kept contradicts the rest of the request."""
    table, number, n = tables(), request.space_groups[0], len(kept.rows)
    added = to_add(request)
    need = n + max(1, len(missing(request, kept)), added)
    if need > most_orbits:
        raise RequestError(
            f"{n} kept orbits and those to add make at least {need} but at most {most_orbits} are possible: keep"
            " fewer.",
            "keep",
        )
    if added and added < len(missing(request, kept)):
        raise RequestError(
            f"{len(missing(request, kept))} required elements are not kept and need as many added orbits:"
            f" {added} are too few.",
            "keep",
        )
    atoms = int(table.multiplicity[list(kept.rows)].sum()) // int(table.n_centring[number - 1])
    if request.max_atoms and atoms > request.max_atoms:
        raise RequestError(
            f"The kept orbits hold {atoms} atoms in the primitive cell: allow more than {request.max_atoms}.",
            "max_atoms",
        )
    if request.max_atoms and not request.composition:
        least = max(1, len(missing(request, kept)), added)
        fits = rows_that_fit(request, kept, least, least, np.random.default_rng(0))
        if len(fits) < least:
            more = "One orbit more does" if least == 1 else f"{least} orbits more do"
            raise RequestError(
                f"{more} not fit beside the kept ones into {request.max_atoms} atoms: allow more.", "max_atoms"
            )
    if request.composition and complete(request, kept, most_orbits, None, np.random.default_rng(0)) is None:
        raise RequestError(
            f"No positions of {table.symbol[number - 1]} ({number}) complete the kept orbits to"
            f" {request.composition}: keep fewer orbits or allow more atoms.",
            "composition",
        )


def rows_that_fit(
    request: DesignRequest, kept: Anchors, wanted: int, least: int, rng: np.random.Generator
) -> list[int]:
    """Wyckoff rows of up to ``wanted`` orbits that may be added within the limit of atoms, at random.

    The smallest positions are taken where ``least`` orbits would not fit otherwise.
    """
    table, number = tables(), request.space_groups[0]
    rows = table.wyckoff_rows(number)
    sizes = table.multiplicity[rows] // table.n_centring[number - 1]
    fixed = table.degrees_of_freedom[rows] == 0
    open_ = ~np.isin(rows, kept.filled)
    left = request.max_atoms - int((table.multiplicity[list(kept.rows)] // table.n_centring[number - 1]).sum())
    weights = row_weights()[rows]
    chosen: list[int] = []
    while len(chosen) < wanted:
        reserve = _smallest(sizes[open_], fixed[open_], least - len(chosen) - 1)
        fits = open_ & (sizes <= left - reserve)
        if not fits.any():
            fits = open_ & (sizes <= left) & (sizes == sizes[open_].min(initial=1 << 30))
        if not fits.any():
            break
        odds = np.where(fits, weights, 0.0)
        pick = int(rng.choice(len(rows), p=odds / odds.sum()))
        chosen.append(int(rows[pick]))
        left -= int(sizes[pick])
        open_[pick] &= not fixed[pick]
    return chosen


def _smallest(sizes: NDArray[np.int64], fixed: NDArray[np.bool_], count: int) -> int:
    """Fewest atoms that ``count`` orbits need: positions without free parameters once, others at will."""
    if count <= 0 or not len(sizes):
        return 0
    free = sizes[~fixed].min(initial=1 << 20)
    cheap = np.sort(np.concatenate([sizes[fixed][sizes[fixed] < free], np.full(count, free)]))
    return int(cheap[:count].sum())


def complete(
    request: DesignRequest,
    kept: Anchors,
    most_orbits: int,
    orbit_odds: NDArray[np.float64] | None,
    rng: np.random.Generator,
) -> tuple[list[int], list[int]] | None:
    """Elements and rows of orbits that complete the kept ones to the exact composition; None if impossible.

    ``orbit_odds``: odds of whole numbers of orbits, kept ones included.
    """
    number, n = request.space_groups[0], len(kept.rows)
    have: Counter[int] = Counter()
    for z, row in zip(kept.elements, kept.rows, strict=True):
        have[z] += int(tables().multiplicity[row])
    added = to_add(request)
    odds = np.ones(most_orbits + 1) if orbit_odds is None else orbit_odds[: most_orbits + 1] + 1e-3
    odds = odds[n:]
    if added:
        odds = np.where(np.arange(len(odds)) == added, odds, 0.0)
    # Every number of formula units whose cell the kept orbits fit into, in random order.
    cells = formula_units(request, number, most_orbits)
    for i in rng.permutation(len(cells)):
        rest = {z: count - have[z] for z, count in cells[i].items()}
        if min(rest.values()) < 0 or set(have) - set(rest) or not any(rest.values()):
            continue
        wanted = {z: count for z, count in rest.items() if count}
        found = draw_set(number, wanted, len(odds) - 1, rng, row_weights(), odds, kept.filled)
        if found is not None and (not added or len(found[0]) == added):
            return found
    return None
