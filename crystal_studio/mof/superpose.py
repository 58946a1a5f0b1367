"""How one block is turned onto another of the same bond graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.mof.block import Block

_MOST_POSES = 4_000


@dataclass(frozen=True)
class Pose:
    """How a block stands over another.

    rotation : (3, 3), proper, so that ``rotation @ p`` of the reference is near the block's own place
    deviation : root mean square distance over atoms and connection points, Angstrom
    order : (n + p,) int64, the atom or connection point of the block that each of the reference stands over
    """

    rotation: NDArray[np.float64]
    deviation: float
    order: NDArray[np.int64]


def far_apart(reference: Block, block: Block) -> float:
    """A lower bound of the deviation (Angstrom) of two blocks of one graph, from the distances to their origins."""
    norms = []
    for one in (reference, block):
        norm = np.linalg.norm(one.places, axis=1)
        norms.append(norm[np.lexsort((norm, one.colours))])
    return float(np.sqrt(np.mean((norms[0] - norms[1]) ** 2)))


def superpose(reference: Block, block: Block, within: float = 0.5) -> Pose | None:
    """The best pose of ``reference`` over ``block`` about their common origin, or None if none is within ``within``.

    Both must have the same ``key``. Poses are tried that carry two places of the reference, far from the origin and
    from one line, onto any two places of the block of the same colours and nearly the same lengths and angle.
    """
    a, b = reference.places, block.places
    same = reference.colours[:, None] == block.colours[None]
    slack = 3 * within + 0.2
    first, second = _two_places(reference)
    length = np.linalg.norm(b, axis=1)
    onto = np.flatnonzero(same[first] & (np.abs(length - np.linalg.norm(a[first])) < slack))
    if second is None:
        rotations = _along(a[first], b[onto])
    else:
        also = np.flatnonzero(same[second] & (np.abs(length - np.linalg.norm(a[second])) < slack))
        i, j = (m.ravel() for m in np.meshgrid(onto, also, indexing="ij"))
        apart = np.linalg.norm(b[i] - b[j], axis=1)
        fits = (i != j) & (np.abs(apart - np.linalg.norm(a[first] - a[second])) < slack)
        best = np.argsort(np.abs(apart - np.linalg.norm(a[first] - a[second]))[fits], kind="stable")[:_MOST_POSES]
        i, j = i[fits][best], j[fits][best]
        frame, sound = _frames(np.stack([b[i], b[j]], 1))
        rotations = frame[sound] @ np.swapaxes(_frames(a[None, [first, second]])[0], 1, 2)
    if not len(rotations):
        return None
    return _best(a, b, same, rotations, within)


def _two_places(block: Block) -> tuple[int, int | None]:
    """Two places of rare colours, far from the origin and not on one line with it; the second may not exist."""
    places = block.places
    _, colour, count = np.unique(block.colours, return_inverse=True, return_counts=True)
    length = np.linalg.norm(places, axis=1)
    far = length >= min(1.0, 0.5 * length.max())
    first = int(np.lexsort((-length, np.where(far, count[colour], 10**9)))[0])
    across = np.linalg.norm(np.cross(places, places[first]), axis=1) / max(length[first], 1e-9)
    if across.max() < 0.1:
        return first, None
    wide = across >= min(0.7, 0.7 * across.max())
    return first, int(np.lexsort((-across, np.where(wide, count[colour], 10**9)))[0])


def _frames(pairs: NDArray) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Orthonormal columns (K, 3, 3) spanned by two vectors (K, 2, 3), and whether they are not on one line."""
    x = pairs[:, 0] / np.maximum(np.linalg.norm(pairs[:, 0], axis=1, keepdims=True), 1e-12)
    z = np.cross(x, pairs[:, 1])
    size = np.linalg.norm(z, axis=1, keepdims=True)
    z = z / np.maximum(size, 1e-12)
    return np.stack([x, np.cross(z, x), z], -1), size[:, 0] > 1e-3


def _along(vector: NDArray, onto: NDArray) -> NDArray[np.float64]:
    """Rotations (K, 3, 3) that carry one vector along each of ``onto`` (K, 3), any turn about it being as good."""
    if np.linalg.norm(vector) < 1e-6:
        return np.eye(3)[None]
    aside = np.eye(3)[np.argmin(np.abs(vector))]
    start = _frames(np.stack([vector, aside])[None])[0][0]
    others = np.eye(3)[np.abs(onto).argmin(1)]
    return _frames(np.stack([onto, others], 1))[0] @ start.T


def _best(a: NDArray, b: NDArray, same: NDArray, rotations: NDArray, within: float) -> Pose | None:
    from scipy.optimize import linear_sum_assignment

    turned = np.einsum("kij,nj->kni", rotations, a)
    nearest = np.empty((len(rotations), len(a)))
    for n in range(len(a)):  # an atom at a time: the whole table of poses would not fit
        others = b[same[n]]
        nearest[:, n] = ((turned[:, n, None] - others[None]) ** 2).sum(-1).min(1)
    bound = np.sqrt(nearest.mean(1))
    best: Pose | None = None
    for k in np.argsort(bound, kind="stable")[:12].tolist():
        if bound[k] > 2 * within + 0.3 or (best is not None and bound[k] >= best.deviation):
            break
        rotation = rotations[k]
        for _ in range(2):
            cost = ((a @ rotation.T)[:, None] - b[None]) ** 2
            _, order = linear_sum_assignment(np.where(same, cost.sum(-1), 1e6))
            rotation = turn_onto(a, b[order])
        deviation = float(np.sqrt(((a @ rotation.T - b[order]) ** 2).sum(1).mean()))
        if best is None or deviation < best.deviation:
            best = Pose(rotation, deviation, order)
    return best if best is not None and best.deviation <= within else None


def turn_onto(a: NDArray, b: NDArray) -> NDArray[np.float64]:
    """The proper rotation that brings a (N, 3) nearest to b (N, 3) (Kabsch)."""
    u, _, v = np.linalg.svd(b.T @ a)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ v)) or 1.0])
    return u @ flip @ v
