"""Which atoms are bonded, across cell faces too, where a generator or a file says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.ragged import offsets_of, rows_of


@dataclass(frozen=True)
class Bonds:
    """Bonds of B crystals, ragged and flat: those of crystal i are rows ``offsets[i]:offsets[i + 1]``.

    Shapes and units
    ----------------
    known : (B,) bool, whether the bonds of a crystal are stated at all (a crystal may have none)
    offsets : (B + 1,) int64
    atoms : (K, 2) int32, rows of both atoms within their crystal
    image : (K, 3) int16, lattice translation from the first atom's cell to the second atom's
    order : (K,) float32, bond order (1, 1.5 aromatic, 2, 3; 0 unknown)
    """

    known: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    atoms: NDArray[np.int32]
    image: NDArray[np.int16]
    order: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.known)

    @property
    def count(self) -> NDArray[np.int64]:
        """(B,) bonds of each crystal."""
        return np.diff(self.offsets)

    def take(self, index: NDArray) -> Bonds:
        """Those of the crystals named by an index array or Boolean mask, in that order."""
        index = np.arange(len(self))[index]
        offsets, rows = rows_of(self.offsets, index)
        return Bonds(self.known[index], offsets, self.atoms[rows], self.image[rows], self.order[rows])

    @staticmethod
    def none(size: int) -> Bonds:
        """Of crystals whose bonds nobody has stated."""
        return Bonds(
            np.zeros(size, bool),
            np.zeros(size + 1, np.int64),
            np.zeros((0, 2), np.int32),
            np.zeros((0, 3), np.int16),
            np.zeros(0, np.float32),
        )

    @staticmethod
    def concatenate(parts: Iterable[Bonds]) -> Bonds:
        """One batch out of several."""
        parts = [*parts] or [Bonds.none(0)]
        return Bonds(
            np.concatenate([p.known for p in parts]),
            offsets_of(np.concatenate([p.count for p in parts])),
            np.concatenate([p.atoms for p in parts]),
            np.concatenate([p.image for p in parts]),
            np.concatenate([p.order for p in parts]),
        )
