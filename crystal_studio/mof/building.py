"""From sampled blocks, places and cells to frameworks that hold together: assembled, then drawn together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.neighbours import minimum_radius_ratios
from crystal_studio.mof.assemble import FARTHEST, assemble
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.refining import refine
from crystal_studio.mof.whole import whole_atoms

ASSEMBLIES = 2
"""How often what is not made is assembled and drawn together: where its blocks have room, other points may meet."""
HOPELESS = 3.0
"""Angstrom between points that are joined, from which no second assembly is tried."""
CLASH = 0.6
"""Sums of covalent radii between two atoms below which no relaxation will part them."""
REASONS = ("unbalanced", "open", "clash")


@dataclass(frozen=True)
class Built:
    """B frameworks.

    mofs : turned, with their connections, as far as they could be made
    widest : (B,) Angstrom between points that are joined, at most; infinite where nothing is
    reason : B codes, "" where the framework holds together: "unbalanced" (nodes and linkers have other numbers of
        connection points), "open" (points stay apart), "clash" (they meet, but atoms stand on top of each other)
    as_drawn : (B,) bool, whether the blocks met in the cell and at the places that were drawn
    """

    mofs: CoarseMofs
    widest: NDArray[np.float64]
    reason: tuple[str, ...]
    as_drawn: NDArray[np.bool_]

    @property
    def made(self) -> NDArray[np.bool_]:
        """(B,) which frameworks hold together."""
        return np.array([not reason for reason in self.reason], bool)


def joined(parts: Sequence[Built]) -> Built:
    """Several batches as one."""
    return Built(
        CoarseMofs.concatenate(part.mofs for part in parts),
        np.concatenate([part.widest for part in parts]),
        tuple(reason for part in parts for reason in part.reason),
        np.concatenate([part.as_drawn for part in parts]),
    )


def build(mofs: CoarseMofs, library: BlockLibrary, seed: int, device: str = "cpu") -> Built:
    """Put B frameworks together, of which only lattice, blocks and positions are read."""
    size = len(mofs)
    parts = [mofs.take(np.array([i])) for i in range(size)]
    widest, room = np.full(size, np.inf), np.zeros(size)
    as_drawn, even = np.zeros(size, bool), np.ones(size, bool)
    waiting, start = np.arange(size), list(parts)
    for round_ in range(ASSEMBLIES):
        turned = assemble(CoarseMofs.concatenate(start[i] for i in waiting), library, seed + round_, device=device)
        joined = np.isfinite(turned.widest)
        even[waiting] = joined
        waiting = waiting[joined]
        if not len(waiting):
            break
        met = turned.mofs.take(np.flatnonzero(joined)), turned.widest[joined]
        refined = refine(met[0], library, seed=seed + round_)
        if not round_:
            as_drawn[waiting] = met[1] <= FARTHEST
        for found, wide in (met, (refined.mofs, refined.widest)):
            free = minimum_radius_ratios(whole_atoms(found, library).structures)
            for row, i in enumerate(waiting.tolist()):
                # The last that is made, else what comes nearest.
                if _made(wide[row], free[row]) or (not _made(widest[i], room[i]) and wide[row] < widest[i]):
                    parts[i] = found.take(np.array([row]))
                    widest[i], room[i] = wide[row], free[row]
        for row, i in enumerate(waiting.tolist()):
            start[i] = refined.mofs.take(np.array([row]))
        made = np.array([_made(*one) for one in zip(widest, room, strict=True)])
        waiting = np.flatnonzero(even & ~made & (widest <= HOPELESS))
        if not len(waiting):
            break
    reasons = [
        "unbalanced" if not balances else "open" if wide > FARTHEST else "clash" if free < CLASH else ""
        for balances, wide, free in zip(even, widest, room, strict=True)
    ]
    return Built(CoarseMofs.concatenate(parts), widest, tuple(reasons), as_drawn)


def _made(widest: float, room: float) -> bool:
    return widest <= FARTHEST and room >= CLASH
