"""Symmetry operations as types along 15 axes: oriented site symmetry and space-group encoding.

The representation of SymmCD (Levy et al., ICLR 2025): each site symmetry is one
of 13 classes on each of 15 axes, each space group 7 centring letters and 26
kinds of operation on each of 15 axes, 397 numbers in all.
"""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import NDArray

AXES: NDArray[np.int8] = np.array(
    [
        (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1), (1, -1, 0),
        (1, 1, 0), (0, 1, -1), (0, 1, 1), (-1, 0, 1), (1, 0, 1), (1, 2, 0), (2, 1, 0),
    ],
    np.int8,
)  # fmt: skip
"""(15, 3) directions in the direct lattice; [120] and [210] are those of hexagonal axes with gamma = 120 degrees."""

SITE_CLASSES = ("1", "-1", "2", "m", "3", "2/m", "4", "-4", "-3", "6", "-6", "4/m", "6/m")
OPERATIONS = (
    *("1", "-1", "2", "2_1", "m", "a", "b", "c", "n", "d", "3", "3_1", "3_2"),
    *("4", "-4", "4_1", "4_2", "4_3", "-3", "6", "6_1", "6_2", "6_3", "6_4", "6_5", "-6"),
)
CENTRINGS = "PIFABCR"
GROUP_WIDTH = len(CENTRINGS) + len(AXES) * len(OPERATIONS)


def axis_index(rotation: NDArray) -> int:
    """Which of the 15 axes a rotation (3, 3) turns about; a mirror's normal; -1 for 1 and -1."""
    proper = np.asarray(rotation, int) * round(np.linalg.det(rotation))
    if (proper == np.eye(3, dtype=int)).all():
        return -1
    # The mean of all powers projects onto the axis.
    total, power = np.zeros((3, 3), int), np.eye(3, dtype=int)
    for _ in range(12):
        power = power @ proper
        total += power
    column = total[:, np.abs(total).sum(0).argmax()]
    column = column // gcd(*(int(v) for v in column))
    for i, axis in enumerate(AXES.astype(int)):
        if (axis == column).all() or (axis == -column).all():
            return i
    raise ValueError(f"axis {column} is none of the 15")


def rotation_type(rotation: NDArray) -> int:
    """1, 2, 3, 4, 6 or their negatives (-2 is a mirror), from trace and determinant."""
    sign = round(np.linalg.det(rotation))
    order = {3: 1, -1: 2, 0: 3, 1: 4, 2: 6}[sign * int(np.trace(rotation))]
    return sign * order


def encode_site(stabiliser: NDArray[np.int8]) -> NDArray[np.int8]:
    """(15,) class on each axis of the site-symmetry group whose rotations are given, (n, 3, 3)."""
    kinds: list[set[int]] = [set() for _ in AXES]
    inversion = False
    for rotation in stabiliser:
        axis = axis_index(rotation)
        if axis >= 0:
            kinds[axis].add(rotation_type(rotation))
        elif rotation[0, 0] < 0:
            inversion = True
    return np.array([SITE_CLASSES.index(_site_class(k, inversion)) for k in kinds], np.int8)


def _site_class(kinds: set[int], inversion: bool) -> str:
    for order in (6, 4):
        if order in kinds:
            return f"{order}/m" if -2 in kinds else str(order)
    if -6 in kinds:
        return "-6"
    if -4 in kinds:
        return "-4"
    if 3 in kinds:
        return "-3" if inversion else "3"
    if 2 in kinds:
        return "2/m" if -2 in kinds else "2"
    if -2 in kinds:
        return "m"
    return "-1" if inversion else "1"


def _intrinsic(rotation: NDArray, translation: NDArray) -> tuple[int, NDArray]:
    """Order n of the rotation part and the mean of the translation over its powers."""
    power, total, n = np.eye(3), np.zeros(3), 0
    while True:
        total = total + power @ translation
        power = power @ rotation
        n += 1
        if np.allclose(power, np.eye(3)):
            return n, total / n


def operation_symbol(rotation: NDArray, translation: NDArray) -> str | None:
    """ITA symbol of one operation; None for a rotation of negative sense (its inverse is listed too)."""
    kind = rotation_type(rotation)
    if kind in (1, -1, -3, -4, -6):
        return str(kind)
    n, glide = _intrinsic(np.asarray(rotation, float), translation)
    if kind == -2:
        halves = np.round(glide * 4).astype(int) % 4
        if not halves.any():
            return "m"
        if (halves % 2).any():
            return "d"
        along = np.flatnonzero(halves)
        return "abc"[along[0]] if len(along) == 1 else "n"
    axis = AXES[axis_index(rotation)].astype(float)
    if n > 2:
        probe = np.array([0.31, 0.17, 0.53])
        if np.linalg.det(np.stack([axis, probe, rotation @ probe])) < 0:
            return None
    share = glide @ axis / (axis @ axis)
    screw = round(share * n) % n
    return f"{n}_{screw}" if screw else str(n)


def encode_group(centring: str, rotations: NDArray, translations: NDArray) -> NDArray[np.bool_]:
    """(397,) encoding of a space group from its operations without the centring translations."""
    table = np.zeros((len(AXES), len(OPERATIONS)), bool)
    table[:, 0] = True
    for rotation, translation in zip(rotations, translations, strict=True):
        symbol = operation_symbol(rotation, translation)
        if symbol is None:
            continue
        axis = axis_index(rotation)
        table[axis if axis >= 0 else slice(None), OPERATIONS.index(symbol)] = True
    letters = np.array([letter == centring for letter in CENTRINGS])
    return np.concatenate([letters, table.ravel()])
