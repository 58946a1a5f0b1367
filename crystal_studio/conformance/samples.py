"""Crystals on which adapters are tried: a few that every model should know, and cells that are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.standardise import to_asymmetric_units

FCC = 0.5 * (1 - np.eye(3))


def _cells(lattices: Sequence[Any], numbers: Sequence[Any], positions: Sequence[Any]) -> Structures:
    return Structures.from_lists([np.asarray(x, float) for x in lattices], numbers, positions)


def crystals() -> Structures:
    """Rock salt, silicon, caesium chloride and iron in primitive cells, and quartz-like GeO2 off any symmetry."""
    rng = np.random.default_rng(7)
    quartz = np.array([[4.99, 0, 0], [-2.3, 4.4, 0], [0.1, 0.2, 5.6]])
    sites = [[0.45, 0, 0.33], [0, 0.45, 0.67], [0.55, 0.55, 0], [0.4, 0.3, 0.24], [0.7, 0.1, 0.57], [0.9, 0.6, 0.9],
             [0.3, 0.4, 0.76], [0.1, 0.7, 0.43], [0.6, 0.9, 0.1]]  # fmt: skip
    return _cells(
        [5.64 * FCC, 5.43 * FCC, 4.12 * np.eye(3), 2.87 * (0.5 - np.eye(3)), quartz],
        [[11, 17], [14, 14], [55, 17], [26], [32] * 3 + [8] * 6],
        [
            [[0, 0, 0], [0.5] * 3],
            [[0, 0, 0], [0.25] * 3],
            [[0, 0, 0], [0.5] * 3],
            [[0, 0, 0]],
            np.array(sites) + rng.normal(0, 0.01, (9, 3)),
        ],
    )


def candidates() -> Candidates:
    """The same as candidates of every origin: with and without asymmetric units, groups asked for and none."""
    whole = crystals()
    units, ok, reasons = to_asymmetric_units(whole.take(np.arange(3)))
    assert ok.all(), reasons
    return Candidates.concatenate(
        [
            Candidates.of_units(units, units.space_group),
            Candidates.of_structures(whole.take(np.arange(2)), np.array([1, 1])),
            Candidates.of_structures(whole),
        ]
    )


def absurd() -> Structures:
    """Empty, flat, not finite, overlapping, swollen and crowded cells, unknown elements: none may raise."""
    crowd = np.random.default_rng(0).random((2, 3))
    return _cells(
        [
            4 * np.eye(3),
            np.zeros((3, 3)),
            np.full((3, 3), np.nan),
            np.diag([4.0, 4.0, 1e-9]),
            4 * np.eye(3),
            4 * np.eye(3),
            60 * np.eye(3),
            2.0 * np.eye(3),
            5 * np.eye(3),
            np.array([[5.0, 0, 0], [4.9, 1.0, 0], [0, 0, 5.0]]),
        ],
        [[], [26], [26], [26, 8], [8, 8], [14], [2], [6] * 2, [110, 118], [12]],
        [
            [],
            [[0, 0, 0]],
            [[0, 0, 0]],
            [[0, 0, 0], [0.5] * 3],
            [[0, 0, 0], [0, 0, 0]],
            [[np.nan, 0, 0]],
            [[0, 0, 0]],
            crowd,
            [[0, 0, 0], [0.5] * 3],
            [[0, 0, 0]],
        ],
    )


def doubled(structures: Structures) -> Structures:
    """Each crystal in a cell twice as long, along the last vector."""
    cells, numbers, positions = [], [], []
    for i in range(len(structures)):
        rows = structures.atoms(i)
        half = structures.positions[rows] * [1, 1, 0.5]
        cells.append(structures.lattice[i] * [[1], [1], [2]])
        numbers.append(np.tile(structures.numbers[rows], 2))
        positions.append(np.concatenate([half, half + np.array([0, 0, 0.5])]))
    return _cells(cells, numbers, positions)


def redescribed(structures: Structures) -> Structures:
    """The same crystals with another origin, orientation and order of atoms."""
    rng = np.random.default_rng(3)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    numbers, positions = [], []
    for i in range(len(structures)):
        order = rng.permutation(int(structures.n_atoms[i]))
        numbers.append(structures.numbers[structures.atoms(i)][order])
        positions.append(structures.positions[structures.atoms(i)][order] + rng.random(3))
    return _cells(structures.lattice @ turn, numbers, positions)


def fresh(structures: Structures) -> Structures:
    """A copy that shares no memory."""
    return structures.take(np.arange(len(structures)))


def close(one: NDArray, other: NDArray, tolerance: float) -> bool:
    """Whether two columns agree, NaN with NaN; objects must be equal."""
    if one.dtype == object or other.dtype == object:
        return one.tolist() == other.tolist()
    return bool(np.allclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True))
