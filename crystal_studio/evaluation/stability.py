"""Stable, unique and novel crystals after relaxation, with intervals that say how well a sample knows them.

Follows FlowMM's count (Miller et al., ICML 2024): relax a random sample of
everything generated, take the energy above the hull of known phases, leave out
elements, and count those that are new against the training set and differ from
one another. The denominator is the sample, invalid and failed crystals included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.evaluation import matching
from crystal_studio.evaluation.parallel import Failure, Workers, parts_of
from crystal_studio.evaluation.relaxing import Relaxed

THRESHOLDS = (0.0, 0.08, 0.1)
"""eV/atom above the hull: stable, and the two limits in use for metastable."""

_BLOCK = 100


@dataclass(frozen=True)
class Stability:
    """What became of the relaxed crystals (R,), rows of the generated set.

    e_hull : (R,) eV/atom above the hull, NaN where unknown
    unary : (R,) bool, a single element
    first : (R,) bool, the most stable of its kind among those within 0.1 eV/atom
    novel : (R,) bool against the training set; all False where there is none
    novel_index : (R,) bool against the shipped index of known structures
    undecided : pairs that the judge of sameness had no time for
    """

    rows: NDArray[np.int64]
    e_hull: NDArray[np.float64]
    unary: NDArray[np.bool_]
    first: NDArray[np.bool_]
    novel: NDArray[np.bool_]
    novel_index: NDArray[np.bool_]
    undecided: int

    def stable(self, threshold: float) -> NDArray[np.bool_]:
        """(R,) at most ``threshold`` eV/atom above the hull, and no element."""
        return (np.nan_to_num(self.e_hull, nan=np.inf) <= threshold) & ~self.unary


def judge(
    structures: Structures, outcomes: dict[int, Relaxed], train: Structures | None, workers: Workers
) -> Stability:
    """Hull, uniqueness and novelty of relaxed crystals; ``outcomes`` maps rows of ``structures``."""
    rows = np.array(sorted(outcomes), int)
    relaxed = after(structures, rows, outcomes)
    energy = np.array([outcomes[r].energy for r in rows.tolist()])
    atoms = counts(relaxed)
    e_hull = ReferenceHull.load().distances(atoms, energy).e_above_hull
    unary = (atoms > 0).sum(1) == 1
    size = len(rows)
    first, novel, novel_index = np.zeros((3, size), bool)
    near = np.flatnonzero((np.nan_to_num(e_hull, nan=np.inf) <= max(THRESHOLDS)) & ~unary)
    near = near[np.argsort(e_hull[near], kind="stable")]  # the most stable of a kind stands for it
    undecided = 0
    if len(near):
        some = relaxed.take(near)
        kinds = matching.unique(some, workers)
        first[near] = kinds.is_first
        undecided += kinds.undecided
        novel_index[near] = novel_to_index(some, workers)
        if train is not None:
            hits, late = matching.known(some, train, workers, "Relaxed crystals in the training set")
            novel[near] = hits < 0
            undecided += late
    return Stability(rows, e_hull, unary, first, novel, novel_index, undecided)


def after(structures: Structures, rows: NDArray, outcomes: dict[int, Relaxed]) -> Structures:
    """The chosen crystals as relaxed, or as generated where the relaxation failed."""
    chosen = structures.take(rows)
    lattice, positions = chosen.lattice.copy(), chosen.positions.copy()
    for k, row in enumerate(rows.tolist()):
        outcome = outcomes[row]
        if outcome.lattice is not None and outcome.positions is not None:
            lattice[k], positions[chosen.atoms(k)] = outcome.lattice, outcome.positions
    return Structures(lattice, chosen.offsets, chosen.numbers, positions % 1.0, chosen.orbit)


def novel_to_index(structures: Structures, workers: Workers) -> NDArray[np.bool_]:
    """(B,) whether no crystal of the shipped index has the same formula and nearly the same fingerprint."""
    blocks = parts_of(structures, _BLOCK)
    answers = workers.map(_novel, blocks, "Known structures")
    parts = [np.zeros(len(b), bool) if isinstance(a, Failure) else a for a, b in zip(answers, blocks, strict=True)]
    return np.concatenate(parts) if parts else np.zeros(0, bool)


def _novel(structures: Structures) -> NDArray[np.bool_]:
    from crystal_studio.data.reference import ReferenceIndex

    return ReferenceIndex.load().nearest(structures).novel
