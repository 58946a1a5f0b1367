"""Which shape of a node: of blocks with one bond graph, such as a square and a tetrahedral zinc, the one whose bonds
lie as the places around it ask.

Embeddings hardly tell such shapes apart; where the linkers stand does.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.mof.blocks import NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.contents import stem_of
from crystal_studio.mof.proposing import propose
from crystal_studio.mof.searching import Search

CLEARLY = 0.03
"""Share of its bonds that another shape must meet more, each block by itself, to be taken for the one given."""
_LOOK = Search(tried=500, refined=8, kept=1)


def fitting_shapes(mofs: CoarseMofs, library: BlockLibrary, device: str = "cpu") -> CoarseMofs:
    """The same frameworks, nodes exchanged for another shape of theirs where that meets more of what is around them.

    Of ``mofs`` lattice, blocks and positions are read; all nodes of a framework that are one block stay one.
    """
    stems = np.array([stem_of(name) for name in library.name.tolist()], object)
    shapes: dict[int, NDArray[np.int64]] = {}
    for node in np.unique(mofs.block[library.kind[mofs.block] == NODE]).tolist():
        alike = (stems == stems[node]) & (library.kind == NODE) & (library.n_points == library.n_points[node])
        shapes[node] = np.concatenate([[node], np.flatnonzero(alike & (np.arange(len(library)) != node))])
    asked = [
        (i, node, other)
        for i in range(len(mofs))
        for node in np.unique(mofs.block[mofs.blocks(i)]).tolist()
        if len(shapes.get(node, ())) > 1
        for other in shapes[node].tolist()
    ]
    if not asked:
        return mofs
    tried = mofs.take(np.array([i for i, _, _ in asked]))
    block, looked = tried.block.copy(), np.zeros(len(tried.block), bool)
    for row, (_, node, other) in enumerate(asked):
        own = tried.blocks(row)
        mine = tried.block[own] == node
        looked[own] = mine
        block[own] = np.where(mine, other, tried.block[own])
    tried = replace(tried, block=block)
    spun = np.tile(np.eye(3), (len(tried), 1, 1))
    score = propose(tried, library, spun, _LOOK, device, looked).score[:, 0].cpu().numpy()
    chosen = mofs.block.copy()
    best: dict[tuple[int, int], float] = {}
    for row, (i, node, other) in enumerate(asked):
        rows = np.flatnonzero(looked[tried.blocks(row)]) + tried.offsets[row]
        met = float((score[rows] / library.n_points[tried.block[rows]]).mean())
        if other == node or met > best[i, node]:
            best[i, node] = met + (CLEARLY if other == node else 0.0)
            own = mofs.blocks(i)
            chosen[own] = np.where(mofs.block[own] == node, other, chosen[own])
    return replace(mofs, block=chosen)
