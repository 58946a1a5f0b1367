"""Every atom of coarse-grained frameworks, with the bonds within blocks and between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.blocks import Blocks
from crystal_studio.candidates.bonds import Bonds, BondTable
from crystal_studio.candidates.ragged import offsets_of, rows_of
from crystal_studio.crystal.batches import Structures
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs


def whole_atoms(mofs: CoarseMofs, library: BlockLibrary) -> Candidates:
    """B frameworks as candidates: atoms block by block in the order of the library, bonds, and which block each is.

    A bond between two blocks joins the atoms whose connection points are joined; its order is not known (0).
    """
    size = len(mofs)
    _, rows = rows_of(library.atom_offsets, mofs.block)
    counts = library.n_atoms[mofs.block]
    block = np.repeat(np.arange(len(mofs.block)), counts)
    crystal = np.repeat(np.arange(size), mofs.n_blocks)
    turned = np.einsum("nij,nj->ni", mofs.rotation[block], library.positions[rows])
    inverse = np.linalg.inv(mofs.lattice)[crystal[block]]
    placed = mofs.positions[block] + np.einsum("ni,nij->nj", turned, inverse)
    cell = np.floor(placed).astype(np.int64)
    first_atom = offsets_of(counts)
    starts = first_atom[mofs.offsets]
    structures = Structures(
        mofs.lattice,
        starts,
        library.numbers[rows],
        placed - cell,
        np.full(len(rows), -1, np.int16),
    )
    tables = [_bonds(mofs, library, i, first_atom, cell) for i in range(size)]
    blocks = Blocks(
        np.ones(size, bool),
        mofs.offsets,
        library.name[mofs.block],
        starts,
        (block - np.repeat(mofs.offsets[:-1], np.diff(starts))).astype(np.int32),
    )
    return Candidates(structures, np.zeros(size, np.int16), bonds=Bonds.of_tables(tables), blocks=blocks)


def _bonds(
    mofs: CoarseMofs, library: BlockLibrary, i: int, first_atom: NDArray[np.int64], cell: NDArray[np.int64]
) -> BondTable:
    """Bonds of framework i between rows of its atoms; ``cell`` was taken off each atom."""
    start = int(mofs.offsets[i])
    pairs, orders = [np.zeros((0, 2), np.int64)], [np.zeros(0, np.float32)]
    for row in range(start, int(mofs.offsets[i + 1])):
        inner = library.bond_rows(int(mofs.block[row]))
        pairs.append(library.bonds[inner] + first_atom[row])
        orders.append(library.order[inner])
    within = np.concatenate(pairs)
    ends, image = mofs.ends[mofs.connections(i)], mofs.image[mofs.connections(i)]
    rows = start + ends[..., 0]
    between = library.point_atom[library.point_offsets[mofs.block[rows]] + ends[..., 1]] + first_atom[rows]
    atoms = np.concatenate([within, between.reshape(-1, 2)])
    images = np.concatenate([np.zeros((len(within), 3), np.int64), image.reshape(-1, 3)])
    images = images + cell[atoms[:, 1]] - cell[atoms[:, 0]]
    order = np.concatenate([*orders, np.zeros(len(between))])
    return (
        (atoms - first_atom[start]).astype(np.int32),
        images.astype(np.int16),
        order.astype(np.float32),
    )
