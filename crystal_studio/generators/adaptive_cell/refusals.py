"""Why a request cannot be answered, in one sentence with what to do."""

from __future__ import annotations

import numpy as np

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.neighbours import closest_contacts
from crystal_studio.crystal.space_groups import tables
from crystal_studio.design import inequivalent
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators import templates
from crystal_studio.generators.adaptive_cell.plan import Limits, Plan
from crystal_studio.generators.adaptive_cell.room import MOST_OFF

USUAL_VOLUME = 15.0
"""Cubic Angstrom of an atom where the model's own expectation is not known."""
COINCIDE = 0.1
"""Distance in sums of covalent radii, in a cube of the expected volume, below which sites are one and the same
whatever the cell."""
ANY = Limits()
"""Nothing is known of a model."""


def check(request: DesignRequest, limits: Limits = ANY) -> Plan:
    """The plan of a request; raises ``RequestError`` where no candidate can obey it."""
    plan = Plan(request, limits)
    what, counts = plan.request, plan.asked.inequivalent
    missing = [SYMBOLS[z] for z in plan.asked.elements if limits.elements is not None and z not in limits.elements]
    if missing:
        raise RequestError(f"The model has never seen {', '.join(missing)}: choose other elements.", "chemsys")
    formula_unit = sum(plan.formula.values())
    if what.max_atoms and formula_unit > what.max_atoms:
        raise RequestError(
            f"One formula unit of {what.composition} has {formula_unit} atoms: allow at least as many.", "max_atoms"
        )
    if limits.atoms and formula_unit > limits.atoms:
        raise RequestError(
            f"One formula unit of {what.composition} has {formula_unit} atoms, and the model has seen crystals of at"
            f" most {limits.atoms} in the primitive cell: choose a smaller formula, or another model.",
            "composition",
        )
    if plan.asked.template:
        templates.check(what, plan.asked.template, plan.most_orbits)
    if sum(counts.values()) > plan.most_orbits:
        raise RequestError(
            f"{sum(counts.values())} inequivalent atoms are asked for, and at most {plan.most_orbits} are possible:"
            " ask for fewer.",
            "inequivalent",
        )
    if plan.asked.sites is not None:
        _check_apart(plan)
    if not any(plan.holds(number) for number in plan.groups):
        raise _nothing_holds(plan)
    return plan


def _check_apart(plan: Plan) -> None:
    """Raise ``RequestError`` where known sites overlap in any cell that their composition can have."""
    units = plan.draw(1, np.random.default_rng(0))
    atoms = int(tables().multiplicity[units.wyckoff[0][units.mask[0]]].sum())
    edge = (USUAL_VOLUME * atoms) ** (1 / 3)
    cell = expand(units)
    cube = type(cell)(np.eye(3)[None] * edge, cell.offsets, cell.numbers, cell.positions, cell.orbit)
    contacts = closest_contacts(cube, by_radii=True)
    if cell.orbit is None or contacts.ratio[0] >= COINCIDE:
        return
    names = []
    for atom in (contacts.first[0], contacts.second[0]):
        row = units.wyckoff[0, cell.orbit[atom]]
        names.append(f"{SYMBOLS[cell.numbers[atom]]} on {tables().multiplicity[row]}{tables().letter[row]}")
    who = f"{names[0]} and {names[1]}" if names[0] != names[1] else f"Atoms of {names[0]}"
    raise RequestError(
        f"{who} lie on top of each other in any cell: correct the structure, or keep its cell and let the sites be"
        " found.",
        "keep",
    )


def _nothing_holds(plan: Plan) -> RequestError:
    """Which of the limits leaves nothing."""
    request, limits = plan.request, plan.limits
    shown = [f"{tables().symbol[g - 1]} ({g})" for g in request.space_groups]
    names = (", ".join(shown[:4]) + (" ..." if len(shown) > 4 else "")) or "any group"
    beyond = any(plan.holds(number, beyond=True) for number in plan.groups)
    room = plan.room(plan.groups[0]) if plan.groups else None
    if beyond:
        within = "The known cell" if room is not None else f"{request.composition} in {names}"
        return RequestError(
            f"{within} needs more atoms than the model has seen, which is {limits.atoms} in the primitive cell: choose"
            f" {'a smaller cell' if room is not None else 'other space groups'}, or another model.",
            plan.cell_field if room is not None else "composition",
        )
    if room is not None:
        one = room.expected(plan.formula)
        if room.volume < one * np.exp(-MOST_OFF):
            return RequestError(
                f"The cell has {room.volume:.0f} Å³, and one formula unit of {request.composition} takes about"
                f" {one:.0f} Å³: check its lengths (Å) and whether it is the conventional cell.",
                plan.cell_field,
            )
        return RequestError(
            f"No set of Wyckoff positions of {names} fills a cell of {room.volume:.0f} Å³ with {request.composition}"
            f" (about {one:.0f} Å³ a formula unit): check cell, group and composition, or allow more atoms or orbits.",
            plan.cell_field,
        )
    if plan.counts:
        counts = inequivalent.as_text({SYMBOLS[z]: n for z, n in plan.counts})
        return RequestError(
            f"No set of Wyckoff positions of {names} holds {request.composition} with {counts} inequivalent atoms:"
            " choose other numbers or groups, or allow more atoms.",
            "inequivalent",
        )
    return RequestError(
        f"No set of Wyckoff positions of {names} holds {request.composition} within the limits: choose other space"
        " groups, or allow more atoms or orbits.",
        "composition",
    )
