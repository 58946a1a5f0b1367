"""Sums over all ways to put atoms on the Wyckoff positions of a group, and random draws by their weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import factorial, gcd

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.space_groups import tables

_BEYOND = 1_000_000
"""More atoms than any set of positions has."""


class WyckoffSets:
    """All ways to put ``atoms`` (one count an element, conventional cell) on at most ``max_orbits`` orbits of a group.

    ``weight`` (1731,) is the weight of one orbit on each position; a set weighs the product of its orbits'.
    Positions without free parameters whose rows are in ``taken`` are full already. ``orbits`` (as long as ``atoms``,
    or empty) are how many orbits each element has, neither more nor fewer.
    Positions of equal multiplicity, fixed or free, make one kind; the weights of all sets are summed over the
    kinds and elements one after another, as a polynomial whose power is the number of orbits. Drawing walks
    the same sums backwards and so never ends blind.
    """

    def __init__(
        self,
        number: int,
        atoms: Sequence[int],
        max_orbits: int,
        weight: NDArray[np.float64] | None = None,
        taken: Sequence[int] = (),
        orbits: Sequence[int] = (),
    ) -> None:
        table = tables()
        rows = table.wyckoff_rows(number)
        rows = rows[~(np.isin(rows, list(taken)) & (table.degrees_of_freedom[rows] == 0))]
        odds = np.ones(len(rows)) if weight is None else weight[rows]
        # Each orbit counts as so many atoms more that only the right number of orbits comes out even.
        extra = _BEYOND if len(orbits) else 0
        self.atoms = tuple(int(n) + extra * m for n, m in zip(atoms, orbits or [0] * len(atoms), strict=True))
        self.max_orbits = max_orbits
        self._kinds: list[tuple[int, bool, list[int], list[float], NDArray[np.float64]]] = []
        for multiplicity in sorted({int(m) for m in table.multiplicity[rows]}, reverse=True):
            for fixed in (False, True):
                chosen = (table.multiplicity[rows] == multiplicity) & ((table.degrees_of_freedom[rows] == 0) == fixed)
                if chosen.any():
                    w = odds[chosen].tolist()
                    own = rows[chosen].tolist()
                    sums = _choices(w, max_orbits, repeated=not fixed)
                    self._kinds.append((multiplicity + extra, fixed, own, w, sums))
        self._step = [gcd(*(k[0] for k in self._kinds[i:])) for i in range(len(self._kinds))]
        self._memo: dict[tuple, NDArray[np.float64]] = {}

    @property
    def by_orbits(self) -> NDArray[np.float64]:
        """(max_orbits + 1,) total weight of the sets with 0, 1, ... orbits; their number if all weights are 1."""
        return self._ways(0, 0, 0, self.atoms)

    def _options(self, kind: int, element: int, used: int, left: tuple[int, ...]) -> Iterator[tuple]:
        """(orbits of this element on this kind, factor, next state)."""
        multiplicity, fixed, rows, _, sums = self._kinds[kind]
        last = element == len(left) - 1
        most = min(left[element] // multiplicity, self.max_orbits)
        if fixed:
            most = min(most, len(rows) - used, self.max_orbits - used)
        least = most if kind == len(self._kinds) - 1 else 0
        for n in range(least, most + 1):
            rest = left[element] - n * multiplicity
            if (kind == len(self._kinds) - 1 and rest) or (rest and rest % self._step[kind + 1]):
                continue
            factor = 1.0 / factorial(n) if fixed else sums[n]
            after = (*left[:element], rest, *left[element + 1 :])
            if last:
                if fixed:
                    factor *= sums[used + n] * factorial(used + n)
                yield n, factor, (kind + 1, 0, 0, after)
            else:
                yield n, factor, (kind, element + 1, used + n if fixed else 0, after)

    def _ways(self, kind: int, element: int, used: int, left: tuple[int, ...]) -> NDArray[np.float64]:
        key = (kind, element, used, left)
        found = self._memo.get(key)
        if found is None:
            found = np.zeros(self.max_orbits + 1)
            if kind == len(self._kinds):
                found[0] = not any(left)
            else:
                for n, factor, state in self._options(*key):
                    rest = self._ways(*state)
                    found[n:] += factor * rest[: len(rest) - n]
            self._memo[key] = found
        return found

    def draw(self, n_orbits: int, rng: np.random.Generator) -> list[tuple[int, int]]:
        """(index of the element, Wyckoff row) of each of ``n_orbits`` orbits, with odds as the weights say."""
        state: tuple = (0, 0, 0, self.atoms)
        taken: list[tuple[int, int]] = []
        counts: list[int] = []
        while state[0] < len(self._kinds):
            options = list(self._options(*state))
            odds = np.array([f * self._ways(*s)[n_orbits - n] if n <= n_orbits else 0.0 for n, f, s in options])
            n, _, after = options[int(rng.choice(len(options), p=odds / odds.sum()))]
            _, fixed, rows, w, _ = self._kinds[state[0]]
            counts.append(n)
            n_orbits -= n
            if not fixed:
                taken += [(state[1], r) for r in _pick(rows, w, n, True, rng)]
            if after[0] > state[0]:
                if fixed:
                    picked = rng.permutation(_pick(rows, w, sum(counts), False, rng)).tolist()
                    owners = np.repeat(np.arange(len(counts)), counts).tolist()
                    taken += list(zip(owners, picked, strict=True))
                counts = []
            state = after
        return taken


def _choices(weights: Sequence[float], most: int, repeated: bool) -> NDArray[np.float64]:
    """(most + 1,) total weight of the ways to choose 0, 1, ... of these, each once or ``repeated`` at will."""
    sums = np.zeros(most + 1)
    sums[0] = 1.0
    for w in weights:
        if repeated:
            for n in range(1, most + 1):
                sums[n] += w * sums[n - 1]
        else:
            sums[1:] += w * sums[:-1]
    return sums


def _pick(rows: list[int], w: list[float], count: int, repeated: bool, rng: np.random.Generator) -> list[int]:
    """``count`` rows at random, a choice weighing the product of its rows' weights."""
    taken: list[int] = []
    for i, row in enumerate(rows):
        rest = _choices(w[i + 1 :], count, repeated)
        most = count if repeated else min(1, count)
        odds = np.array([w[i] ** n * rest[count - n] for n in range(most + 1)])
        n = int(rng.choice(most + 1, p=odds / odds.sum()))
        taken += [row] * n
        count -= n
    return taken
