"""From sampled blocks, places and cells to frameworks that hold together: assembled, then their gaps closed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.neighbours import minimum_radius_ratios
from crystal_studio.generators.mofdiff.closing import MOST_STRAIN, close
from crystal_studio.mof.assemble import FARTHEST, assemble
from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.whole import whole_atoms

ASSEMBLIES = 2
"""How often what is open is assembled and closed: once its gaps are smaller, other points may turn out to meet."""
CLASH = 0.6
"""Sums of covalent radii between two atoms below which no relaxation will part them."""
REASONS = ("unbalanced", "open", "strained", "clash")


@dataclass(frozen=True)
class Built:
    """B frameworks.

    mofs : turned, with their connections, as far as they could be made
    widest : (B,) Angstrom between points that are joined, at most; infinite where nothing is
    reason : B codes, "" where the framework holds together: "unbalanced" (nodes and linkers have other numbers of
        connection points), "open" (points stay apart), "strained" (they meet in a cell of another shape alone),
        "clash" (they meet, but atoms stand on top of each other)
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


def build(mofs: CoarseMofs, library: BlockLibrary, seed: int, device: str = "cpu") -> Built:
    """Put B frameworks together, of which only lattice, blocks and positions are read."""
    size = len(mofs)
    parts = [mofs.take(np.array([i])) for i in range(size)]
    widest, strain = np.full(size, np.inf), np.zeros(size)
    as_drawn, even = np.zeros(size, bool), np.ones(size, bool)
    waiting = np.arange(size)
    for round_ in range(ASSEMBLIES):
        turned = assemble(CoarseMofs.concatenate(parts[i] for i in waiting), library, seed + round_, device=device)
        closed = close(turned.mofs, library)
        for row, i in enumerate(waiting.tolist()):
            if np.isnan(closed.widest[row]):
                even[i] = False
                continue
            met = turned.reasons[row] is None
            as_drawn[i] |= met and round_ == 0
            # What meets is left as it is: closing it to the last digit bends the cell more than a relaxation would.
            found, wide = (turned.mofs, turned.widest[row]) if met else (closed.mofs, closed.widest[row])
            if wide < widest[i]:
                parts[i] = found.take(np.array([row]))
                widest[i] = wide
                strain[i] = _strain(mofs.lattice[i], parts[i].lattice[0])
        waiting = np.flatnonzero(even & (widest > FARTHEST))
        if not len(waiting):
            break
    whole = CoarseMofs.concatenate(parts)
    room = minimum_radius_ratios(whole_atoms(whole, library).structures)
    reasons = [
        next((reason for reason, holds in zip(REASONS, found, strict=True) if holds), "")
        for found in zip(~even, widest > FARTHEST, strain > MOST_STRAIN, room < CLASH, strict=True)
    ]
    return Built(whole, widest, tuple(reasons), as_drawn)


def _strain(before: NDArray, after: NDArray) -> float:
    """Largest logarithmic change of a length between two cells."""
    stretch = np.linalg.svd(np.linalg.solve(before, after), compute_uv=False)
    return float(np.abs(np.log(np.maximum(stretch, 1e-9))).max())
