"""Parts of a periodic bond graph: what hangs together, in how many directions it is endless, how it is unwrapped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Parts:
    """The P connected parts of a graph of N vertices.

    part : (N,) int64, part of each vertex, counted by their first vertices
    shift : (N, 3) int64, lattice translation that puts each vertex beside the others of its part, along bonds
    dimension : (P,) int64, directions in which a part is endless, 0 for a molecule
    copies : (P,) int64, how many copies of a part endless in three directions interpenetrate as translations of
        one another that are no translations of the part itself; 1 else
    """

    part: NDArray[np.int64]
    shift: NDArray[np.int64]
    dimension: NDArray[np.int64]
    copies: NDArray[np.int64]


def parts_of(n: int, pairs: NDArray, image: NDArray) -> Parts:
    """Parts of a graph of ``n`` vertices whose edges (K, 2) lead to the ``image`` (K, 3) of their second vertex."""
    around: list[list[tuple[int, tuple[int, int, int]]]] = [[] for _ in range(n)]
    for (i, j), (x, y, z) in zip(np.asarray(pairs).tolist(), np.asarray(image).tolist(), strict=True):
        around[i].append((j, (x, y, z)))
        around[j].append((i, (-x, -y, -z)))
    part = np.full(n, -1)
    shift = np.zeros((n, 3), np.int64)
    count = 0
    for first in range(n):
        if part[first] >= 0:
            continue
        part[first] = count
        waiting = [first]
        while waiting:
            i = waiting.pop()
            for j, step in around[i]:
                if part[j] < 0:
                    part[j] = count
                    shift[j] = shift[i] + step
                    waiting.append(j)
        count += 1
    closing = shift[pairs[:, 0]] + image - shift[pairs[:, 1]] if len(pairs) else np.zeros((0, 3), np.int64)
    dimension, copies = np.zeros(count, np.int64), np.ones(count, np.int64)
    for p in range(count):
        cycles = closing[part[pairs[:, 0]] == p] if len(pairs) else closing
        cycles = np.unique(cycles[np.any(cycles != 0, axis=1)], axis=0)
        if len(cycles):
            basis = _lattice_basis(cycles)
            dimension[p] = len(basis)
            if len(basis) == 3:
                copies[p] = abs(round(np.linalg.det(basis)))
    return Parts(part, shift, dimension, copies)


def _lattice_basis(vectors: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows (rank, 3) that span the same lattice as the integer vectors (K, 3): their Hermite normal form."""
    rows = [list(map(int, v)) for v in vectors]
    basis: list[list[int]] = []
    for column in range(3):
        while True:
            live = [r for r in rows if r[column]]
            if len(live) < 2:
                break
            pivot = min(live, key=lambda r: abs(r[column]))
            for r in live:
                if r is not pivot:
                    factor = r[column] // pivot[column]
                    r[:] = [a - factor * b for a, b in zip(r, pivot, strict=True)]
        basis += [r for r in rows if r[column]]
        rows = [r for r in rows if not r[column] and any(r)]
    return np.array(basis, np.int64).reshape(-1, 3)
