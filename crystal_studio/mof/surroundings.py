"""What stands around an atom, by its bonds: directions, open sides of metals, nitrogens that lack a hydrogen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.mof.elements import IS_METAL

_OPEN_ANGLE = 150.0
"""Degrees of the widest empty cone at a metal from which it is called exposed (MOFChecker)."""
_IN_PLANE, _SHORT = 25.0, 1.4
"""Degrees and Angstrom that tell a nitrogen with a lone pair (pyridine) from one that lacks a hydrogen."""
_UNKNOWN_RADIUS = 2.0


@dataclass(frozen=True)
class Surroundings:
    """Bonds of N atoms, as seen from each end.

    numbers, degree : (N,) atomic numbers and bonds of each atom
    near : of each atom its neighbours, each as the other atom and the vector to it (Cartesian, Angstrom)
    """

    numbers: NDArray[np.int16]
    degree: NDArray[np.int64]
    near: tuple[tuple[tuple[int, NDArray[np.float64]], ...], ...]

    @staticmethod
    def of(lattice: NDArray, numbers: NDArray, positions: NDArray, pairs: NDArray, image: NDArray) -> Surroundings:
        """Of bonds (K, 2) with images (K, 3) of their second atoms; positions (N, 3) fractional."""
        vectors = (positions[pairs[:, 1]] + image - positions[pairs[:, 0]]) @ lattice
        near: list[list[tuple[int, NDArray[np.float64]]]] = [[] for _ in numbers]
        for (i, j), vector in zip(pairs.tolist(), vectors, strict=True):
            near[i].append((j, vector))
            near[j].append((i, -vector))
        return Surroundings(numbers, np.array([len(n) for n in near], np.int64), tuple(map(tuple, near)))

    def vectors(self, i: int) -> NDArray[np.float64]:
        """(k, 3) from atom i to each of its neighbours."""
        return np.array([vector for _, vector in self.near[i]]).reshape(-1, 3)


def exposed(around: Surroundings, i: int) -> bool:
    """Whether a cone of 150 degrees at atom i is free of its neighbours' van der Waals spheres."""
    from ase.data import vdw_radii

    if not around.near[i]:
        return True
    vectors = around.vectors(i)
    distance = np.linalg.norm(vectors, axis=1)
    radius = vdw_radii[around.numbers[[j for j, _ in around.near[i]]]]
    radius = np.where(np.isfinite(radius), radius, _UNKNOWN_RADIUS)
    if (radius >= distance).any():
        return False
    return _widest_cone(vectors / distance[:, None], np.arcsin(radius / distance)) > np.radians(_OPEN_ANGLE) / 2


def _widest_cone(directions: NDArray, half: NDArray) -> float:
    """Half angle (radians) of the widest cone from the origin outside caps of ``half`` (k,) about unit vectors (k, 3).

    Found on a sphere of points, then thrice on ever smaller ones around the best.
    """
    n = 1500
    height = 1 - (2 * np.arange(n) + 1) / n
    turn = np.pi * (1 + 5**0.5) * np.arange(n)
    sphere = np.stack([np.sqrt(1 - height**2) * np.cos(turn), np.sqrt(1 - height**2) * np.sin(turn), height], 1)
    best, room, reach = sphere, -np.inf, 0.08
    for _ in range(4):
        free = (np.arccos(np.clip(best @ directions.T, -1, 1)) - half).min(1)
        at = int(free.argmax())
        room = max(room, float(free[at]))
        best = best[at] + reach * np.cbrt(np.arange(1, n + 1) / n)[:, None] * sphere
        best /= np.linalg.norm(best, axis=1, keepdims=True)
        reach /= 6
    return room


def nitrogen_lacks_hydrogen(around: Surroundings, i: int) -> bool:
    """Whether a nitrogen of one, two or three bonds looks like an amine without one of its hydrogens.

    One bond: to a non-metal of more than two bonds (no nitrile). Two bonds not in line: flat and with a long bond (no
    pyridine). Three bonds: an amide NH2 at a metal with a narrow angle.
    """
    near = around.near[i]
    if len(near) == 1:
        other = near[0][0]
        return bool(around.degree[other] > 2 and not IS_METAL[around.numbers[other]])
    if len(near) == 2:
        return _two_bonded_lacks(around, i)
    if len(near) == 3:
        numbers = around.numbers[[j for j, _ in near]]
        narrow = _angle(near[0][1], near[1][1]) < 120
        return bool(IS_METAL[numbers].any() and (numbers == 1).sum() == 2 and narrow)
    return False


def _two_bonded_lacks(around: Surroundings, i: int) -> bool:
    (j, a), (k, b) = around.near[i]
    if abs(180 - _angle(a, b)) < _IN_PLANE:
        return False
    twists = [_twist(b, -a, v) for n, v in around.near[j] if n != i] + [
        _twist(a, -b, v) for n, v in around.near[k] if n != i
    ]
    flat = bool(twists) and min(min(twists), 180 - min(twists)) < _IN_PLANE
    return flat and not (np.linalg.norm(a) < _SHORT and np.linalg.norm(b) < _SHORT)


def _angle(a: NDArray, b: NDArray) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))))


def _twist(start: NDArray, back: NDArray, end: NDArray) -> float:
    """Dihedral angle (0 to 180 degrees) about a bond ``-back`` from the nitrogen, of its other bond and one beyond."""
    first, second = np.cross(start, -back), np.cross(end, -back)
    if np.linalg.norm(first) < 1e-6 or np.linalg.norm(second) < 1e-6:
        return 180.0
    return _angle(first, second)
