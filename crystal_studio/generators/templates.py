"""Wyckoff templates as generators of asymmetric units use them: the positions of all orbits, some with elements."""

from __future__ import annotations

from collections import Counter

import numpy as np

from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.wyckoff_sets import describe_template, draw_assignment
from crystal_studio.design.fixed_sites import split_position, wyckoff_row
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import RequestError
from crystal_studio.generators.compositions import KNOWN_SHARE, known_choices

Template = tuple[str, ...]


def rows_of(number: int, template: Template) -> list[int]:
    """Wyckoff rows of the template's orbits."""
    return [wyckoff_row(number, split_position(name)[1]) for name in template]


def elements_of(template: Template) -> list[int]:
    """Atomic numbers of the template's orbits, 0 where the element is open."""
    return [atomic_number(element) if element else 0 for element, _ in map(split_position, template)]


def check(request: DesignRequest, template: Template, most_orbits: int) -> None:
    """Raise ``RequestError`` where the template contradicts the rest of the request."""
    table, number = tables(), request.space_groups[0]
    rows, given = rows_of(number, template), elements_of(template)
    name = describe_template(rows)
    atoms = int(table.multiplicity[rows].sum())
    if len(rows) > most_orbits:
        raise RequestError(
            f"The template {name} has {len(rows)} orbits but at most {most_orbits} are possible.", "template"
        )
    primitive = atoms // int(table.n_centring[number - 1])
    if request.max_atoms and primitive > request.max_atoms:
        raise RequestError(
            f"The template {name} holds {primitive} atoms in the primitive cell: allow more than {request.max_atoms}.",
            "max_atoms",
        )
    missing = [z for z in map(atomic_number, request.chemical_system.must) if z not in given]
    if len(missing) > given.count(0):
        need = len(request.chemical_system.must)
        raise RequestError(
            f"{need} elements need at least {need} orbits but the template {name} has {len(rows)}: add positions"
            " or require fewer elements."
            if not any(given)
            else f"The template {name} leaves {given.count(0)} orbits without an element, but {len(missing)} elements"
            " that must occur stand on none: add positions or require fewer elements.",
            "template",
        )
    if request.composition and elements(request, template, np.random.default_rng(0)) is None:
        raise RequestError(
            f"The orbits of the template {name}, {atoms} atoms, cannot be shared out to make {request.composition}:"
            " choose other positions or another composition.",
            "template",
        )


def elements(request: DesignRequest, template: Template, rng: np.random.Generator) -> list[int] | None:
    """Atomic number of each orbit of the template for the exact composition; None if impossible."""
    number = request.space_groups[0]
    rows, given = rows_of(number, template), elements_of(template)
    size = int(tables().multiplicity[rows].sum())
    atoms = _composition_of(request, size)
    if atoms is None:
        return None
    known = known_choices(request.composition, size // int(tables().n_centring[number - 1]), number, len(rows))
    same = [c for c in known if sorted(c.rows) == sorted(rows)]
    if same and not any(given) and rng.random() < KNOWN_SHARE:
        odds = np.array([c.odds for c in same])
        choice = same[int(rng.choice(len(same), p=odds / odds.sum()))]
        left = list(zip(choice.rows, choice.elements, strict=True))
        found = []
        for row in rows:
            at = next(i for i, (r, _) in enumerate(left) if r == row)
            found.append(left.pop(at)[1])
        return found
    taken: Counter[int] = Counter()
    for z, row in zip(given, rows, strict=True):
        if z:
            taken[z] += int(tables().multiplicity[row])
    rest = {z: n - taken[z] for z, n in atoms.items()}
    if set(taken) - set(atoms) or min(rest.values()) < 0:
        return None
    open_ = [row for z, row in zip(given, rows, strict=True) if not z]
    shared = draw_assignment(open_, rest, rng)
    if shared is None:
        return None
    others = iter(shared)
    return [z or next(others) for z in given]


def _composition_of(request: DesignRequest, atoms: int) -> dict[int, int] | None:
    """Atoms of each element if ``atoms`` of the conventional cell are whole formula units."""
    counts = {atomic_number(s): n for s, n in request.reduced_composition.items()}
    units, rest = divmod(atoms, sum(counts.values()))
    return None if rest else {z: n * units for z, n in counts.items()}
