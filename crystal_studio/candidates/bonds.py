"""Which atoms are bonded, across cell faces too, where a generator or a file says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.ragged import offsets_of, rows_of
from crystal_studio.crystal.batches import Structures

BondTable = tuple[NDArray[np.int32], NDArray[np.int16], NDArray[np.float32]]
"""Bonds of one crystal: atoms (k, 2), images (k, 3) and orders (k,), as in ``Bonds``."""


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

    def of(self, i: int) -> BondTable | None:
        """Atoms, images and orders of the bonds of crystal i; None where they are not known."""
        rows = slice(int(self.offsets[i]), int(self.offsets[i + 1]))
        return (self.atoms[rows], self.image[rows], self.order[rows]) if self.known[i] else None

    def following(self, before: Structures, after: Structures) -> Bonds:
        """The same bonds where atoms were moved, each to its nearest image: images follow atoms through cell faces.

        Of a crystal that has another number of atoms ``after`` the bonds are no longer known.
        """
        tables: list[BondTable | None] = []
        for i in range(len(self)):
            table, here, there = self.of(i), before.positions[before.atoms(i)], after.positions[after.atoms(i)]
            if table is None or len(here) != len(there):
                tables.append(None)
                continue
            shift = np.rint(there - here).astype(np.int16)
            first, second = table[0].T
            tables.append((table[0], table[1] + shift[first] - shift[second], table[2]))
        return Bonds.of_tables(tables)

    @staticmethod
    def of_tables(tables: Sequence[BondTable | None]) -> Bonds:
        """One table of atoms (k, 2), images (k, 3) and orders (k,) a crystal, None where its bonds are not known."""
        parts = [(np.zeros((0, 2)), np.zeros((0, 3)), np.zeros(0)) if t is None else t for t in tables]
        return Bonds(
            np.array([t is not None for t in tables], bool),
            offsets_of(np.array([len(p[0]) for p in parts], np.int64)),
            np.concatenate([np.zeros((0, 2)), *(p[0] for p in parts)]).astype(np.int32),
            np.concatenate([np.zeros((0, 3)), *(p[1] for p in parts)]).astype(np.int16),
            np.concatenate([np.zeros(0), *(p[2] for p in parts)]).astype(np.float32),
        )

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
