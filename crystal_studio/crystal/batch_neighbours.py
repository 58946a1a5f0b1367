"""All pairs within a cutoff for many crystals at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.asymmetric_unit import flat_ranges
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.neighbours import reduce_cells

_DISTANCES_AT_ONCE = 4_000_000
_MOST_IMAGES = 6
"""Cells on each side that are searched: a reduced cell thinner than a seventh of the cutoff is no crystal."""


def pairs_within(
    structures: Structures, cutoff: float, rows: NDArray[np.int64] | None = None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    """Blocks of (atom i, atom j, distance), every image of j counted, up to ``cutoff`` Angstrom.

    ``rows`` names the atoms i (all by default); j runs over all atoms of i's cell. Atoms are rows of the
    batch, an atom is no neighbour of itself, but its images are. In a reduced basis the offset between two
    atoms can be wrapped to [-1/2, 1/2], so that along axis k only floor(cutoff / height_k + 1/2) cells on
    either side can matter. Distances are float32 (errors below 1e-4 Angstrom).
    """
    rows = np.arange(len(structures.numbers)) if rows is None else np.asarray(rows, np.int64)
    if not len(rows):
        return
    reduced, change = reduce_cells(structures.lattice)
    crystal = structures.crystal
    positions = np.einsum("ni,nij->nj", structures.positions, np.linalg.inv(change.astype(float))[crystal])
    metric = reduced @ np.swapaxes(reduced, 1, 2)
    inverse_height = np.linalg.norm(np.linalg.inv(reduced), axis=1)
    reach = np.minimum(np.floor(cutoff * inverse_height + 0.5).astype(np.int64), _MOST_IMAGES)
    _, kind = np.unique(reach @ (1, 100, 10_000), return_inverse=True)
    owner = crystal[rows]
    for k in range(kind.max() + 1):
        chosen = rows[kind[owner] == k]
        if not len(chosen):
            continue
        sides = [np.arange(-r, r + 1) for r in reach[np.argmax(kind == k)]]
        images = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, 3).astype(np.float32)
        centre = len(images) // 2
        square = np.einsum("mi,bij,mj->bm", images, metric, images, optimize=True).astype(np.float32)
        counts = structures.n_atoms[crystal[chosen]]
        blocks = np.cumsum(counts) * len(images) // _DISTANCES_AT_ONCE
        for edge in np.split(np.arange(len(chosen)), np.flatnonzero(np.diff(blocks)) + 1):
            some, n = chosen[edge], counts[edge]
            i = np.repeat(some, n)
            j = flat_ranges(structures.offsets[crystal[some]], n)
            offset = positions[j] - positions[i]
            offset -= np.rint(offset)
            along = np.einsum("ni,nij->nj", offset, metric[crystal[i]])
            d2 = (2 * along).astype(np.float32) @ images.T
            d2 += square[crystal[i]]
            d2 += (along * offset).sum(1).astype(np.float32)[:, None]
            d2[i == j, centre] = np.inf
            pair, image = np.nonzero(d2 <= np.float32(cutoff * cutoff))
            yield i[pair], j[pair], np.sqrt(np.maximum(d2[pair, image], 0))
