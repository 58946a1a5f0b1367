"""A framework as building blocks: each as it stands there, and where they meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.bonds import Bonds
from crystal_studio.crystal.batches import Structures
from crystal_studio.mof.block import Block
from crystal_studio.mof.blocks import NODE
from crystal_studio.mof.bonds import bonds_of
from crystal_studio.mof.fragment import Cut, cut


@dataclass(frozen=True)
class Fragments:
    """One framework of k blocks and c connections.

    lattice : (3, 3) Angstrom
    blocks : k, nodes first, each turned as it stands in the framework
    origin : (k, 3) fractional in [0, 1), centroid of each block's connection points
    ends : (c, 2, 2) int32 and image : (c, 3) int16 of the connections, as in ``CoarseMofs``
    atoms : k arrays, the atoms of the cell that each block is made of, in its order
    dimension : directions in which the framework is endless; guests : atoms left out
    """

    lattice: NDArray[np.float64]
    blocks: tuple[Block, ...]
    origin: NDArray[np.float64]
    ends: NDArray[np.int32]
    image: NDArray[np.int16]
    atoms: tuple[NDArray[np.int64], ...]
    dimension: int
    guests: int


def fragment(structures: Structures, i: int = 0, stated: Bonds | None = None) -> Fragments:
    """Crystal i of a batch in its blocks, by the bonds that are stated, else by perceived ones.

    Raises ``fragment.Refused`` as ``cut`` does.
    """
    bonds = bonds_of(structures, stated, i)
    lattice, numbers, positions = structures.cell(i)
    pairs, image = bonds.atoms.astype(np.int64), bonds.image.astype(np.int64)
    found = cut(lattice, numbers, positions, pairs, image)
    return _fragments(lattice, numbers, positions, pairs, bonds.order, found)


def _fragments(
    lattice: NDArray, numbers: NDArray, positions: NDArray, pairs: NDArray, order: NDArray, found: Cut
) -> Fragments:
    half = 0.5 * (positions[found.cut[:, 1]] + found.cut_image - positions[found.cut[:, 0]])
    whole = positions + found.shift
    point = (whole[found.cut[:, 0]] + half, whole[found.cut[:, 1]] - half)
    blocks, origins, atoms = [], [], []
    ends = np.zeros((len(found.cut), 2, 2), np.int32)
    row = np.zeros(len(numbers), np.int64)
    for k, kind in enumerate(found.kind.tolist()):
        side = 0 if kind == NODE else 1
        own = np.flatnonzero(found.block == k)
        joins = np.flatnonzero(found.block[found.cut[:, side]] == k)
        row[own] = np.arange(len(own))
        inner = found.kept & (found.block[pairs[:, 0]] == k)
        points = point[side][joins]
        origin = points.mean(0)
        blocks.append(
            Block(
                kind,
                numbers[own].astype(np.int16),
                (whole[own] - origin) @ lattice,
                row[pairs[inner]].astype(np.int32),
                order[inner].astype(np.float32),
                (points - origin) @ lattice,
                row[found.cut[joins, side]].astype(np.int32),
            )
        )
        origins.append(origin)
        atoms.append(own)
        ends[joins, side, 0], ends[joins, side, 1] = k, np.arange(len(joins))
    origin = np.array(origins)
    cell = np.floor(origin).astype(np.int64)
    image = (
        found.cut_image
        + (found.shift - cell[found.block])[found.cut[:, 0]]
        - (found.shift - cell[found.block])[found.cut[:, 1]]
    )
    return Fragments(
        lattice,
        tuple(blocks),
        origin - cell,
        ends,
        image.astype(np.int16),
        tuple(atoms),
        found.dimension,
        found.guests,
    )
