"""Crystals with a given number of inequivalent atoms of each element: which Wyckoff positions they may have."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.wyckoff_sums import WyckoffSets
from crystal_studio.data.decorated import decorated_templates
from crystal_studio.generators.compositions import KNOWN_SHARE, MOST_ELEMENTS, Choice, alike, row_weights

Counts = tuple[tuple[int, int], ...]
"""(atomic number, orbits) of each element."""
_TRIES = 100


@lru_cache(maxsize=1024)
def ways(number: int, atoms: tuple[int, ...], orbits: tuple[int, ...]) -> WyckoffSets:
    """The sets of positions of a group that hold ``atoms`` (conventional cell) on so many orbits of each element."""
    return WyckoffSets(number, atoms, sum(orbits), row_weights(), orbits=orbits)


def has(choice: Choice, counts: Counts) -> bool:
    """Whether a way to hold a composition has these numbers of orbits."""
    return Counter(choice.elements) == dict(counts)


def draw_exact(
    number: int, atoms: dict[int, int], counts: Counts, rng: np.random.Generator
) -> tuple[list[int], list[int]] | None:
    """Elements and Wyckoff rows of one way to hold ``atoms`` on these numbers of orbits; None if there is none."""
    wanted = dict(counts)
    found = ways(number, tuple(atoms.values()), tuple(wanted[z] for z in atoms))
    total = sum(wanted.values())
    if not found.by_orbits[total] > 0:
        return None
    elements, chosen = list(atoms), found.draw(total, rng)
    return [elements[e] for e, _ in chosen], [row for _, row in chosen]


@lru_cache(maxsize=4096)
def known(counts: Counts, most_atoms: int, number: int) -> tuple[Choice, ...]:
    """What crystals of the training set with these numbers of orbits have in one group, whatever their composition;
    those of similar elements count more."""
    multiplicity, centring = tables().multiplicity, int(tables().n_centring[number - 1])
    sizes = sorted(n for _, n in counts)
    found = []
    for one in decorated_templates().get(number, ()):
        if len(one.rows) > MOST_ELEMENTS or sorted(map(len, one.rows)) != sizes:
            continue
        if most_atoms and int(multiplicity[list(one.all_rows)].sum()) // centring > most_atoms:
            continue
        for order in permutations(counts):
            if [n for _, n in order] == [len(rows) for rows in one.rows]:
                elements = tuple(z for z, _ in order)
                owners = tuple(z for z, rows in zip(elements, one.rows, strict=True) for _ in rows)
                found.append(Choice(one.all_rows, owners, one.crystals * alike(elements, one)))
    return tuple(found)


def draw_open(
    number: int, counts: Counts, most_atoms: int, rng: np.random.Generator
) -> tuple[list[int], list[int]] | None:
    """Elements and Wyckoff rows of a crystal with these numbers of orbits and any composition; None if none was
    found with at most ``most_atoms`` atoms in the primitive cell (0: no limit)."""
    templates = known(counts, most_atoms, number)
    if templates and rng.random() < KNOWN_SHARE:
        odds = np.array([c.odds for c in templates])
        choice = templates[int(rng.choice(len(templates), p=odds / odds.sum()))]
        return list(choice.elements), list(choice.rows)
    table = tables()
    rows = table.wyckoff_rows(number)
    sizes = table.multiplicity[rows] // table.n_centring[number - 1]
    fixed: NDArray[np.bool_] = table.degrees_of_freedom[rows] == 0
    owners = [z for z, n in counts for _ in range(n)]
    for _ in range(_TRIES):
        open_, left, chosen = np.ones(len(rows), bool), most_atoms or np.inf, []
        for _ in owners:
            odds = np.where(open_ & (sizes <= left), row_weights()[rows], 0.0)
            if not odds.sum() > 0:
                break
            pick = int(rng.choice(len(rows), p=odds / odds.sum()))
            open_[pick] &= not fixed[pick]
            left -= sizes[pick]
            chosen.append(int(rows[pick]))
        else:
            return owners, chosen
    return None
