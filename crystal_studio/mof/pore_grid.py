"""Pores of a framework on a grid, in a tenth of a second and without a program: what a search asks of every framework
that it makes. Zeo++ (``porosity``) is what says how wide pores are in the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.element_data import MASSES
from crystal_studio.mof.bond_graph import parts_of

SPACING = 0.5
"""Angstrom between points of the grid, at most."""
PROBE = 1.655
"""Angstrom, radius of the sphere that is rolled over the surface, as in what models learn from (``build_pores.py``)."""
_RADII = {
    1: 1.09, 2: 1.4, 3: 1.82, 6: 1.7, 7: 1.55, 8: 1.52, 9: 1.47, 10: 1.54, 11: 2.27, 12: 1.73, 14: 2.1, 15: 1.8,
    16: 1.8, 17: 1.75, 18: 1.88, 19: 2.75, 28: 1.63, 29: 1.4, 30: 1.39, 31: 1.87, 33: 1.85, 34: 1.9, 35: 1.85,
    36: 2.02, 46: 1.63, 47: 1.72, 48: 1.58, 49: 1.93, 50: 2.17, 52: 2.06, 53: 1.98, 54: 2.16, 78: 1.72, 79: 1.66,
    80: 1.55, 81: 1.96, 82: 2.02, 92: 1.86,
}  # fmt: skip
"""Angstrom, van der Waals radii of the Cambridge Structural Database, which Zeo++ takes."""
_OTHER_RADIUS = 2.0
_LOST = 0.21
"""Angstrom of its radius that a sphere loses on its way from point to point of the grid (mean of 60 frameworks)."""
_HALVINGS = 9
"""Of the interval in which the limiting diameter lies."""
_ON_SPHERE = 60
_IMAGES = np.array(list(product((-1, 0, 1), repeat=3)))


@dataclass(frozen=True)
class GridPores:
    """lcd, pld : Angstrom, diameters of the largest sphere that fits and of the largest that passes, 0 where none does
    surface_area : m2/g that the probe reaches; void_fraction : share of the cell outside of all atoms, connected
    """

    lcd: float
    pld: float
    surface_area: float
    void_fraction: float


@cache
def radii() -> NDArray[np.float64]:
    """(119,) Angstrom."""
    found = np.full(119, _OTHER_RADIUS)
    found[list(_RADII)] = list(_RADII.values())
    return found


def pores(lattice: NDArray[np.float64], numbers: NDArray, positions: NDArray[np.float64]) -> GridPores:
    """Of one sound crystal; diameters of its pores are good to half an Angstrom."""
    around = _Surfaces(lattice, numbers, positions)
    shape = tuple(np.maximum(np.ceil(np.linalg.norm(around.lattice, axis=1) / SPACING), 4).astype(int).tolist())
    steps = np.stack(np.meshgrid(*[(np.arange(n) + 0.5) / n for n in shape], indexing="ij"), -1).reshape(-1, 3)
    away = around.away(steps)
    grid = away.reshape(shape)
    widest = around.widest(steps[away.argsort()[-5:]], np.array(shape))
    low, high = 0.0, max(float(away.max()), 0.0)
    open_ = _endless(grid > low)
    if open_.any():
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if _endless(grid > middle).any() else (low, middle)
    passes = low + _LOST if open_.any() else 0.0
    area = around.surface(_endless(grid > PROBE - _LOST)) if passes > PROBE else 0.0
    grams = MASSES[numbers].sum() / 6.02214076e23
    return GridPores(2 * max(widest, 0.0), 2 * passes, area * 1e-20 / grams, float(open_.mean()))


class _Surfaces:
    """The atoms of a crystal, each a sphere, with their images around a reduced cell."""

    def __init__(self, lattice: NDArray, numbers: NDArray, positions: NDArray) -> None:
        import spglib
        from scipy.spatial import cKDTree

        found = spglib.niggli_reduce(lattice, eps=1e-5)
        self.lattice = lattice if found is None else found
        inside = positions @ lattice @ np.linalg.inv(self.lattice)
        self.inside = inside - np.floor(inside)
        self.radius = radii()[numbers]
        self._trees = [
            (cKDTree(((self.inside[self.radius == r][:, None] + _IMAGES) @ self.lattice).reshape(-1, 3)), float(r))
            for r in np.unique(self.radius)
        ]

    def away(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) Angstrom from the nearest surface of an atom, negative within one, at fractional places (n, 3)."""
        at = (places - np.floor(places)) @ self.lattice
        return np.min([tree.query(at)[0] - r for tree, r in self._trees], axis=0)

    def widest(self, starts: NDArray[np.float64], shape: NDArray[np.int64]) -> float:
        """Angstrom from the surfaces at the roomiest places near those (n, 3) on a grid of a shape."""
        step = 0.5 / shape
        best = -np.inf
        for _ in range(4):
            tried = (starts[:, None] + _IMAGES * step).reshape(-1, 3)
            away = self.away(tried)
            starts, best, step = (
                tried[away.reshape(len(starts), -1).argmax(1) + 27 * np.arange(len(starts))],
                max(best, float(away.max())),
                step / 2,
            )
        return best

    def surface(self, reached: NDArray[np.bool_]) -> float:
        """Square Angstrom on which the centre of the probe can be, next to voxels (a, b, c) that it reaches."""
        sphere = _sphere(_ON_SPHERE)
        reach = self.radius + PROBE
        places = self.inside[:, None] + (reach[:, None, None] * sphere) @ np.linalg.inv(self.lattice)
        free = (self.away(places.reshape(-1, 3)) >= PROBE - 1e-6).reshape(len(reach), -1)
        shape = np.array(reached.shape)
        low = np.floor(places * shape - 0.5).astype(int)
        next_to = np.zeros(free.shape, bool)
        for corner in product((0, 1), repeat=3):
            next_to |= reached[tuple(np.moveaxis((low + corner) % shape, -1, 0))]
        return float((4 * np.pi * reach**2 * (free & next_to).mean(1)).sum())


def _endless(room: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(a, b, c) which voxels of a periodic grid hang together with images of themselves through others of ``room``."""
    from scipy.ndimage import label

    part, count = label(room)
    if not count:
        return np.zeros_like(room)
    pairs, images = [], []
    for axis in range(3):
        last, first = np.take(part, -1, axis).ravel(), np.take(part, 0, axis).ravel()
        met = np.unique(np.stack([last, first], 1)[(last > 0) & (first > 0)], axis=0) - 1
        pairs.append(met)
        images.append(np.tile(np.eye(3, dtype=int)[axis], (len(met), 1)))
    parts = parts_of(count, np.concatenate(pairs), np.concatenate(images))
    endless = np.concatenate([[False], parts.dimension[parts.part] > 0])
    return np.asarray(endless[part], bool)


@cache
def _sphere(count: int) -> NDArray[np.float64]:
    """(count, 3) even directions: Fibonacci's spiral."""
    at = np.arange(count) + 0.5
    z, turn = 1 - 2 * at / count, np.pi * (1 + 5**0.5) * at
    return np.stack([np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z], 1)
