"""The atoms of each building block next to each other, across the faces of the cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.mof.bond_graph import parts_of


def together(
    fractional: NDArray, block: NDArray[np.int64], pairs: NDArray[np.int64], image: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lattice translations (n, 3) that make the blocks of n atoms whole, and the block (n,) of each, counted anew.

    ``block`` (n,) is -1 for atoms of none: those bonded to each other become a block. Bonds are pairs (K, 2) to the
    ``image`` (K, 3) of the second atom. Parts of a block that no bond of its own joins (the two metals of a paddle
    wheel) stand as near to its first part as they can.
    """
    inner = block[pairs[:, 0]] == block[pairs[:, 1]]
    parts = parts_of(len(block), pairs[inner], image[inner])
    own = np.where(block >= 0, block, block.max(initial=-1) + 1 + parts.part)
    _, first, own = np.unique(own, return_index=True, return_inverse=True)
    centre = means(fractional + parts.shift, parts.part)[parts.part]
    return parts.shift + np.rint(centre[first][own] - centre).astype(np.int64), own


def means(values: NDArray, group: NDArray[np.int64]) -> NDArray[np.float64]:
    """(G, 3) means of values (n, 3) by group (n,), 0 to G - 1."""
    count = np.bincount(group)
    return np.stack([np.bincount(group, column) / count for column in values.T], 1)
