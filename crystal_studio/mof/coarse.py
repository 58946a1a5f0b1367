"""Metal-organic frameworks in coarse-grained form: which blocks stand where, how they are turned, where they meet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.ragged import offsets_of, rows_of


@dataclass(frozen=True)
class CoarseMofs:
    """B frameworks as blocks of a ``BlockLibrary``, ragged and flat.

    An atom at p in the library stands at ``positions @ lattice + rotation @ p`` (Cartesian, Angstrom).

    Shapes and units
    ----------------
    lattice : (B, 3, 3) float64, rows a, b, c, Angstrom
    offsets : (B + 1,) int64, blocks of framework i are rows ``offsets[i]:offsets[i + 1]``
    block : (K,) int32, row of each block in the library
    positions : (K, 3) float64, fractional, where the block's origin stands, in [0, 1)
    rotation : (K, 3, 3) float64, proper rotation from the library's frame
    deviation : (K,) float32, Angstrom, root mean square distance from the atoms and connection points that the block
        stands for; 0 where it stands for none
    connection_offsets : (B + 1,) int64
    ends : (C, 2, 2) int32, of each connection the node and the linker, each as (block counted within the framework,
        connection point counted within the block)
    image : (C, 3) int16, lattice translation from the node's cell to the linker's, for the positions above
    name : (B,) object, what the framework is called where it comes from
    dimension : (B,) int8, in how many directions the bonded framework is endless (0..3)
    """

    lattice: NDArray[np.float64]
    offsets: NDArray[np.int64]
    block: NDArray[np.int32]
    positions: NDArray[np.float64]
    rotation: NDArray[np.float64]
    deviation: NDArray[np.float32]
    connection_offsets: NDArray[np.int64]
    ends: NDArray[np.int32]
    image: NDArray[np.int16]
    name: NDArray[np.object_]
    dimension: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.lattice)

    @property
    def n_blocks(self) -> NDArray[np.int64]:
        """(B,) blocks in each cell."""
        return np.diff(self.offsets)

    def blocks(self, i: int) -> slice:
        """Rows of the blocks of framework i."""
        return slice(int(self.offsets[i]), int(self.offsets[i + 1]))

    def connections(self, i: int) -> slice:
        """Rows of the connections of framework i."""
        return slice(int(self.connection_offsets[i]), int(self.connection_offsets[i + 1]))

    def take(self, index: NDArray) -> CoarseMofs:
        """Those named by an index array or Boolean mask, in that order."""
        index = np.arange(len(self))[index]
        offsets, rows = rows_of(self.offsets, index)
        connection_offsets, joined = rows_of(self.connection_offsets, index)
        return CoarseMofs(
            self.lattice[index],
            offsets,
            self.block[rows],
            self.positions[rows],
            self.rotation[rows],
            self.deviation[rows],
            connection_offsets,
            self.ends[joined],
            self.image[joined],
            self.name[index],
            self.dimension[index],
        )

    @staticmethod
    def concatenate(parts: Iterable[CoarseMofs]) -> CoarseMofs:
        """One batch out of several, all of one library."""
        parts = list(parts)
        columns = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(CoarseMofs)}
        columns["offsets"] = offsets_of(np.concatenate([p.n_blocks for p in parts]))
        columns["connection_offsets"] = offsets_of(np.concatenate([np.diff(p.connection_offsets) for p in parts]))
        return CoarseMofs(**columns)
