"""How many ways the Wyckoff positions of a group offer to hold numbers of atoms, counted exactly.

Each position is a factor of a generating function in one variable an element and
one for the number of orbits: 1 + (sum of x_e^m) y for a position without free
parameters, which holds one orbit at most, and 1 / prod(1 - x_e^m y) for another,
with m its atoms in the primitive cell. The product is built up as an array of
coefficients, so all counts of atoms up to the largest come out at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.space_groups import tables

LARGEST = 4_000_000
"""Coefficients that are counted at most."""


def size(most: Sequence[int], max_orbits: int) -> int:
    """Coefficients that ``count_sets`` would hold."""
    return int(np.prod([n + 1 for n in most], dtype=object)) * (max_orbits + 1)


def count_sets(number: int, most: Sequence[int], max_orbits: int, taken: Iterable[int] = ()) -> NDArray[np.float64]:
    """Ways to put atoms on the positions of group ``number``, positions of ``taken`` rows being full.

    ``most``: atoms of each element in the primitive cell, at most. Element ``[a, b, ..., n]`` of the
    result, of shape (most[0] + 1, most[1] + 1, ..., max_orbits + 1), is the number of sets of n orbits
    that hold a atoms of the first element, b of the second and so on.
    """
    table = tables()
    ways = np.zeros([n + 1 for n in (*most, max_orbits)])
    ways.flat[0] = 1.0
    full = set(taken)
    for row in table.wyckoff_rows(number):
        if int(row) in full and table.degrees_of_freedom[row] == 0:
            continue
        atoms = int(table.multiplicity[row] // table.n_centring[number - 1])
        if table.degrees_of_freedom[row] == 0:
            ways = ways + sum(_one_more(ways, axis, atoms) for axis in range(len(most)))
        else:
            for axis in range(len(most)):
                _any_more(ways, axis, atoms)
    return ways


def assignments(atoms: Sequence[int], most: Sequence[int]) -> NDArray[np.float64]:
    """Ways to give orbits of ``atoms`` atoms each to elements, by the numbers of atoms of each element."""
    ways = np.zeros([n + 1 for n in most] + [len(atoms) + 1])
    ways.flat[0] = 1.0
    for m in atoms:
        ways = np.asarray(sum(_one_more(ways, axis, m) for axis in range(len(most))))
    return ways[..., -1]


def _one_more(ways: NDArray[np.float64], axis: int, atoms: int) -> NDArray[np.float64]:
    """The coefficients times x_axis^atoms y."""
    moved = np.zeros_like(ways)
    to, of = [slice(None)] * ways.ndim, [slice(None)] * ways.ndim
    to[axis], of[axis] = slice(atoms, None), slice(None, max(ways.shape[axis] - atoms, 0))
    to[-1], of[-1] = slice(1, None), slice(None, -1)
    moved[tuple(to)] = ways[tuple(of)]
    return moved


def _any_more(ways: NDArray[np.float64], axis: int, atoms: int) -> None:
    """The coefficients divided by 1 - x_axis^atoms y, in place."""
    by_atoms = np.moveaxis(ways, axis, 0)
    for n in range(atoms, len(by_atoms)):
        by_atoms[n, ..., 1:] += by_atoms[n - atoms, ..., :-1]
