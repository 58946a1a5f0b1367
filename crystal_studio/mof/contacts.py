"""How blocks meet in known frameworks: as which atoms of a linker, at how many atoms of a node.

That connection points are as many at nodes as at linkers does not make a framework of them: a node that is bridged by
carboxylates holds no pyridine. So blocks are balanced contact by contact where that can be done.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.mof.blocks import NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.library import shipped_blocks, shipped_mofs

Kind = tuple[tuple[int, ...], int, int]
"""Elements of the linker's ends of all bonds of one contact; how many atoms of the node and of the linker they join."""


@cache
def shipped_contacts() -> NDArray[np.int64]:
    """``contacts`` of the library that ships, in the frameworks that ship."""
    found = contacts(shipped_mofs(), shipped_blocks())
    found.flags.writeable = False
    return found


def contacts(mofs: CoarseMofs, library: BlockLibrary) -> NDArray[np.int64]:
    """(L, D) how many contacts of each of D kinds a block has, as it has them most often; negative for linkers.

    A contact is all bonds between one node and one image of one linker. 0 throughout for a block that occurs nowhere.
    """
    seen: list[Counter[tuple[Kind, ...]]] = [Counter() for _ in range(len(library))]
    for i in range(len(mofs)):
        rows, joined = mofs.block[mofs.blocks(i)], mofs.connections(i)
        ends, image = mofs.ends[joined], mofs.image[joined]
        if not len(ends):
            continue
        atom = library.point_atom[library.point_offsets[rows[ends[..., 0]]] + ends[..., 1]]
        element = library.numbers[library.atom_offsets[rows[ends[:, 1, 0]]] + atom[:, 1]]
        pair = np.concatenate([ends[..., 0], image], 1)
        _, contact = np.unique(pair, axis=0, return_inverse=True)
        contact = contact.ravel()
        own: list[list[Kind]] = [[] for _ in rows]
        for k in range(int(contact.max()) + 1):
            bonds = np.flatnonzero(contact == k)
            kind = (
                tuple(sorted(element[bonds].tolist())),
                len(np.unique(atom[bonds, 0])),
                len(np.unique(atom[bonds, 1])),
            )
            own[int(ends[bonds[0], 0, 0])].append(kind)
            own[int(ends[bonds[0], 1, 0])].append(kind)
        for row, kinds in zip(rows.tolist(), own, strict=True):
            seen[row][tuple(sorted(kinds))] += 1
    usual: list[tuple[Kind, ...]] = [counts.most_common(1)[0][0] if counts else () for counts in seen]
    number = {kind: k for k, kind in enumerate(sorted({kind for kinds in usual for kind in kinds}))}
    found = np.zeros((len(library), len(number)), np.int64)
    for row, often in enumerate(usual):
        for kind in often:
            found[row, number[kind]] += 1 if library.kind[row] == NODE else -1
    return found
