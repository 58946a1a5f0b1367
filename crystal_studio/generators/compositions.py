"""Exact compositions: which space groups and Wyckoff positions hold them, and which of these crystals choose.

Templates of the training set with as many elements in the same ratios are drawn as
often as they occur there, those of similar elements more often; beside them any set of
positions, weighted by how often crystals use each position, so that nothing possible
is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.normalizers import normalizer
from crystal_studio.crystal.space_groups import N_GROUPS, tables
from crystal_studio.crystal.wyckoff_sets import can_hold, draw_set
from crystal_studio.data.decorated import Decorated, decorated_templates, mendeleev_numbers
from crystal_studio.design.request import DesignRequest

DEFAULT_MAX_ATOMS = 24
"""Atoms in the primitive cell that an exact composition usually fills when the request sets no limit."""
LARGEST_CELL = 192
"""Atoms in the primitive cell up to which a group asked for is searched for room when the request sets no limit."""
KNOWN_SHARE = 0.75
"""Share of candidates on templates of the training set, in groups that have one for the composition."""
UNSEEN_SHARE = 0.1
"""Share of candidates in groups without such a template, where the request leaves the group open."""
PSEUDO = 0.9
"""Odds that a set is refused whose symmetry only free parameters keep from being higher."""
BLUR = 8.0
"""Mendeleev numbers by which elements may differ and still count as much alike."""
UNTOLD, UNLIKE = 0.1, 0.01
"""Likeness where the training set's elements are not told, and least likeness."""
MOST_ELEMENTS = 6
"""Elements up to which all ways to hand out sites of equal size are compared."""
_TRIES = 20


@dataclass(frozen=True)
class Choice:
    """One way to hold a composition that crystals of the training set show: Wyckoff row and atomic number of
    each orbit, and its odds."""

    rows: tuple[int, ...]
    elements: tuple[int, ...]
    odds: float


@cache
def row_weights() -> NDArray[np.float64]:
    """(1731,) how likely an orbit is on each position of its group; unused positions keep a small share."""
    table = tables()
    used = np.zeros(len(table.multiplicity))
    for templates in decorated_templates().values():
        for known in templates:
            np.add.at(used, list(known.all_rows), known.crystals)
    size = np.diff(table.wyckoff_start)
    total = np.add.reduceat(used, table.wyckoff_start[:-1])
    group = table.wyckoff_group - 1
    # Two orbits' worth of evidence is shared by all positions, so that rare groups choose evenly.
    return (used + 2.0 / size[group]) / (total + 2.0)[group]


def formula_units(request: DesignRequest, number: int, most_orbits: int) -> list[dict[int, int]]:
    """The atoms of the conventional cell, one dict a number of formula units that the group can hold."""
    limit = atom_limit(request, number, most_orbits)
    return [c for c in _cells(request, number, limit) if can_hold(number, tuple(c.values()), most_orbits)]


def atom_limit(request: DesignRequest, number: int, most_orbits: int) -> int:
    """Atoms in the primitive cell up to which a composition is tried in a group.

    The request's limit; without one the usual cells, or the smallest that holds the composition where the group is
    asked for and none of the usual ones does.
    """
    formula = sum(request.reduced_composition.values())
    usual = max(DEFAULT_MAX_ATOMS, formula)
    if request.max_atoms or number not in request.space_groups:
        return request.max_atoms or usual
    for cell in _cells(request, number, max(LARGEST_CELL, usual)):
        if can_hold(number, tuple(cell.values()), most_orbits):
            return max(usual, sum(cell.values()) // int(tables().n_centring[number - 1]))
    return usual


def _cells(request: DesignRequest, number: int, limit: int) -> list[dict[int, int]]:
    counts = {atomic_number(s): n for s, n in request.reduced_composition.items()}
    centring = int(tables().n_centring[number - 1])
    return [{z: n * u * centring for z, n in counts.items()} for u in range(1, limit // sum(counts.values()) + 1)]


def alike(elements: tuple[int, ...], known: Decorated) -> float:
    """(0..1] how much these elements, in the order of the template's, are like those that crystals have there."""
    if not known.mean:
        return UNTOLD
    number = mendeleev_numbers()[list(elements)]
    spread = np.array(known.spread) ** 2 + BLUR**2
    return float(np.exp(-0.5 * ((number - np.array(known.mean)) ** 2 / spread).sum())) + UNLIKE


@lru_cache(maxsize=4096)
def known_choices(composition: str, max_atoms: int, number: int, most_orbits: int) -> tuple[Choice, ...]:
    """The ways of the training set to hold a composition in one group; crystals of similar elements count more."""
    request = DesignRequest(composition=composition)
    cells = {sum(c.values()): c for c in _cells(request, number, max_atoms)}
    multiplicity = tables().multiplicity
    found = []
    for known in decorated_templates().get(number, ()):
        sizes = [int(multiplicity[list(rows)].sum()) for rows in known.rows]
        cell = cells.get(sum(sizes))
        rows = known.all_rows
        if (
            cell is None
            or len(rows) > most_orbits
            or len(sizes) > MOST_ELEMENTS
            or sorted(sizes) != sorted(cell.values())
        ):
            continue
        for elements in permutations(cell):
            if [cell[z] for z in elements] == sizes:
                owners = tuple(z for z, part in zip(elements, known.rows, strict=True) for _ in part)
                found.append(Choice(rows, owners, known.crystals * alike(elements, known)))
    return tuple(found)


CellOdds = Callable[[int], float]
"""How likely a conventional cell with a number of atoms is; 0: impossible."""


def weighed(choices: Sequence[Choice], cell_odds: CellOdds | None) -> NDArray[np.float64]:
    """Odds of choices, with those of the cells that they fill."""
    multiplicity = tables().multiplicity
    return np.array(
        [c.odds * (cell_odds(int(multiplicity[list(c.rows)].sum())) if cell_odds else 1.0) for c in choices], float
    )


def group_odds(
    request: DesignRequest, prior: NDArray[np.float64], most_orbits: int, cell_odds: CellOdds | None = None
) -> NDArray[np.float64]:
    """(230,) odds of each group for a composition: ``prior`` if groups are asked for, else what crystals
    on templates of this kind have, and a share of ``prior`` for all others."""
    if request.space_groups:
        return prior
    seen = np.zeros(N_GROUPS)
    for number in range(1, N_GROUPS + 1):
        if prior[number - 1] > 0:
            limit = atom_limit(request, number, most_orbits)
            key = request.composition, limit, number, most_orbits
            seen[number - 1] = sum(weighed(known_choices(*key), cell_odds).tolist())
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
    cell_odds: CellOdds | None = None,
) -> tuple[list[int], list[int]] | None:
    """Atomic number and Wyckoff row of each orbit of a crystal of the request's composition in one group.

    ``orbit_odds`` (at least most_orbits + 1,): odds of numbers of orbits off the known templates; ``cell_odds``: of
    numbers of atoms, beside the preference for small cells. None if the group cannot hold the composition.
    """
    limit = atom_limit(request, number, most_orbits)
    known = known_choices(request.composition, limit, number, most_orbits)
    cells = formula_units(request, number, most_orbits)
    chosen, sized = weighed(known, cell_odds), np.ones(len(cells))
    if cell_odds is not None:
        sized = np.array([cell_odds(sum(c.values())) for c in cells])
        cells = [c for c, odds in zip(cells, sized, strict=True) if odds > 0]
        sized = sized[sized > 0]
    found: tuple[list[int], list[int]] | None = None
    for _ in range(_TRIES):
        if chosen.any() and (rng.random() < KNOWN_SHARE or not cells):
            choice = known[int(rng.choice(len(known), p=chosen / chosen.sum()))]
            return list(choice.elements), list(choice.rows)
        if not cells:
            return None
        # Small cells first: most crystals have few formula units.
        odds = sized / np.array([sum(c.values()) for c in cells])
        cell = cells[int(rng.choice(len(cells), p=odds / odds.sum()))]
        drawn = draw_set(number, cell, most_orbits, rng, row_weights(), orbit_odds + 1e-3)
        found = drawn or found
        if drawn is not None and rng.random() >= doubt(number, *drawn):
            return drawn
    return found
