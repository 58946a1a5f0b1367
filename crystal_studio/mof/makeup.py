"""What a framework is made of: its blocks by kind, where they meet, and the net that they form."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.blocks import BlockTable
from crystal_studio.candidates.bonds import BondTable
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.formula import hill
from crystal_studio.mof.blocks import LINKER, NODE
from crystal_studio.mof.bond_graph import parts_of
from crystal_studio.mof.elements import IS_METAL

_SHAPE = re.compile(r"(-\d+-[0-9a-f]{6})-\d+$")
"""The number of the shape in a block's name: what stands before it names the bond graph."""


@dataclass(frozen=True)
class BlockKind:
    """One kind of block: ``count`` of them in a cell, each bonded to other blocks at ``points`` places.

    kind : ``NODE`` or ``LINKER``; formula : metals first, the rest in Hill order; name : that of its bond graph
    """

    kind: int
    formula: str
    points: int
    count: int
    name: str

    @property
    def title(self) -> str:
        """ "Node" or "Linker"; what is bonded to nothing else is a guest, and what is bonded once ends there."""
        if self.kind == NODE:
            return "Node"
        return "Linker" if self.points > 1 else "Ligand" if self.points else "Guest"


@dataclass(frozen=True)
class Makeup:
    """One framework of n atoms in k blocks.

    block : (n,) int64, block of each atom, -1 for an atom of none
    kinds : nodes first, then the commonest first
    kind_of_block : (k,) int64, row in ``kinds``
    dimension : in how many directions the bonds are endless (0..3)
    """

    block: NDArray[np.int64]
    kinds: tuple[BlockKind, ...]
    kind_of_block: NDArray[np.int64]
    dimension: int

    @property
    def kind_of_atom(self) -> NDArray[np.int64]:
        """(n,) row in ``kinds``, -1 for an atom of no block."""
        if not len(self.kind_of_block):
            return np.full(len(self.block), -1, np.int64)
        return np.where(self.block >= 0, self.kind_of_block[self.block], -1)

    @property
    def loose(self) -> int:
        """Atoms of no block."""
        return int((self.block < 0).sum())


def makeup(numbers: NDArray, bonds: BondTable, blocks: BlockTable) -> Makeup:
    """The blocks of one crystal by kind; a block that holds a metal is a node.

    ``numbers`` (n,); blocks of one bond graph count as one kind, whatever their shape.
    """
    names, owner = blocks[0], blocks[1].astype(np.int64)
    pairs, image = bonds[0].astype(np.int64).reshape(-1, 2), bonds[1].astype(np.int64).reshape(-1, 3)
    ends = owner[pairs]
    between = ends[:, 0] != ends[:, 1]
    points = np.bincount(ends[between][ends[between] >= 0], minlength=len(names))
    found: list[tuple[int, str, int, str]] = []
    for k, name in enumerate(names.tolist()):
        own = numbers[owner == k]
        kind = NODE if IS_METAL[own].any() else LINKER
        found.append((kind, block_formula(own), int(points[k]), _SHAPE.sub(r"\1", str(name))))
    counted = Counter(found)
    order = sorted(counted, key=lambda one: (one[0], -counted[one], one[1:]))
    row = {one: at for at, one in enumerate(order)}
    dimension = parts_of(len(numbers), pairs, image).dimension
    return Makeup(
        owner,
        tuple(
            BlockKind(kind, formula, at, counted[kind, formula, at, name], name) for kind, formula, at, name in order
        ),
        np.array([row[one] for one in found], np.int64),
        int(dimension.max(initial=0)),
    )


def makeup_of(candidates: Candidates, i: int = 0) -> Makeup | None:
    """Of one candidate of a batch; None where its bonds or its blocks are not known."""
    bonds = None if candidates.bonds is None else candidates.bonds.of(i)
    blocks = None if candidates.blocks is None else candidates.blocks.of(i)
    if bonds is None or blocks is None:
        return None
    return makeup(candidates.structures.numbers[candidates.structures.atoms(i)], bonds, blocks)


def block_formula(numbers: NDArray) -> str:
    """Of the atoms (n,) of a block: metals first, the rest in Hill order."""
    metals = sorted(Counter(SYMBOLS[z] for z in numbers[IS_METAL[numbers]]).items())
    return "".join(f"{symbol}{n if n > 1 else ''}" for symbol, n in metals) + hill(
        SYMBOLS[z] for z in numbers[~IS_METAL[numbers]]
    )
