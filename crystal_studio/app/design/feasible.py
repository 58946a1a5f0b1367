"""Whether the Wyckoff positions of the groups asked for can hold the composition asked for; said before the run."""

from __future__ import annotations

from collections.abc import Callable

from crystal_studio.crystal.elements import atomic_number
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError

GENEROUS_ATOMS = 48
"""Atoms in the primitive cell up to which formula units are tried where the request sets no limit.

More than any generator tries by itself, so that nothing possible is refused here.
"""
MAX_ORBITS = 20


def problem(request: DesignRequest, stop: Callable[[], bool] = lambda: False) -> RequestError | None:
    """Why no candidate can obey the request, or None; takes up to a second for large cells."""
    from crystal_studio.crystal.space_groups import tables
    from crystal_studio.crystal.wyckoff_sets import can_hold

    table = tables()
    groups = request.space_groups
    if groups and request.max_atoms:
        smallest = {g: int(table.multiplicity[table.wyckoff_start[g] - 1] // table.n_centring[g - 1]) for g in groups}
        if min(smallest.values()) > request.max_atoms:
            return RequestError(
                f"Even the smallest cell of these space groups holds {min(smallest.values())} atoms: allow more atoms.",
                "max_atoms",
            )
    counts = {atomic_number(s): n for s, n in request.reduced_composition.items()}
    formula_unit = sum(counts.values())
    if request.max_atoms and formula_unit > request.max_atoms:
        return RequestError(
            f"One formula unit of {request.composition} has {formula_unit} atoms: allow at least as many.", "max_atoms"
        )
    if not counts or not groups:
        return None
    limit = request.max_atoms or max(GENEROUS_ATOMS, formula_unit)
    for group in groups:
        centring = int(table.n_centring[group - 1])
        for units in range(1, limit // formula_unit + 1):
            if stop():
                return None
            atoms = tuple(n * units * centring for n in counts.values())
            if can_hold(group, atoms, request.max_orbits or MAX_ORBITS):
                return None
    names = ", ".join(f"{table.symbol[g - 1]} ({g})" for g in groups[:4]) + (" …" if len(groups) > 4 else "")
    return RequestError(
        f"No set of Wyckoff positions of {names} holds {request.composition} with up to {limit} atoms in the primitive "
        "cell: choose other space groups or another composition.",
        "composition",
    )
