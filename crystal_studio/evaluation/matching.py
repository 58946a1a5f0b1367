"""Which crystals of whole sets are the same, in parallel and with a limit of time on every pair."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import reduced_counts
from crystal_studio.data.fingerprints import fingerprints
from crystal_studio.data.same_crystal import may_match, reduced, same
from crystal_studio.evaluation.parallel import Failure, Workers, limited

SECONDS_A_PAIR = 20.0
_BLOCK = 40
"""Crystals of one formula that are sorted in one go before the results are merged."""


@dataclass(frozen=True)
class Matched:
    """first : (B,) row of the earliest same crystal, a row's own where it is the first of its kind, -1 where none
    was looked for; undecided : pairs on which the judge ran out of time and that count as different."""

    first: NDArray[np.int64]
    undecided: int

    @property
    def is_first(self) -> NDArray[np.bool_]:
        """(B,) whether a crystal is the first of its kind."""
        return self.first == np.arange(len(self.first))


def by_formula(structures: Structures) -> dict[tuple, list[int]]:
    """Rows of each reduced composition."""
    rows: dict[tuple, list[int]] = defaultdict(list)
    for i, key in enumerate(reduced_counts(structures)):
        rows[key].append(i)
    return rows


def unique(structures: Structures, workers: Workers) -> Matched:
    """Sorts a set into kinds, each crystal compared with the first ones of the kinds before it."""
    first = np.arange(len(structures))
    undecided = 0
    groups: list[NDArray] = [np.array(rows) for rows in by_formula(structures).values() if len(rows) > 1]
    # Long lists are cut, sorted in parallel, and their first ones sorted again until one list is left.
    lists = [[rows[k : k + _BLOCK] for k in range(0, len(rows), _BLOCK)] for rows in groups]
    while lists:
        flat = [part for parts in lists for part in parts]
        answers = workers.map(
            _sort,
            [_Group.of(structures, part) for part in flat],
            "Unique structures",
            block=max(1, min(16, len(flat) // 64)),
        )
        found = iter(zip(flat, answers, strict=True))
        again = []
        for parts in lists:
            heads = []
            for part, answer in (next(found) for _ in parts):
                if isinstance(answer, Failure):
                    heads.append(part)
                    undecided += 1
                    continue
                leader, open_pairs = answer
                first[part] = part[leader]
                undecided += open_pairs
                heads.append(part[leader == np.arange(len(part))])
            if len(parts) > 1:
                rows = np.concatenate(heads)
                progress = len(rows) < 0.8 * sum(map(len, parts))
                size = _BLOCK if progress else len(rows)
                again.append([rows[k : k + size] for k in range(0, len(rows), size)])
        lists = again
    while (first != first[first]).any():  # a first one may itself have been matched in a later round
        first = first[first]
    return Matched(first, undecided)


def known(structures: Structures, reference: Structures, workers: Workers, title: str) -> tuple[NDArray[np.int64], int]:
    """(B,) row of a reference crystal that is the same, -1 where there is none; and the undecided pairs."""
    found = np.full(len(structures), -1)
    there = by_formula(reference)
    items, owners = [], []
    for key, rows in by_formula(structures).items():
        others = np.array(there.get(key, []), int)
        for k in range(0, len(rows) if len(others) else 0, _BLOCK):
            part = np.array(rows[k : k + _BLOCK])
            owners.append((part, others))
            items.append((_Group.of(structures, part), _Group.of(reference, others)))
    undecided = 0
    answers = workers.map(_look_up, items, title, block=max(1, min(16, len(items) // 64)))
    for (part, others), answer in zip(owners, answers, strict=True):
        if isinstance(answer, Failure):
            undecided += len(part)
            continue
        hits, open_pairs = answer
        found[part[hits >= 0]] = others[hits[hits >= 0]]
        undecided += open_pairs
    return found, undecided


@dataclass(frozen=True)
class _Group:
    """A few crystals of one formula on their way to a worker."""

    structures: Structures

    @staticmethod
    def of(structures: Structures, rows: NDArray) -> _Group:
        return _Group(structures.take(rows))


class _Prepared:
    """Fingerprints at once, reduced cells for the judge when they are needed."""

    def __init__(self, structures: Structures) -> None:
        self.structures = structures
        self.vectors = fingerprints(structures)
        self._reduced: dict[int, Any] = {}

    def reduced(self, i: int) -> Any:
        """What the judge makes of a crystal before it compares, None where it cannot."""
        if i not in self._reduced:
            atoms = self.structures.atoms(i)
            cell = self.structures
            self._reduced[i] = reduced(cell.lattice[i], cell.numbers[atoms], cell.positions[atoms])
        return self._reduced[i]


class _Judge:
    """Compares with a time limit on every pair."""

    def __init__(self) -> None:
        self.undecided = 0

    def same(self, one: _Prepared, i: int, other: _Prepared, j: int) -> bool:
        try:
            with limited(SECONDS_A_PAIR):
                return same(one.reduced(i), other.reduced(j))
        except TimeoutError:
            self.undecided += 1
            return False


def _sort(group: _Group) -> tuple[NDArray[np.int64], int]:
    prepared, judge = _Prepared(group.structures), _Judge()
    size = len(group.structures)
    leader = np.arange(size)
    heads: list[int] = []
    for i in range(size):
        near = may_match(prepared.vectors[i], prepared.vectors[heads]) if heads else np.zeros(0, np.int64)
        for head in np.array(heads, int)[np.sort(near)].tolist():  # the earliest of its kind, not the nearest
            if judge.same(prepared, head, prepared, i):
                leader[i] = head
                break
        else:
            heads.append(i)
    return leader, judge.undecided


def _look_up(pair: tuple[_Group, _Group]) -> tuple[NDArray[np.int64], int]:
    mine, theirs, judge = _Prepared(pair[0].structures), _Prepared(pair[1].structures), _Judge()
    found = np.full(len(pair[0].structures), -1)
    for i in range(len(found)):
        for j in may_match(mine.vectors[i], theirs.vectors).tolist():
            if judge.same(theirs, j, mine, i):
                found[i] = j
                break
    return found, judge.undecided
