"""Which Wyckoff positions of a group can hold an exact composition, and random choices among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.space_groups import tables
from crystal_studio.crystal.wyckoff_sums import WyckoffSets

MOST_STATES = 30_000
"""Numbers of atoms left (one a kind of element) that a set is looked for among; beyond it is guessed at."""


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


@lru_cache(maxsize=512)
def sets_of(
    number: int, atoms: tuple[int, ...], max_orbits: int, weight: bytes = b"", taken: tuple[int, ...] = ()
) -> WyckoffSets | None:
    """The ways to hold a composition, kept for further use; None where they are too many to sum over.

    ``weight``: the bytes of a (1731,) float64 array of weights, empty for equal ones.
    """
    smallest = int(tables().multiplicity[tables().wyckoff_rows(number)].min())
    if np.prod([n // smallest + 1 for n in atoms], dtype=object) > MOST_STATES:
        return None
    return WyckoffSets(number, atoms, max_orbits, np.frombuffer(weight) if weight else None, taken)


def draw_set(
    number: int,
    atoms: Mapping[int, int],
    max_orbits: int,
    rng: np.random.Generator,
    weight: NDArray[np.float64] | None = None,
    orbit_odds: NDArray[np.float64] | None = None,
    taken: tuple[int, ...] = (),
) -> tuple[list[int], list[int]] | None:
    """Elements and Wyckoff rows of one random way to hold ``atoms`` (atomic number -> count in the conventional cell).

    ``weight`` (1731,) makes positions more or less likely, ``orbit_odds`` (at least max_orbits + 1,) numbers of
    orbits; None gives all sets the same odds. Fixed positions in ``taken`` (Wyckoff rows) are full already.
    None if there is no way (or, of very many atoms, none was found).
    """
    if not can_hold(number, tuple(atoms.values()), max_orbits):
        return None
    ways = sets_of(number, tuple(atoms.values()), max_orbits, b"" if weight is None else weight.tobytes(), taken)
    if ways is None:
        return _guess_set(number, atoms, max_orbits, rng, weight, taken)
    total = ways.by_orbits
    odds = total if orbit_odds is None else np.where(total > 0, orbit_odds[: max_orbits + 1], 0.0)
    if not odds.sum() > 0:
        odds = total
    if not odds.sum() > 0:
        return None
    n_orbits = int(rng.choice(max_orbits + 1, p=odds / odds.sum()))
    elements = list(atoms)
    chosen = ways.draw(n_orbits, rng)
    return [int(elements[e]) for e, _ in chosen], [r for _, r in chosen]


def _guess_set(
    number: int,
    atoms: Mapping[int, int],
    max_orbits: int,
    rng: np.random.Generator,
    weight: NDArray[np.float64] | None = None,
    taken: tuple[int, ...] = (),
    tries: int = 200,
) -> tuple[list[int], list[int]] | None:
    """Fill one element after another at random until it comes out even."""
    table = tables()
    rows = table.wyckoff_rows(number)
    multiplicity = table.multiplicity[rows]
    fixed = table.degrees_of_freedom[rows] == 0
    odds = np.ones(len(rows)) if weight is None else weight[rows] + 1e-3
    for _ in range(tries):
        open_ = ~(fixed & np.isin(rows, taken))
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


@lru_cache(maxsize=200_000)
def _assignments(sizes: tuple[int, ...], atoms: tuple[int, ...]) -> int:
    if not sizes:
        return int(not any(atoms))
    if sum(sizes) != sum(atoms):
        return 0
    first, rest = sizes[0], sizes[1:]
    return sum(
        _assignments(rest, (*atoms[:e], atoms[e] - first, *atoms[e + 1 :]))
        for e in range(len(atoms))
        if atoms[e] >= first
    )


def draw_assignment(rows: Sequence[int], atoms: Mapping[int, int], rng: np.random.Generator) -> list[int] | None:
    """The atomic number of each orbit, so that every element gets its number of atoms; None if that cannot be."""
    sizes = tables().multiplicity[list(rows)]
    order = np.argsort(-sizes, kind="stable")
    ordered = tuple(sizes[order].tolist())
    elements, left = list(atoms), tuple(int(n) for n in atoms.values())
    found = [0] * len(ordered)
    if not _assignments(ordered, left):
        return None
    for i, size in enumerate(ordered):
        after = [(*left[:e], left[e] - size, *left[e + 1 :]) for e in range(len(left))]
        odds = np.array([_assignments(ordered[i + 1 :], a) if min(a) >= 0 else 0 for a in after], float)
        pick = int(rng.choice(len(left), p=odds / odds.sum()))
        found[int(order[i])], left = int(elements[pick]), after[pick]
    return found


def describe_template(rows: Sequence[int]) -> str:
    """As a request writes it: "4a,4b,2x8c"."""
    table = tables()
    counts = Counter(f"{table.multiplicity[r]}{table.letter[r]}" for r in rows)
    return ",".join(f"{n}x{name}" if n > 1 else name for name, n in counts.items())
