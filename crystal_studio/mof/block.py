"""One building block, as it is cut out of a framework and compared with others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.formula import hill

_ROUNDS = 8
"""Bonds that a colour looks ahead: no two blocks of the shipped library that differ agree that far."""
_NEIGHBOUR, _POINT, _ODD = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0x8CB92BA72F3D8DD7))


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
        points = np.bincount(self.point_atom, minlength=n)
        colour = _mix(self.numbers.astype(np.uint64) * np.uint64(1_000) + points.astype(np.uint64))
        first, second = self.bonds.reshape(-1, 2).T
        for _ in range(_ROUNDS):
            seen = _mix(colour ^ _NEIGHBOUR)
            around = np.zeros(n, np.uint64)
            np.add.at(around, first, seen[second])
            np.add.at(around, second, seen[first])
            colour = _mix(colour * _ODD + around)
        return np.concatenate([colour, _mix(colour[self.point_atom] ^ _POINT)])

    @cached_property
    def key(self) -> str:
        """Equal for blocks of the same bond graph: 12 hexadecimal digits."""
        total = np.add.reduce(_mix(self.colours ^ _POINT), keepdims=True) + np.uint64(self.kind)
        return f"{int(_mix(total)[0]):016x}"[:12]

    @property
    def stem(self) -> str:
        """The name of its bond graph in a library: formula, connection points and key; shapes are numbered behind."""
        return f"{self.formula}-{len(self.points)}-{self.key[:6]}"

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
        """Hill order."""
        return hill(SYMBOLS[z] for z in self.numbers)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """64-bit numbers scattered over all others, one to one (the finaliser of splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
