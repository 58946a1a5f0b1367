"""Crystals as columns: the two batch types that every room passes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AsymmetricUnits:
    """B crystals, each as one representative atom an orbit, padded to M orbits.

    Shapes and units
    ----------------
    space_group : (B,) int16, number 1..230
    lattice : (B, 3, 3) float64, rows a, b, c of the conventional cell, Angstrom
    numbers : (B, M) int16, atomic number of each orbit, 0 where padded
    wyckoff : (B, M) int16, row of the Wyckoff tables (0..1730), -1 where padded
    positions : (B, M, 3) float64, fractional coordinates of the representative in [0, 1),
        lying on the first operation of its Wyckoff position; 0 where padded
    """

    space_group: NDArray[np.int16]
    lattice: NDArray[np.float64]
    numbers: NDArray[np.int16]
    wyckoff: NDArray[np.int16]
    positions: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.space_group)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(B, M): true where there is an orbit."""
        return self.numbers > 0

    @property
    def n_orbits(self) -> NDArray[np.int64]:
        """(B,) number of orbits of each crystal."""
        return self.mask.sum(1)

    def take(self, index: NDArray | slice) -> AsymmetricUnits:
        """The crystals named by an index array, a Boolean mask or a slice."""
        return AsymmetricUnits(*(getattr(self, f.name)[index] for f in fields(self)))

    @staticmethod
    def concatenate(parts: Iterable[AsymmetricUnits]) -> AsymmetricUnits:
        """One batch out of several, padded to the widest."""
        parts = list(parts)
        width = max((p.numbers.shape[1] for p in parts), default=0)

        def pad(array: NDArray, value: int) -> NDArray:
            missing = [(0, 0)] * array.ndim
            missing[1] = (0, width - array.shape[1])
            return np.pad(array, missing, constant_values=value)

        return AsymmetricUnits(
            np.concatenate([p.space_group for p in parts]),
            np.concatenate([p.lattice for p in parts]),
            np.concatenate([pad(p.numbers, 0) for p in parts]),
            np.concatenate([pad(p.wyckoff, -1) for p in parts]),
            np.concatenate([pad(p.positions, 0) for p in parts]),
        )


@dataclass(frozen=True)
class Structures:
    """B crystals with every atom of their cells, ragged and flat.

    Atoms of crystal i are rows ``offsets[i]:offsets[i + 1]``.

    Shapes and units
    ----------------
    lattice : (B, 3, 3) float64, rows a, b, c, Angstrom
    offsets : (B + 1,) int64
    numbers : (N,) int16, atomic numbers
    positions : (N, 3) float64, fractional coordinates in [0, 1)
    orbit : (N,) int16, column of the orbit in the asymmetric unit that made the atom, -1 if unknown
    """

    lattice: NDArray[np.float64]
    offsets: NDArray[np.int64]
    numbers: NDArray[np.int16]
    positions: NDArray[np.float64]
    orbit: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.lattice)

    @property
    def n_atoms(self) -> NDArray[np.int64]:
        """(B,) atoms in each cell."""
        return np.diff(self.offsets)

    @property
    def crystal(self) -> NDArray[np.int64]:
        """(N,) which crystal each atom belongs to."""
        return np.repeat(np.arange(len(self)), self.n_atoms)

    @property
    def volume(self) -> NDArray[np.float64]:
        """(B,) cell volume, cubic Angstrom."""
        return np.abs(np.linalg.det(self.lattice))

    def atoms(self, i: int) -> slice:
        """The rows of crystal i."""
        return slice(int(self.offsets[i]), int(self.offsets[i + 1]))

    def cell(self, i: int) -> tuple[NDArray[np.float64], NDArray[np.int16], NDArray[np.float64]]:
        """Lattice (3, 3), numbers (n,) and fractional positions (n, 3) of crystal i."""
        rows = self.atoms(i)
        return self.lattice[i], self.numbers[rows], self.positions[rows]

    def take(self, index: NDArray) -> Structures:
        """The crystals named by an index array or Boolean mask, in that order."""
        index = np.arange(len(self))[index]
        counts = self.n_atoms[index]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[index] - offsets[:-1], counts)
        return Structures(self.lattice[index], offsets, self.numbers[rows], self.positions[rows], self.orbit[rows])

    @staticmethod
    def concatenate(parts: Iterable[Structures]) -> Structures:
        """One batch out of several."""
        parts = list(parts)
        counts = np.concatenate([p.n_atoms for p in parts])
        return Structures(
            np.concatenate([p.lattice for p in parts]),
            np.concatenate([[0], np.cumsum(counts)]),
            np.concatenate([p.numbers for p in parts]),
            np.concatenate([p.positions for p in parts]),
            np.concatenate([p.orbit for p in parts]),
        )

    @staticmethod
    def from_lists(lattices: Iterable[NDArray], numbers: Iterable[NDArray], positions: Iterable[NDArray]) -> Structures:
        """A batch from one lattice, one list of numbers and one of fractional coordinates a crystal."""
        numbers = [np.asarray(n, np.int16) for n in numbers]
        positions = [np.asarray(p, np.float64).reshape(-1, 3) % 1.0 for p in positions]
        total = int(sum(len(n) for n in numbers))
        return Structures(
            np.asarray(list(lattices), np.float64).reshape(-1, 3, 3),
            np.concatenate([[0], np.cumsum([len(n) for n in numbers])]).astype(np.int64),
            np.concatenate(numbers) if numbers else np.zeros(0, np.int16),
            np.concatenate(positions) if positions else np.zeros((0, 3)),
            np.full(total, -1, np.int16),
        )
