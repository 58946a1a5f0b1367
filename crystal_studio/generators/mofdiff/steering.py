"""Targets that frameworks follow: what each has once it is built is asked, and the best have others made from them.

What z says of a framework is lost on the way to its atoms, so that guidance in z alone changes nothing. An
evolutionary search (``varying.py`` makes the offspring) goes by the atoms instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import gcd

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.soundness import COMPUTABLE, fault_text
from crystal_studio.design.targets import PropertyTarget
from crystal_studio.generators.mofdiff.labels import NAMES, scaled
from crystal_studio.mof.blocks import LINKER, BlockLibrary
from crystal_studio.mof.building import Built
from crystal_studio.mof.co2_estimate import estimate, known_to_uff
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.contents import stem_of
from crystal_studio.mof.eqeq import charges
from crystal_studio.mof.pore_grid import pores
from crystal_studio.mof.validity import check
from crystal_studio.mof.whole import whole_atoms

FRESH = 0.25
"""Share of the frameworks that are drawn from noise before the others descend from the best of them."""
LEAST_PARENTS = 4
ALIKE = 8
"""Of so many frameworks handed over one may be of one set of linkers, but two at least."""
_CO2 = "co2_working_capacity"


def misses(candidates: Candidates, targets: tuple[PropertyTarget, ...]) -> NDArray[np.float64]:
    """(B,) how far the properties of frameworks are from the ranges of targets, as a sum of scaled distances.

    Infinite where a check of validity fails, pores are too narrow, or a property cannot be found. Pores by
    ``pore_grid``, CO2 by ``co2_estimate``.
    """
    found = np.full(len(candidates), np.inf)
    for i in range(len(candidates)):
        found[i] = _miss(candidates.take(np.array([i])), targets)
    return found


def _miss(one: Candidates, targets: tuple[PropertyTarget, ...]) -> float:
    lattice, numbers, positions = one.structures.cell(0)
    if fault_text(lattice, numbers, positions, COMPUTABLE):
        return np.inf
    charge, open_ = charges(lattice, numbers, positions), pores(lattice, numbers, positions)
    if check(one.structures, one.bonds, np.array([open_.pld]), charge).failures(0):
        return np.inf
    values = {name: getattr(open_, name) for name in ("lcd", "pld", "surface_area", "void_fraction")}
    if any(target.name == _CO2 for target in targets):
        if not known_to_uff(numbers) or not np.isfinite(charge).all():
            return np.inf
        values[_CO2] = estimate(lattice, numbers, positions, charge).working_capacity
    off = 0.0
    for target in targets:
        at, low, high = _scaled(target.name, values[target.name], target.low, target.high)
        off += max(low - at, at - high, 0.0)
    return off


def _scaled(name: str, *values: float) -> NDArray[np.float32]:
    column = NAMES.index(name)
    rows = np.full((len(values), len(NAMES)), np.nan)
    rows[:, column] = values
    return scaled(rows)[:, column]


@dataclass
class Population:
    """Frameworks as they are built, with how far they are from the targets.

    kinds : what each is made of; of one kind the nearest alone has offspring and is handed over first
    linkers : those of each; no more than ``alike`` of one set of linkers are put first, so that not all become one
        framework with another metal
    """

    library: BlockLibrary
    targets: tuple[PropertyTarget, ...]
    alike: int
    mofs: list[CoarseMofs] = field(default_factory=list)
    miss: list[float] = field(default_factory=list)
    gap: list[float] = field(default_factory=list)
    kinds: list[tuple[tuple[str, int], ...]] = field(default_factory=list)
    linkers: list[frozenset[str]] = field(default_factory=list)

    def add(self, built: Built) -> None:
        """Take some more in."""
        made = np.flatnonzero(built.made)
        miss = np.full(len(built.mofs), np.inf)
        miss[made] = misses(whole_atoms(built.mofs.take(made), self.library), self.targets)
        for i in range(len(built.mofs)):
            one = built.mofs.take(np.array([i]))
            self.mofs.append(one)
            self.miss.append(float(miss[i]))
            self.gap.append(-1.0 if built.made[i] else float(built.widest[i]))
            self.kinds.append(_kind(one, self.library))
            self.linkers.append(frozenset(_stems(one.block[self.library.kind[one.block] == LINKER], self.library)))

    def order(self) -> list[int]:
        """Rows, best first: the nearest valid one of each kind, other valid ones, what holds together, the rest."""
        seen: set[tuple[tuple[str, int], ...]] = set()
        families: Counter[frozenset[str]] = Counter()
        first, again = [], []
        for i in np.lexsort((self.gap, self.miss)).tolist():
            new = self.kinds[i] not in seen and families[self.linkers[i]] < self.alike
            if new and np.isfinite(self.miss[i]):
                first.append(i)
                seen.add(self.kinds[i])
                families[self.linkers[i]] += 1
            else:
                again.append(i)
        return first + again

    def parents(self, most: int) -> CoarseMofs | None:
        """The better half of the valid kinds, ``most`` at most; None where there are none."""
        order = self.order()
        first = [i for i in order if np.isfinite(self.miss[i])]
        kinds = len({self.kinds[i] for i in first})
        if not kinds:
            return None
        size = min(kinds, max(LEAST_PARENTS, min(most, kinds // 2)))
        return CoarseMofs.concatenate(self.mofs[i] for i in first[:size])


def _kind(mof: CoarseMofs, library: BlockLibrary) -> tuple[tuple[str, int], ...]:
    """Blocks by bond graph and how often each occurs, without a common divisor."""
    counts = Counter(_stems(mof.block, library))
    share = gcd(*counts.values())
    return tuple(sorted((name, count // share) for name, count in counts.items()))


def _stems(block: NDArray, library: BlockLibrary) -> list[str]:
    return [stem_of(name) for name in library.name[block].tolist()]


def steered(
    count: int,
    best_of: int,
    population: Population,
    drawn: Callable[[int], Built],
    varied: Callable[[CoarseMofs], Built],
    rng: np.random.Generator,
) -> CoarseMofs:
    """The ``count`` frameworks nearest to the targets among ``best_of`` times as many.

    drawn : makes so many from noise; varied : makes one from each framework given
    """
    left, fresh = count * best_of, max(count, round(FRESH * count * best_of))
    while left > 0:
        size = min(count, left)
        parents = population.parents(max(1, count // 2)) if fresh <= 0 else None
        if parents is None:
            population.add(drawn(size))
        else:
            population.add(varied(parents.take(rng.integers(len(parents), size=size))))
        left, fresh = left - size, fresh - size
    return CoarseMofs.concatenate(population.mofs[i] for i in population.order()[:count])
