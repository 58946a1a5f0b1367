"""One building block, as it is cut out of a framework and compared with others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import SYMBOLS

_ROUNDS = 8
"""Bonds that a colour looks ahead: no two blocks of the shipped library that differ agree that far."""


@dataclass(frozen=True)
class Block:
    """One block of n atoms, m bonds and p connection points, with the columns of ``BlockLibrary``.

    kind : ``NODE`` or ``LINKER``
    numbers : (n,) int16; positions : (n, 3) Angstrom about the centroid of the connection points
    bonds : (m, 2) int32; order : (m,) float32; points : (p, 3) Angstrom; point_atom : (p,) int32
    """

    kind: int
    numbers: NDArray[np.int16]
    positions: NDArray[np.float64]
    bonds: NDArray[np.int32]
    order: NDArray[np.float32]
    points: NDArray[np.float64]
    point_atom: NDArray[np.int32]

    @cached_property
    def colours(self) -> NDArray[np.uint64]:
        """(n + p,) of atoms and connection points: equal where the graph around them is (Weisfeiler-Lehman).

        Elements, bonds and connection points count; orders of bonds and positions do not.
        """
        n = len(self.numbers)
        around: list[list[int]] = [[] for _ in range(n)]
        for i, j in self.bonds.tolist():
            around[i].append(j)
            around[j].append(i)
        points = np.bincount(self.point_atom, minlength=n)
        colour = [_hash(z, k) for z, k in zip(self.numbers.tolist(), points.tolist(), strict=True)]
        for _ in range(_ROUNDS):
            colour = [_hash(colour[i], *sorted(colour[j] for j in near)) for i, near in enumerate(around)]
        return np.array([*colour, *(_hash(colour[i], -1) for i in self.point_atom.tolist())], np.uint64)

    @cached_property
    def key(self) -> str:
        """Equal for blocks of the same bond graph: 12 hexadecimal digits."""
        return f"{_hash(self.kind, *sorted(self.colours.tolist())):016x}"[:12]

    @property
    def places(self) -> NDArray[np.float64]:
        """(n + p, 3) of atoms, then connection points."""
        return np.concatenate([self.positions, self.points])

    @property
    def diameter(self) -> float:
        """Largest distance between two atoms, Angstrom."""
        return float(np.linalg.norm(self.positions[:, None] - self.positions[None], axis=-1).max())

    @property
    def formula(self) -> str:
        """Hill order: carbon, hydrogen, then by symbol; all by symbol where there is no carbon."""
        symbols, counts = np.unique([SYMBOLS[z] for z in self.numbers], return_counts=True)
        first = ("C", "H") if "C" in symbols else ()
        found = dict(zip(symbols.tolist(), counts.tolist(), strict=True))
        names = [s for s in first if s in found] + [s for s in found if s not in first]
        return "".join(f"{s}{found[s] if found[s] > 1 else ''}" for s in names)


def _hash(*parts: int) -> int:
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=8).digest())
