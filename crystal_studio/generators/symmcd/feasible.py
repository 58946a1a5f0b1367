"""What the Wyckoff positions of the groups asked for can hold; said while the request is written."""

from __future__ import annotations

import math
from collections.abc import Callable

from crystal_studio.design.fixed_sites import wyckoff_row
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators.family import Feasibility
from crystal_studio.generators.symmcd.options import SymmCDOptions

GENEROUS_ATOMS = 48
"""Atoms in the primitive cell up to which all numbers of formula units are told where the request sets no limit."""
LARGEST_CELL = 192
"""Atoms in the primitive cell up to which one number of formula units is looked for, as the generator does."""
MAX_ORBITS = 20
MOST_GROUPS = 12
"""Groups up to which it is said for each what it can hold."""


def look(request: DesignRequest, stop: Callable[[], bool] = lambda: False) -> Feasibility:
    """What can be said of a request before it is run; takes up to a second for large cells."""
    problem = _too_small(request) or _sites(request)
    template = SymmCDOptions.of(request).template
    if problem is not None or not request.composition or not request.space_groups or template:
        return Feasibility(problem)
    formula = tuple(request.reduced_composition.values())
    units = tuple((g, _units(request, g, formula, stop)) for g in request.space_groups[:MOST_GROUPS])
    if stop() or any(held for _, held in units):
        return Feasibility(None, units)
    for group in request.space_groups[MOST_GROUPS:]:
        if stop() or _units(request, group, formula, stop):
            return Feasibility(None, ())
    return Feasibility(_nothing_holds(request), units)


def _too_small(request: DesignRequest) -> RequestError | None:
    """The smallest cell of the groups, or one formula unit, against the atoms allowed."""
    from crystal_studio.crystal.space_groups import tables

    if not request.max_atoms:
        return None
    table = tables()
    smallest = [
        int(table.multiplicity[table.wyckoff_start[g] - 1] // table.n_centring[g - 1]) for g in request.space_groups
    ]
    if smallest and min(smallest) > request.max_atoms:
        return RequestError(
            f"Even the smallest cell of these space groups holds {min(smallest)} atoms: allow more atoms.", "max_atoms"
        )
    formula_unit = sum(request.reduced_composition.values())
    if formula_unit > request.max_atoms:
        return RequestError(
            f"One formula unit of {request.composition} has {formula_unit} atoms: allow at least as many.", "max_atoms"
        )
    return None


def _sites(request: DesignRequest) -> RequestError | None:
    """Template or kept structure against the rest of the request, as the generator will see them."""
    from crystal_studio.generators import templates
    from crystal_studio.generators.anchors import anchors
    from crystal_studio.generators.symmcd import sites

    options = SymmCDOptions.of(request)
    most_orbits = options.max_orbits or MAX_ORBITS
    try:
        if options.template:
            templates.check(request, options.template, most_orbits)
        elif options.keep is not None:
            sites.check_kept(request, anchors(request.space_groups[0], options.keep), most_orbits)
    except RequestError as error:
        return error
    return None


def _units(
    request: DesignRequest, group: int, formula: tuple[int, ...], stop: Callable[[], bool]
) -> tuple[tuple[int, float], ...]:
    """Numbers of formula units in the primitive cell of a group, with the sets of positions that hold each.

    Where there are too many to count, the number is NaN.
    """
    from crystal_studio.crystal.space_groups import tables
    from crystal_studio.crystal.wyckoff_sets import can_hold, sets_of

    options = SymmCDOptions.of(request)
    table, keep = tables(), options.keep
    centring = int(table.n_centring[group - 1])
    orbits = options.max_orbits or MAX_ORBITS
    held = dict.fromkeys(request.reduced_composition, 0)
    kept = [(o.element, wyckoff_row(group, o.wyckoff)) for o in keep.orbits] if keep is not None else []
    for element, row in kept:
        held[element] += int(table.multiplicity[row])
    taken = tuple(row for _, row in kept)
    found: list[tuple[int, float]] = []
    for k in range(1, (request.max_atoms or max(LARGEST_CELL, sum(formula))) // sum(formula) + 1):
        if found and not request.max_atoms and k * sum(formula) > GENEROUS_ATOMS:
            break
        left = tuple(n * k * centring - has for n, has in zip(formula, held.values(), strict=True))
        if stop():
            break
        if min(left) < 0 or not any(left):
            continue
        ways = sets_of(group, left, orbits - len(kept), taken=taken)
        if ways is None:
            number = math.nan if can_hold(group, left, orbits - len(kept)) else 0.0
        else:
            number = float(ways.by_orbits[keep.added] if keep is not None and keep.added else ways.by_orbits.sum())
        if number:
            found.append((k, number))
    return tuple(found)


def _nothing_holds(request: DesignRequest) -> RequestError:
    from crystal_studio.crystal.space_groups import tables

    table, groups = tables(), request.space_groups
    limit = request.max_atoms or max(LARGEST_CELL, sum(request.reduced_composition.values()))
    names = ", ".join(f"{table.symbol[g - 1]} ({g})" for g in groups[:4]) + (" …" if len(groups) > 4 else "")
    if SymmCDOptions.of(request).keep is not None:
        return RequestError(
            f"The orbits kept in {names} cannot be completed to {request.composition} with up to {limit} atoms in the"
            " primitive cell: keep fewer orbits, add another number of them, or choose another composition.",
            "keep",
        )
    return RequestError(
        f"No set of Wyckoff positions of {names} holds {request.composition} with up to {limit} atoms in the primitive "
        "cell: choose other space groups or another composition.",
        "composition",
    )
