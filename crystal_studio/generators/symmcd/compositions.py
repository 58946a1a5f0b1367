"""Exact compositions: which space groups and Wyckoff positions hold them, and which of these crystals choose.

Templates of the training set that hold the composition are drawn as often as they
occur there; beside them any set of positions, weighted by how often crystals use
each position, so that nothing possible is left out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.normalizers import normalizer
from crystal_studio.crystal.space_groups import N_GROUPS, tables
from crystal_studio.crystal.wyckoff_sets import assignments, can_hold, draw_assignment, draw_set
from crystal_studio.data.marginals import marginals
from crystal_studio.design.request import DesignRequest

DEFAULT_MAX_ATOMS = 24
"""Atoms in the primitive cell that an exact composition may fill when the request sets no limit."""
KNOWN_SHARE = 0.75
"""Share of candidates on templates of the training set, in groups that have one for the composition."""
UNSEEN_SHARE = 0.1
"""Share of candidates in groups without such a template, where the request leaves the group open."""
PSEUDO = 0.9
"""Odds that a set is refused whose symmetry only free parameters keep from being higher."""
_TRIES, _SAMPLES = 20, 4


@dataclass(frozen=True)
class _Choice:
    """A template that holds a composition: its rows, atoms by element in the conventional cell, odds."""

    rows: tuple[int, ...]
    atoms: tuple[tuple[int, int], ...]
    odds: float


@cache
def known_templates() -> dict[int, list[tuple[tuple[int, ...], int]]]:
    """By space group, (Wyckoff rows of all orbits, crystals of the training set) of each template."""
    table = tables()
    row = {(int(g), letter): i for i, (g, letter) in enumerate(zip(table.wyckoff_group, table.letter, strict=True))}
    found: dict[int, list[tuple[tuple[int, ...], int]]] = defaultdict(list)
    for name, count in marginals().templates.items():
        group, letters = name.split(":")
        found[int(group)].append((tuple(row[int(group), letter] for letter in letters.split()), count))
    return found


@cache
def row_weights() -> NDArray[np.float64]:
    """(1731,) how likely an orbit is on each position of its group; unused positions keep a small share."""
    table = tables()
    used = np.zeros(len(table.multiplicity))
    for templates in known_templates().values():
        for rows, count in templates:
            np.add.at(used, list(rows), count)
    size = np.diff(table.wyckoff_start)
    total = np.add.reduceat(used, table.wyckoff_start[:-1])
    group = table.wyckoff_group - 1
    # Two orbits' worth of evidence is shared by all positions, so that rare groups choose evenly.
    return (used + 2.0 / size[group]) / (total + 2.0)[group]


def formula_units(request: DesignRequest, number: int, most_orbits: int) -> list[dict[int, int]]:
    """The atoms of the conventional cell, one dict a number of formula units that the group can hold."""
    return [c for c in _cells(request, number) if can_hold(number, tuple(c.values()), most_orbits)]


def _cells(request: DesignRequest, number: int) -> list[dict[int, int]]:
    counts = {atomic_number(s): n for s, n in request.reduced_composition.items()}
    centring = int(tables().n_centring[number - 1])
    limit = request.max_atoms or max(DEFAULT_MAX_ATOMS, sum(counts.values()))
    return [{z: n * u * centring for z, n in counts.items()} for u in range(1, limit // sum(counts.values()) + 1)]


@lru_cache(maxsize=4096)
def _known(composition: str, max_atoms: int, number: int, most_orbits: int) -> tuple[_Choice, ...]:
    """Templates of one group in the training set that hold a composition."""
    request = DesignRequest(composition=composition, max_atoms=max_atoms)
    cells = {sum(c.values()): c for c in _cells(request, number)}
    multiplicity = tables().multiplicity
    rng = np.random.default_rng(0)
    found = []
    for rows, count in known_templates().get(number, ()):
        atoms = cells.get(int(multiplicity[list(rows)].sum()))
        ways = assignments(rows, tuple(atoms.values())) if atoms is not None and len(rows) <= most_orbits else 0
        if atoms is not None and ways:
            drawn = [draw_assignment(rows, atoms, rng) for _ in range(min(ways, _SAMPLES))]
            sound = float(np.mean([1 - doubt(number, w, list(rows)) for w in drawn if w]))
            if sound:
                found.append(_Choice(rows, tuple(atoms.items()), count * sound))
    return tuple(found)


def group_odds(request: DesignRequest, prior: NDArray[np.float64], most_orbits: int) -> NDArray[np.float64]:
    """(230,) odds of each group for a composition: ``prior`` if groups are asked for, else what crystals
    on templates of this kind have, and a share of ``prior`` for all others."""
    if request.space_groups:
        return prior
    seen = np.zeros(N_GROUPS)
    for number in range(1, N_GROUPS + 1):
        if prior[number - 1] > 0:
            key = request.composition, request.max_atoms, number, most_orbits
            seen[number - 1] = sum(c.odds for c in _known(*key))
    if not seen.any():
        return prior
    return (1 - UNSEEN_SHARE) * seen / seen.sum() + UNSEEN_SHARE * prior


def doubt(number: int, elements: list[int], rows: list[int]) -> float:
    """How surely (0..1) atoms on these positions have more symmetry than the group, whatever the cell.

    Elements of the normalizer that keep the lattice may carry every orbit onto one of the same element. Then
    the group is surely too low if no orbit has free parameters (rock salt of one element is primitive
    cubic), and likely if fixed positions of one element change places: free parameters would have to tell
    them apart, as oxygen does for the two Bi of BaBiO3.
    """
    table = tables()
    fixed = table.degrees_of_freedom[rows] == 0
    pinned = [e for e, f in zip(elements, fixed, strict=True) if f]
    if not fixed.all() and len(set(pinned)) == len(pinned):
        return 0.0
    own = normalizer(number)
    moved, axes = own.row[1:, np.array(rows) - table.wyckoff_start[number - 1]], own.axes[1:]
    if number < 75:
        # Exchanged axes of orthorhombic, monoclinic and triclinic cells are of different length.
        moved = moved[(axes == axes * np.eye(3)).all((1, 2))]
    code = np.array(elements) * len(table.multiplicity)
    same = moved[(np.sort(moved + code, axis=1) == np.sort(np.array(rows) + code)).all(1)]
    if fixed.all():
        return float(len(same) > 0)
    return PSEUDO if (same != np.array(rows))[:, fixed].any() else 0.0


def draw_sites(
    request: DesignRequest,
    number: int,
    most_orbits: int,
    orbit_odds: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[list[int], list[int]] | None:
    """Atomic number and Wyckoff row of each orbit of a crystal of the request's composition in one group.

    ``orbit_odds`` (at least most_orbits + 1,): odds of numbers of orbits off the known templates.
    None if the group cannot hold the composition.
    """
    known = _known(request.composition, request.max_atoms, number, most_orbits)
    cells = formula_units(request, number, most_orbits)
    found: tuple[list[int], list[int]] | None = None
    for _ in range(_TRIES):
        if known and (rng.random() < KNOWN_SHARE or not cells):
            odds = np.array([c.odds for c in known])
            choice = known[int(rng.choice(len(known), p=odds / odds.sum()))]
            elements = draw_assignment(choice.rows, dict(choice.atoms), rng)
            drawn = None if elements is None else (elements, list(choice.rows))
        else:
            if not cells:
                return None
            # Small cells first: most crystals have few formula units.
            odds = 1.0 / np.array([sum(c.values()) for c in cells])
            cell = cells[int(rng.choice(len(cells), p=odds / odds.sum()))]
            drawn = draw_set(number, cell, most_orbits, rng, row_weights(), orbit_odds + 1e-3)
        found = drawn or found
        if drawn is not None and rng.random() >= doubt(number, *drawn):
            return drawn
    return found
