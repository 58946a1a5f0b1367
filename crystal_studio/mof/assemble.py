"""From blocks, their places and a lattice to a bonded framework: how each block is turned, and what meets what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.ragged import offsets_of
from crystal_studio.candidates.verdicts import Reason, ReasonKind
from crystal_studio.mof.alternatives import Alternatives
from crystal_studio.mof.assemble_batch import assemble_batch
from crystal_studio.mof.blocks import LINKER, NODE, BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.ends import point_table
from crystal_studio.mof.searching import Search

FARTHEST = 1.5
"""Angstrom between two connection points that still count as met. Each is the middle of one bond."""

REASONS = (
    ReasonKind(
        "no_points",
        "Block without connection points",
        "Its block {block} has no connection point, so that nothing can be bonded to it: take another block.",
    ),
    ReasonKind(
        "unbalanced",
        "Connection points do not match",
        "Its metal nodes have {nodes} connection points and its linkers {linkers}: they cannot all meet.",
    ),
    ReasonKind(
        "open",
        "Blocks do not meet",
        "In the best orientations found, two blocks that should be bonded are {gap:.2f} Å apart ({most:g} Å at most).",
    ),
)

_NUMBERS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Assembled:
    """B frameworks put together.

    mofs : with rotations, and connections of those that could be made; places and cells as far as they were to move
    gap : (B,) Angstrom, root mean square distance of connection points that were joined; NaN where none were
    widest : (B,) Angstrom, largest of them
    reasons : B, None where all blocks meet
    """

    mofs: CoarseMofs
    gap: NDArray[np.float64]
    widest: NDArray[np.float64]
    reasons: tuple[Reason | None, ...]

    @property
    def made(self) -> NDArray[np.bool_]:
        """(B,) which frameworks hold together."""
        return np.array([reason is None for reason in self.reasons], bool)


def assemble(
    mofs: CoarseMofs,
    library: BlockLibrary,
    seed: int = 0,
    options: Search | None = None,
    farthest: float = FARTHEST,
    device: str = "cpu",
    progress: Callable[[int, int], None] | None = None,
) -> Assembled:
    """Turn the blocks so that connection points of nodes and linkers meet, and join those that do.

    Of ``mofs`` only lattice, blocks and positions are read. Each block proposes orientations that the places around
    it allow (``proposing``), one of them is chosen for each block so that neighbours agree (``choosing``), the best
    choices are fitted, and where bonds leave it open, atoms decide (``exchanging``). In the fit blocks and cell also
    give way a little, since a generator does not place them exactly: ``options.place`` and ``options.strain`` say how
    far and, at 0, hold them.

    Every framework has a seed of its own, drawn from ``seed`` and its row: what it becomes does not depend on its
    neighbours in the batch beyond the rounding of sums. ``progress(done, total)`` may raise to stop.
    """
    options = options or Search()
    counts = np.array([[len(point_table(mofs, library, i, k)) for k in (NODE, LINKER)] for i in range(len(mofs))])
    counts = counts.reshape(-1, 2)
    lone = [np.flatnonzero(library.n_points[mofs.block[mofs.blocks(i)]] == 0) for i in range(len(mofs))]
    whole = (counts[:, 0] == counts[:, 1]) & (counts[:, 0] > 0) & np.array([not len(rows) for rows in lone], bool)
    lattice, positions = mofs.lattice.copy(), mofs.positions.copy()
    rotation = np.tile(np.eye(3), (len(mofs.block), 1, 1))
    joins: list[tuple[NDArray, NDArray]] = [(np.zeros((0, 2, 2), np.int32), np.zeros((0, 3), np.int16))] * len(mofs)
    gap, widest = np.full(len(mofs), np.nan), np.full(len(mofs), np.nan)
    known: dict[int, Alternatives] = {}
    done = 0
    for rows in _batches(np.flatnonzero(whole), counts[:, 0], mofs.n_blocks, options.fitted):
        made = assemble_batch(mofs.take(rows), library, [(seed, int(row)) for row in rows], options, device, known)
        for i, found in zip(rows.tolist(), made, strict=True):
            own = mofs.blocks(i)
            lattice[i], positions[own], rotation[own] = found.lattice, found.positions, found.rotation
            joins[i] = found.ends, found.image
            gap[i], widest[i] = found.gap, found.widest
        done += len(rows)
        if progress:
            progress(done, int(whole.sum()))
    reasons: list[Reason | None] = []
    for i, ((nodes, linkers), wide) in enumerate(zip(counts.tolist(), widest.tolist(), strict=True)):
        if len(lone[i]):
            reasons.append(Reason("no_points", {"block": library.name[mofs.block[mofs.blocks(i)][lone[i][0]]]}))
        elif np.isnan(wide):
            reasons.append(Reason("unbalanced", {"nodes": nodes, "linkers": linkers}))
        else:
            reasons.append(Reason("open", {"gap": wide, "most": farthest}) if wide > farthest else None)
    whole_mofs = replace(
        mofs,
        lattice=lattice,
        positions=positions,
        rotation=rotation,
        connection_offsets=offsets_of(np.array([len(ends) for ends, _ in joins])),
        ends=np.concatenate([np.zeros((0, 2, 2), np.int32), *(ends for ends, _ in joins)]),
        image=np.concatenate([np.zeros((0, 3), np.int16), *(image for _, image in joins)]),
    )
    return Assembled(whole_mofs, gap, widest, tuple(reasons))


def _batches(rows: NDArray, points: NDArray, blocks: NDArray, starts: int) -> list[NDArray[np.int64]]:
    """Rows of like numbers of points together, so that little is padded."""
    order = rows[np.lexsort((blocks[rows], points[rows]))]
    batches: list[list[int]] = []
    for row in order.tolist():
        most = int(points[row]) * 36 * max(int(blocks[row]), 10) * starts
        if batches and (len(batches[-1]) + 1) * most <= _NUMBERS_AT_ONCE:
            batches[-1].append(row)
        else:
            batches.append([row])
    return [np.array(batch, np.int64) for batch in batches]
