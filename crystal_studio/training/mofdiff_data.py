"""Coarse-grained frameworks that MOFDiff learns from: Niggli cells, labels, and blocks that are exchanged."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from crystal_studio.generators.mofdiff.frameworks import MOST_BLOCKS, Frameworks, log_cell, orbits_of, reduced
from crystal_studio.generators.mofdiff.labels import LABELS
from crystal_studio.generators.mofdiff.objective import Batch
from crystal_studio.generators.mofdiff.vocabulary import Vocabulary
from crystal_studio.mof.blocks import NODE
from crystal_studio.mof.coarse import CoarseMofs

EXCHANGED = 0.15
"""Share of the kinds of blocks of a framework that are exchanged for others alike, anew each time it is shown."""
HYPOTHETICAL = 0.2
"""Share of the frameworks shown that are hypothetical, where there are any."""


@dataclass(frozen=True)
class Examples:
    """Frameworks in Niggli cells and their scaled labels (B, P)."""

    mofs: CoarseMofs
    labels: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.mofs)

    def take(self, rows: NDArray) -> Examples:
        """Those named."""
        return Examples(self.mofs.take(rows), self.labels[rows])

    @staticmethod
    def of(mofs: CoarseMofs, labels: NDArray[np.float32]) -> Examples:
        """Of frameworks as they come and their scaled labels; without those of too many blocks."""
        kept = np.flatnonzero(mofs.n_blocks <= MOST_BLOCKS)
        return Examples(reduced(mofs.take(kept)), labels[kept])


def joined(one: Examples, other: Examples) -> Examples:
    """Both, one after the other."""
    return Examples(CoarseMofs.concatenate([one.mofs, other.mofs]), np.concatenate([one.labels, other.labels]))


def exchanged(
    examples: Examples, others: list[NDArray[np.int64]], kind: NDArray[np.int8], rng: np.random.Generator, share: float
) -> Examples:
    """The same frameworks with some kinds of their blocks exchanged; labels that do not hold any more are left out.

    All blocks of one entry are exchanged together. Another metal leaves the pores what they are, but for figures per
    mass and what it holds; another linker does not.
    """
    mofs = examples.mofs
    block, labels = mofs.block.copy(), examples.labels.copy()
    lost = {False: np.ones(len(LABELS), bool), True: np.array([not label.kept for label in LABELS])}
    for i in range(len(mofs)):
        rows = block[mofs.blocks(i)]
        for entry in np.unique(rows):
            if rng.random() >= share or len(others[entry]) < 2:
                continue
            block[mofs.blocks(i)] = np.where(rows == entry, rng.choice(others[entry]), block[mofs.blocks(i)])
            labels[i, lost[bool(kind[entry] == NODE)]] = np.nan
    return Examples(replace(mofs, block=block), labels)


def batch_of(
    examples: Examples,
    vocabulary: Vocabulary,
    scale: tuple[NDArray[np.float64], NDArray[np.float64]],
    device: str,
    known: NDArray[np.bool_] | None = None,
) -> Batch:
    """Tensors of frameworks; ``scale`` is mean and spread (6,) of the logarithms of cells.

    ``known`` (B,): which are no hypothetical ones; all unless given.
    """
    mofs = examples.mofs
    orbits = orbits_of(mofs.n_blocks, device)

    def real(values: NDArray) -> torch.Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=device)

    block = torch.as_tensor(mofs.block, device=device).long()
    given = Frameworks(orbits, block, real(mofs.positions), real(mofs.lattice), real(examples.labels))
    held = torch.zeros(len(mofs), vocabulary.metals.shape[1], device=device)
    held.index_add_(0, orbits.crystal, vocabulary.metals.to(device)[block])
    cell = (log_cell(mofs.lattice) - scale[0]) / scale[1]
    known = np.ones(len(mofs), bool) if known is None else known
    return Batch(given, real(cell), held.clamp(max=1), torch.as_tensor(known, device=device))


def no_labels(count: int) -> NDArray[np.float32]:
    """Labels of frameworks of which none is known."""
    return np.full((count, len(LABELS)), np.nan, np.float32)
