"""Ways to turn a block that leave its bonds where they are, but not its atoms: the bonds cannot tell them apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.mof.blocks import BlockLibrary
from crystal_studio.mof.ends import bond_ends
from crystal_studio.mof.superpose import turn_onto

SAME_ENDS = 0.6
"""Angstrom by which the ends of a bond may move."""
_SAME_ATOMS = 0.5
_STRAIGHT = 0.5
"""Angstrom from one line within which bonds let a block spin about it."""
_ANGLES = 12
_HELD = 0.1 * np.eye(3)


@dataclass(frozen=True)
class Alternatives:
    """A turns (A, 3, 3) of one block, applied before its own, and the bond (A, p) whose place each bond takes.

    The first changes nothing. All differ in where atoms of some element stand.
    """

    turns: NDArray[np.float64]
    order: NDArray[np.int64]


def alternatives(library: BlockLibrary, k: int) -> Alternatives:
    """Those of block k."""
    ends = bond_ends(library.take(np.array([k])))
    numbers, atoms = library.numbers[library.atoms(k)], library.positions[library.atoms(k)]
    same = numbers[:, None] == numbers[None]
    kept = [np.eye(3)]
    places = [atoms]
    orders = [np.arange(len(ends))]
    for turn in _turns(ends):
        order = _order(ends, turn)
        if order is None:
            continue
        # What the bonds leave open, such as a spin about the line of two of them, stays as it is.
        turn = turn_onto(
            np.concatenate([ends.reshape(-1, 3), _HELD]), np.concatenate([ends[order].reshape(-1, 3), _HELD @ turn.T])
        )
        placed = atoms @ turn.T
        if not any(_alike(placed, other, same) for other in places):
            kept.append(turn)
            places.append(placed)
            orders.append(order)
    return Alternatives(np.array(kept), np.array(orders))


def _alike(one: NDArray, other: NDArray, same: NDArray) -> bool:
    """Whether atoms of an element stand in the same places."""
    far = np.where(same, ((one[:, None] - other[None]) ** 2).sum(-1), np.inf)
    return bool(max(far.min(0).max(), far.min(1).max()) < _SAME_ATOMS**2)


def _turns(ends: NDArray) -> NDArray[np.float64]:
    """(T, 3, 3) rotations that may carry bonds (p, 2, 3) onto bonds."""
    flat = ends.reshape(-1, 3)
    first = int(np.linalg.norm(flat, axis=1).argmax())
    axis = flat[first] / np.linalg.norm(flat[first])
    across = np.linalg.norm(flat - np.outer(flat @ axis, axis), axis=1)
    side = flat[first % 2 :: 2]  # the same end of every bond: the node's or the linker's
    if across.max() < _STRAIGHT:
        onto = (
            axis
            * np.where(np.abs(np.linalg.norm(side, axis=1) - np.linalg.norm(flat[first])) < SAME_ENDS, 1, 0)[:, None]
        )
        onto = onto * np.sign(side @ axis)[:, None]
        ways = np.unique(np.rint(onto @ axis))
        back = _about(np.cross(axis, np.eye(3)[np.abs(axis).argmin()]), np.array([np.pi]))[0]
        spins = _about(axis, 2 * np.pi * np.arange(_ANGLES) / _ANGLES)
        return np.concatenate([spins @ (np.eye(3) if way > 0 else back) for way in ways if way])
    second = int(across.argmax())
    frame = _frame(flat[first], flat[second])
    others = flat[second % 2 :: 2]
    pairs = [
        (a, b)
        for a in side
        for b in others
        if abs(np.linalg.norm(a) - np.linalg.norm(flat[first])) < SAME_ENDS
        and abs(np.linalg.norm(b) - np.linalg.norm(flat[second])) < SAME_ENDS
        and abs(np.linalg.norm(a - b) - np.linalg.norm(flat[first] - flat[second])) < 2 * SAME_ENDS
        and np.linalg.norm(np.cross(a, b)) > 0.1
    ]
    return np.array([_frame(a, b) @ frame.T for a, b in pairs])


def _order(ends: NDArray, turn: NDArray) -> NDArray[np.int64] | None:
    """The bond whose place each takes; None where one finds none."""
    from scipy.optimize import linear_sum_assignment

    moved = ends @ turn.T
    square = ((moved[:, None] - ends[None]) ** 2).sum(-1).max(-1)
    if square.min(1).max() > SAME_ENDS**2:
        return None
    rows, order = linear_sum_assignment(square)
    return order if square[rows, order].max() <= SAME_ENDS**2 else None


def _frame(x: NDArray, y: NDArray) -> NDArray[np.float64]:
    """Orthonormal columns of which the first lies along x and the second in the plane of both."""
    x = x / np.linalg.norm(x)
    z = np.cross(x, y)
    z = z / np.linalg.norm(z)
    return np.stack([x, np.cross(z, x), z], -1)


def _about(axis: NDArray, angles: NDArray) -> NDArray[np.float64]:
    from scipy.spatial.transform import Rotation

    return Rotation.from_rotvec(axis / np.linalg.norm(axis) * angles[:, None]).as_matrix()
