"""The library of building blocks: metal nodes and organic linkers with the points at which they meet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.ragged import offsets_of, rows_of

NODE, LINKER = 0, 1
"""Kinds of block: a metal node (metals and the oxo, hydroxo, halide bridges between them), or a linker (all else:
organic linkers, inorganic ones, and ligands that end at one node). Every bond that is cut joins one of each."""


@dataclass(frozen=True)
class BlockLibrary:
    """L building blocks, ragged and flat.

    Atoms of block i are rows ``atom_offsets[i]:atom_offsets[i + 1]``; likewise its bonds and connection points.
    A connection point is the midpoint of a bond that was cut: where two blocks meet, their points coincide.

    Shapes and units
    ----------------
    atom_offsets : (L + 1,) int64
    numbers : (N,) int16, atomic numbers
    positions : (N, 3) float64, Angstrom, about the centroid of the block's connection points
    bond_offsets : (L + 1,) int64
    bonds : (M, 2) int32, rows of both atoms within their block; a block may hold atoms that no bond reaches
    order : (M,) float32, bond order (1, 1.5 aromatic, 2, 3; 0 unknown, such as to a metal)
    point_offsets : (L + 1,) int64
    points : (P, 3) float64, Angstrom, connection points in the frame of ``positions``
    point_atom : (P,) int32, the atom of the block that each point hangs on
    kind : (L,) int8, ``NODE`` or ``LINKER``
    diameter : (L,) float64, Angstrom, largest distance between two atoms of the block
    identity : (L,) uint64, the same for blocks of the same ECFP4 bits, whatever their shape
    count : (L,) int64, how many times it was seen
    name : (L,) object, unique, as ``candidates.blocks.Blocks.name`` has it
    formula : (L,) object, Hill order
    smiles, inchikey : (L,) object, of the linker with hydrogen in place of metal; empty for a node
    """

    atom_offsets: NDArray[np.int64]
    numbers: NDArray[np.int16]
    positions: NDArray[np.float64]
    bond_offsets: NDArray[np.int64]
    bonds: NDArray[np.int32]
    order: NDArray[np.float32]
    point_offsets: NDArray[np.int64]
    points: NDArray[np.float64]
    point_atom: NDArray[np.int32]
    kind: NDArray[np.int8]
    diameter: NDArray[np.float64]
    identity: NDArray[np.uint64]
    count: NDArray[np.int64]
    name: NDArray[np.object_]
    formula: NDArray[np.object_]
    smiles: NDArray[np.object_]
    inchikey: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def n_atoms(self) -> NDArray[np.int64]:
        """(L,) atoms of each block."""
        return np.diff(self.atom_offsets)

    @property
    def n_points(self) -> NDArray[np.int64]:
        """(L,) connection points of each block."""
        return np.diff(self.point_offsets)

    def atoms(self, i: int) -> slice:
        """Rows of the atoms of block i."""
        return slice(int(self.atom_offsets[i]), int(self.atom_offsets[i + 1]))

    def bond_rows(self, i: int) -> slice:
        """Rows of the bonds of block i."""
        return slice(int(self.bond_offsets[i]), int(self.bond_offsets[i + 1]))

    def point_rows(self, i: int) -> slice:
        """Rows of the connection points of block i."""
        return slice(int(self.point_offsets[i]), int(self.point_offsets[i + 1]))

    def take(self, index: NDArray) -> BlockLibrary:
        """Those named by an index array or Boolean mask, in that order."""
        index = np.arange(len(self))[index]
        atom_offsets, atoms = rows_of(self.atom_offsets, index)
        bond_offsets, bonds = rows_of(self.bond_offsets, index)
        point_offsets, points = rows_of(self.point_offsets, index)
        return BlockLibrary(
            atom_offsets,
            self.numbers[atoms],
            self.positions[atoms],
            bond_offsets,
            self.bonds[bonds],
            self.order[bonds],
            point_offsets,
            self.points[points],
            self.point_atom[points],
            *(getattr(self, name)[index] for name in PER_BLOCK),
        )

    @staticmethod
    def concatenate(parts: Iterable[BlockLibrary]) -> BlockLibrary:
        """One library out of several; names must stay unique, which is the caller's to see to."""
        parts = list(parts)
        columns = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(BlockLibrary)}
        columns["atom_offsets"] = offsets_of(np.concatenate([p.n_atoms for p in parts]))
        columns["bond_offsets"] = offsets_of(np.concatenate([np.diff(p.bond_offsets) for p in parts]))
        columns["point_offsets"] = offsets_of(np.concatenate([p.n_points for p in parts]))
        return BlockLibrary(**columns)


PER_BLOCK = ("kind", "diameter", "identity", "count", "name", "formula", "smiles", "inchikey")
"""Columns of one entry a block."""
