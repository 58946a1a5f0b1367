"""Building blocks (metal nodes, linkers, molecules) that crystals are put together from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.ragged import offsets_of, rows_of

BlockTable = tuple[NDArray[np.object_], NDArray[np.int32]]
"""Blocks of one crystal: names (k,) and the block of each atom (n,), as in ``Blocks``."""


@dataclass(frozen=True)
class Blocks:
    """Building blocks of B crystals, ragged and flat.

    Shapes and units
    ----------------
    known : (B,) bool, whether the blocks of a crystal are stated at all
    offsets : (B + 1,) int64, blocks of crystal i are rows ``offsets[i]:offsets[i + 1]`` of ``name``
    name : (K,) object, the key of each block in its library
    atom_offsets : (B + 1,) int64, atoms of crystal i in ``block``
    block : (N,) int32, block of each atom, counted within its crystal, -1 for an atom of none
    """

    known: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    name: NDArray[np.object_]
    atom_offsets: NDArray[np.int64]
    block: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.known)

    def take(self, index: NDArray) -> Blocks:
        """Those of the crystals named by an index array or Boolean mask, in that order."""
        index = np.arange(len(self))[index]
        offsets, rows = rows_of(self.offsets, index)
        atom_offsets, atoms = rows_of(self.atom_offsets, index)
        return Blocks(self.known[index], offsets, self.name[rows], atom_offsets, self.block[atoms])

    def of(self, i: int) -> BlockTable | None:
        """Names of the blocks of crystal i and the block of each of its atoms; None where they are not known."""
        if not self.known[i]:
            return None
        rows = slice(int(self.offsets[i]), int(self.offsets[i + 1]))
        return self.name[rows], self.block[int(self.atom_offsets[i]) : int(self.atom_offsets[i + 1])]

    @staticmethod
    def none(n_atoms: NDArray[np.int64]) -> Blocks:
        """Of crystals with ``n_atoms`` (B,) atoms that nobody has cut into blocks."""
        size = len(n_atoms)
        return Blocks(
            np.zeros(size, bool),
            np.zeros(size + 1, np.int64),
            np.zeros(0, object),
            offsets_of(n_atoms),
            np.full(int(np.sum(n_atoms)), -1, np.int32),
        )

    @staticmethod
    def concatenate(parts: Iterable[Blocks]) -> Blocks:
        """One batch out of several."""
        parts = [*parts] or [Blocks.none(np.zeros(0, np.int64))]
        return Blocks(
            np.concatenate([p.known for p in parts]),
            offsets_of(np.concatenate([np.diff(p.offsets) for p in parts])),
            np.concatenate([p.name for p in parts]),
            offsets_of(np.concatenate([np.diff(p.atom_offsets) for p in parts])),
            np.concatenate([p.block for p in parts]),
        )
