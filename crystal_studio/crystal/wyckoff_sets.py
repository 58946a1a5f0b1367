"""Which Wyckoff positions of a group can hold an exact composition."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.space_groups import tables


@lru_cache(maxsize=4096)
def _kinds(number: int) -> tuple[tuple[int, int, int], ...]:
    """(multiplicity, how many fixed positions have it, 1 if one with free parameters has it), largest first."""
    table = tables()
    rows = table.wyckoff_rows(number)
    found = []
    for multiplicity in np.unique(table.multiplicity[rows])[::-1]:
        same = rows[table.multiplicity[rows] == multiplicity]
        fixed = int((table.degrees_of_freedom[same] == 0).sum())
        found.append((int(multiplicity), fixed, int(fixed < len(same))))
    return tuple(found)


def can_hold(number: int, atoms: tuple[int, ...], max_orbits: int) -> bool:
    """Whether positions of group ``number`` can hold these counts of atoms (one a kind of element)
    in the conventional cell with at most ``max_orbits`` orbits, each fixed position used once."""
    return _search(number, tuple(sorted(atoms, reverse=True)), max_orbits)


@lru_cache(maxsize=100_000)
def _search(number: int, atoms: tuple[int, ...], max_orbits: int) -> bool:
    kinds = _kinds(number)

    def place(left: tuple[int, ...], at: int, fixed: tuple[int, ...], budget: int) -> bool:
        if not left:
            return True
        if at == len(kinds) or budget < len(left):
            return False
        multiplicity, _, free = kinds[at]
        need = left[0]
        for take in range(min(need // multiplicity, budget), -1, -1):
            used = 0 if free else take
            if used > fixed[at]:
                continue
            rest = need - take * multiplicity
            remaining = (*fixed[:at], fixed[at] - used, *fixed[at + 1 :])
            if rest == 0 and take and place(left[1:], 0, remaining, budget - take):
                return True
            if rest and place((rest, *left[1:]), at + 1, remaining, budget - take):
                return True
        return False

    return place(atoms, 0, tuple(k[1] for k in kinds), max_orbits)


def draw_set(
    number: int,
    atoms: dict[int, int],
    max_orbits: int,
    rng: np.random.Generator,
    weight: NDArray[np.float64] | None = None,
    tries: int = 200,
) -> tuple[list[int], list[int]] | None:
    """Elements and Wyckoff rows of one random way to hold ``atoms`` (atomic number -> count in the conventional cell).

    ``weight`` (1731,) makes positions more or less likely. None if no way was found.
    """
    if not can_hold(number, tuple(atoms.values()), max_orbits):
        return None
    table = tables()
    rows = table.wyckoff_rows(number)
    multiplicity = table.multiplicity[rows]
    fixed = table.degrees_of_freedom[rows] == 0
    odds = np.ones(len(rows)) if weight is None else weight[rows] + 1e-3
    for _ in range(tries):
        open_ = np.ones(len(rows), bool)
        elements: list[int] = []
        chosen: list[int] = []
        for z in rng.permutation(list(atoms)):
            left = atoms[int(z)]
            while left and len(chosen) < max_orbits:
                fits = open_ & (multiplicity <= left)
                if not fits.any():
                    break
                p = np.where(fits, odds * multiplicity, 0.0)
                pick = int(rng.choice(len(rows), p=p / p.sum()))
                open_[pick] &= not fixed[pick]
                elements.append(int(z))
                chosen.append(int(rows[pick]))
                left -= int(multiplicity[pick])
            if left:
                break
        else:
            return elements, chosen
    return None
