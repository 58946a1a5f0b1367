"""From embeddings back to building blocks: the nearest of a library."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.errors import RequestError

_AT_ONCE = 4096


def nearest_blocks(
    embeddings: NDArray[np.floating], library: NDArray[np.floating], allowed: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """(K,) rows of the library whose embeddings (L, E) come nearest to embeddings (K, E), by Euclidean distance.

    ``allowed`` restricts the choice: (L,) to the same blocks for all, or (K, L) to those of each. Of equally near
    blocks the first is taken, which in the shipped library is the commonest. Raises ``RequestError`` where no block is
    allowed.
    """
    library = np.asarray(library, np.float64)
    given = np.asarray(embeddings, np.float64).reshape(-1, library.shape[1])
    if allowed is not None and not np.broadcast_to(allowed, (max(len(given), 1), len(library))).any(1).all():
        raise RequestError("No building block of the library is allowed: allow more metals or linkers.", "blocks")
    found = np.zeros(len(given), np.int64)
    for start in range(0, len(given), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        # Mirror images embed alike but for the last digits of single precision: they are to be equally near.
        far = ((given[rows] ** 2).sum(1)[:, None] - 2 * given[rows] @ library.T + (library**2).sum(1)).round(11)
        if allowed is not None:
            far = np.where(allowed if allowed.ndim == 1 else allowed[rows], far, np.inf)
        found[rows] = far.argmin(1)
    return found
