"""A library of blocks out of frameworks, and the frameworks in blocks of a library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.ragged import offsets_of
from crystal_studio.mof.block import Block
from crystal_studio.mof.blocks import LINKER, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.fragments import Fragments
from crystal_studio.mof.superpose import Pose, far_apart, superpose

SAME_SHAPE = 0.3
"""Angstrom: blocks of one bond graph that deviate less are one entry of a library."""


@dataclass
class Collector:
    """Distinct blocks in the order in which they were seen; ``within`` (Angstrom) is what counts as the same shape."""

    within: float = SAME_SHAPE
    blocks: list[Block] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    _rows: dict[str, list[int]] = field(default_factory=dict)

    @staticmethod
    def of(library: BlockLibrary, within: float = SAME_SHAPE) -> Collector:
        """One that holds the blocks of a library already."""
        collector = Collector(within)
        for block in blocks_of(library):
            collector._append(block)
        collector.count = library.count.tolist()
        return collector

    def find(self, block: Block) -> tuple[int, Pose] | None:
        """The entry that comes nearest to a block, and how it stands over it; None where none is near enough."""
        rows = self._rows.get(block.key, [])
        bounds = [far_apart(self.blocks[row], block) for row in rows]
        best: tuple[int, Pose] | None = None
        for at in np.argsort(bounds, kind="stable").tolist():
            within = min(self.within, best[1].deviation if best else np.inf)
            if bounds[at] > within:
                break
            pose = superpose(self.blocks[rows[at]], block, within)
            if pose is not None and (best is None or pose.deviation < best[1].deviation):
                best = rows[at], pose
        return best

    def add(self, block: Block) -> tuple[int, Pose]:
        """The same, with a new entry where none is near enough; counts the block."""
        found = self.find(block)
        if found is None:
            self._append(block)
            places = len(block.numbers) + len(block.points)
            found = len(self.blocks) - 1, Pose(np.eye(3), 0.0, np.arange(places))
        self.count[found[0]] += 1
        return found

    def only(self, rows: Sequence[int]) -> Collector:
        """One that holds the entries named, in that order."""
        collector = Collector(self.within)
        for row in rows:
            collector._append(self.blocks[row])
        collector.count = [self.count[row] for row in rows]
        return collector

    def _append(self, block: Block) -> None:
        self._rows.setdefault(block.key, []).append(len(self.blocks))
        self.blocks.append(block)
        self.count.append(0)

    def library(
        self,
        identity: Callable[[Block], int] | None = None,
        names: Callable[[Block], tuple[str, str]] | None = None,
    ) -> BlockLibrary:
        """All entries as columns; ``identity`` and ``names`` as in ``chemistry``, which are used unless given."""
        from crystal_studio.mof import chemistry

        identity, names = identity or chemistry.identity, names or chemistry.names
        blocks, seen = self.blocks, dict[str, int]()
        called, words = [], dict[str, tuple[int, tuple[str, str]]]()
        for block in blocks:
            shape = seen[block.key] = seen.get(block.key, -1) + 1
            called.append(f"{block.stem}-{shape}")
            if block.key not in words:
                words[block.key] = identity(block), names(block) if block.kind == LINKER else ("", "")
        known = [words[block.key] for block in blocks]
        return BlockLibrary(
            offsets_of(np.array([len(b.numbers) for b in blocks])),
            np.concatenate([b.numbers for b in blocks]),
            np.concatenate([b.positions for b in blocks]),
            offsets_of(np.array([len(b.bonds) for b in blocks])),
            np.concatenate([b.bonds.reshape(-1, 2) for b in blocks]),
            np.concatenate([b.order for b in blocks]),
            offsets_of(np.array([len(b.points) for b in blocks])),
            np.concatenate([b.points for b in blocks]),
            np.concatenate([b.point_atom for b in blocks]),
            np.array([b.kind for b in blocks], np.int8),
            np.array([b.diameter for b in blocks]),
            np.array([number for number, _ in known], np.uint64),
            np.array(self.count, np.int64),
            np.array(called, object),
            np.array([b.formula for b in blocks], object),
            np.array([smiles for _, (smiles, _) in known], object),
            np.array([inchikey for _, (_, inchikey) in known], object),
        )


def blocks_of(library: BlockLibrary) -> list[Block]:
    """The blocks of a library, one by one."""
    return [
        Block(
            int(library.kind[i]),
            library.numbers[library.atoms(i)],
            library.positions[library.atoms(i)],
            library.bonds[library.bond_rows(i)],
            library.order[library.bond_rows(i)],
            library.points[library.point_rows(i)],
            library.point_atom[library.point_rows(i)],
        )
        for i in range(len(library))
    ]


def coarse_grained(fragments: Fragments, found: Sequence[tuple[int, Pose]], name: str) -> CoarseMofs:
    """One framework as blocks of a library, given the entry and the pose of each of its blocks."""
    ends = fragments.ends.copy()
    for k, (_, pose) in enumerate(found):
        n = len(fragments.blocks[k].numbers)
        point_of = np.argsort(pose.order[n:] - n)
        for side in (0, 1):
            own = ends[:, side, 0] == k
            ends[own, side, 1] = point_of[ends[own, side, 1]]
    return CoarseMofs(
        fragments.lattice[None],
        np.array([0, len(found)], np.int64),
        np.array([row for row, _ in found], np.int32),
        fragments.origin,
        np.array([pose.rotation for _, pose in found]).reshape(-1, 3, 3),
        np.array([pose.deviation for _, pose in found], np.float32),
        np.array([0, len(ends)], np.int64),
        ends,
        fragments.image,
        np.array([name], object),
        np.array([fragments.dimension], np.int8),
    )


def encode(fragments: Fragments, library: BlockLibrary, name: str, within: float = SAME_SHAPE) -> CoarseMofs | None:
    """One framework in the blocks of a library; None where the library lacks one of them."""
    collector = Collector.of(library, within)
    found = [collector.find(block) for block in fragments.blocks]
    return None if None in found else coarse_grained(fragments, [f for f in found if f is not None], name)


def places_of(mofs: CoarseMofs, library: BlockLibrary, i: int) -> list[NDArray[np.float64]]:
    """Cartesian places of the atoms, then the connection points, of each block of framework i, Angstrom."""
    found = []
    for row in range(int(mofs.offsets[i]), int(mofs.offsets[i + 1])):
        k = int(mofs.block[row])
        whole = np.concatenate([library.positions[library.atoms(k)], library.points[library.point_rows(k)]])
        found.append(mofs.positions[row] @ mofs.lattice[i] + whole @ mofs.rotation[row].T)
    return found


def only_used(mofs: CoarseMofs, library: BlockLibrary) -> tuple[CoarseMofs, BlockLibrary]:
    """Frameworks, and the library cut down to the blocks that they use: nodes, then linkers, commonest first.

    The library's counts become those in these frameworks.
    """
    count = np.bincount(mofs.block, minlength=len(library))
    order = np.lexsort((np.arange(len(library)), -count, library.kind))
    order = order[count[order] > 0]
    row = np.full(len(library), -1, np.int32)
    row[order] = np.arange(len(order))
    return replace(mofs, block=row[mofs.block]), replace(library.take(order), count=count[order])
