"""The bonds at which blocks meet: both ends of each, as the block on either side knows them.

A connection point is the middle of a cut bond, so that a block knows where both atoms of that bond stand: its own, and
the other by reflection. Two blocks that meet agree in both. This tells orientations apart that the points alone do
not, such as a node upside down.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.mof.blocks import NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs


def bond_ends(library: BlockLibrary) -> NDArray[np.float64]:
    """(P, 2, 3) Angstrom, both ends of the bond at each connection point (node, linker), in its block's frame."""
    owner = np.repeat(np.arange(len(library)), library.n_points)
    own = library.positions[library.atom_offsets[owner] + library.point_atom]
    other = 2 * library.points - own
    of_node = (library.kind[owner] == NODE)[:, None]
    return np.stack([np.where(of_node, own, other), np.where(of_node, other, own)], 1)


def point_table(mofs: CoarseMofs, library: BlockLibrary, i: int, kind: int) -> NDArray[np.int64]:
    """(P, 2) block (counted within framework i) and point of every connection point of nodes or of linkers."""
    rows = mofs.block[mofs.blocks(i)]
    chosen = np.flatnonzero(library.kind[rows] == kind)
    counts = library.n_points[rows[chosen]]
    point = np.concatenate([np.arange(n) for n in counts]) if len(counts) else np.zeros(0, np.int64)
    return np.stack([np.repeat(chosen, counts), point], 1)
