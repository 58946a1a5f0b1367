"""Lines beside bonds that tell their order: one for a double bond, dashes for an aromatic one, two for a triple one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GAP = 0.11  # Angstrom between a bond and a line beside it
_AROMATIC, _DOUBLE, _TRIPLE = 1.5, 2.0, 3.0
_WHOLE = ((0.2, 0.8),)  # along the bond, as shares of its length
_DASHES = ((0.22, 0.44), (0.56, 0.78))


def sides(
    lattice: NDArray, fractional: NDArray, links: tuple[NDArray, NDArray, NDArray], order: NDArray
) -> NDArray[np.float64]:
    """(K, 3) unit vectors across each bond, towards its other strong bonds: into a ring, into a carboxylate."""
    i, j, image = links
    along = (fractional[j] + image - fractional[i]) @ lattice
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    pull = np.zeros((len(fractional), 3))
    weight = np.square(order)[:, None]
    np.add.at(pull, i, weight * along)
    np.add.at(pull, j, -weight * along)
    across = pull[i] + pull[j]
    across -= (across * along).sum(1, keepdims=True) * along
    # A bond between symmetric ends has no such side: any will do.
    axis = np.eye(3)[np.abs(along).argmin(1)] if len(along) else np.zeros((0, 3))
    weak = np.linalg.norm(across, axis=1) < 0.05
    across[weak] = np.cross(along, axis)[weak]
    return across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)


def lines(
    start: NDArray, end: NDArray, side: NDArray, order: NDArray, colours: NDArray, radius: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Segments (M, 2, 3) and the colours (M, 2, 3) of their halves, beside K drawn bonds of a ``radius``."""
    segments, tints = [np.zeros((0, 2, 3))], [np.zeros((0, 2, 3))]
    for wanted, spans, ways in (
        (_AROMATIC, _DASHES, (1,)),
        (_DOUBLE, _WHOLE, (1,)),
        (_TRIPLE, _WHOLE, (1, -1)),
    ):
        those = np.abs(order - wanted) < 0.25
        first, step = start[those], (end - start)[those]
        for way in ways:
            away = way * (radius + _GAP) * side[those]
            for low, high in spans:
                segments.append(np.stack([first + low * step + away, first + high * step + away], 1))
                ends = [0 if low < 0.5 else 1, 0 if high <= 0.5 else 1]
                tints.append(colours[those][:, ends])
    return np.concatenate(segments), np.concatenate(tints)
