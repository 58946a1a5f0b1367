"""Blocks that can take each other's places: their connection points lie alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.mof.blocks import BlockLibrary

ALIKE = 0.35
"""Angstrom: blocks whose connection points have distances that differ by no more can take each other's places."""


def alike(library: BlockLibrary) -> list[NDArray[np.int64]]:
    """For each block those of its kind whose connection points lie alike, itself among them."""
    groups: dict[tuple[int, int], list[int]] = {}
    for i in range(len(library)):
        groups.setdefault((int(library.kind[i]), int(library.n_points[i])), []).append(i)
    found: list[NDArray[np.int64]] = [np.zeros(0, np.int64)] * len(library)
    for members in groups.values():
        shapes = np.stack([_shape(library.points[library.point_rows(i)]) for i in members])
        for k, i in enumerate(members):
            near = np.abs(shapes - shapes[k]).max(1) <= ALIKE
            found[i] = np.array(members)[near]
    return found


def _shape(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances of points from each other and from their centroid (the origin), each in order."""
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)[np.triu_indices(len(points), 1)]
    return np.concatenate([np.sort(np.linalg.norm(points, axis=-1)), np.sort(apart)])
