"""Equivalent descriptions of a crystal: the coordinate systems that a space group does not tell apart.

A change of axes and origin x' = P x + p that carries a space group onto itself,
(P, p) G (P, p)^-1 = G, is an element of its normalizer (International Tables for
Crystallography A, 2016, chapter 3.5). The same crystal then has other coordinates,
often on other Wyckoff positions, and they are as good as the first ones. Elements
with det P = -1 describe the mirror image, which has the same energy.

P is a signed permutation of the axes, or one of the 24 operations of 6/mmm in
hexagonal axes. Axes of orthorhombic cells are exchanged where the group allows it,
which changes the cell parameters. In monoclinic cells b stays the unique axis and
beta stays obtuse or acute, in triclinic cells the three angles do: those cells have
a convention that the training data follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.asymmetric_unit import flat_ranges
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.space_groups import tables

_GRID = 24
"""Origin shifts are searched among multiples of 1/24: all that groups in standard settings need."""
_CENTRE = 0.5
_GENERIC = np.array([0.1234567, 0.2718282, 0.3779645])
_CHUNK = 4096


@dataclass(frozen=True)
class Normalizer:
    """Representatives of the cosets N/G of one group: C changes of axes and origin, the identity first.

    axes, shift : (C, 3, 3), (C, 3): x' = axes @ x + shift
    polar : (3,) coordinates along which the origin may also be shifted by any amount
    row : (C, W) Wyckoff row (global) that each of the W positions of the group becomes
    operation : (C, W) operation of the group (local) that then carries its first operation onto
        the first operation of the new position
    keep_start, keep : (W + 1,), flat: operations (local) that carry the first operation of a position
        onto itself, modulo the lattice, one for each image of a point
    """

    axes: NDArray[np.float64]
    shift: NDArray[np.float64]
    polar: NDArray[np.bool_]
    row: NDArray[np.int64]
    operation: NDArray[np.int64]
    keep_start: NDArray[np.int64]
    keep: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.axes)


def _signed_permutations() -> NDArray[np.int64]:
    found = [np.diag(s)[list(p)] for p in permutations(range(3)) for s in product((1, -1), repeat=3)]
    return np.array(found)


def _candidates(number: int) -> NDArray[np.int64]:
    """(n, 3, 3) changes of axes that keep the shape of the cell of the group's family, identity first."""
    if 143 <= number <= 194:
        identity = np.eye(3, dtype=int)
        sixfold, twofold = np.array([[1, -1, 0], [1, 0, 0], [0, 0, 1]]), np.array([[0, 1, 0], [1, 0, 0], [0, 0, -1]])
        turns = [np.linalg.matrix_power(sixfold, i) for i in range(6)]
        return np.array([s * t @ f for s in (1, -1) for f in (identity, twofold) for t in turns])
    every = _signed_permutations()
    if number <= 2:
        return np.array([p for p in every if abs(p.sum()) == 3])
    if number <= 15:
        # The b axis stays; a and c keep the sign of their scalar product.
        return np.array([p for p in every if p[1, 1] and p[[0, 2]].sum() in (2, -2)])
    if 75 <= number <= 142:
        return every[every[:, 2, 2] != 0]
    return every


def _code(points: NDArray[np.int64]) -> NDArray[np.int64]:
    wrapped = points % _GRID
    return (wrapped[..., 0] * _GRID + wrapped[..., 1]) * _GRID + wrapped[..., 2]


def _changes(number: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Axes (C, 3, 3), shifts (C, 3) in 24ths and polar coordinates (3,) of the cosets of one group."""
    rotations, translations = tables().operations(number)
    turns, moves = rotations.astype(np.int64), np.rint(translations * _GRID).astype(np.int64)
    centring = moves[(turns == np.eye(3, dtype=int)).all((1, 2))]
    in_lattice = np.zeros(_GRID**3, bool)
    in_lattice[_code(centring)] = True
    first = {r.tobytes(): i for i, r in reversed(list(enumerate(turns)))}
    distinct = sorted(first.values())
    # In standard settings the polar directions are axes of the cell.
    polar = (turns == np.eye(3, dtype=int)).all(0).all(0) & (turns.sum(0) == len(turns) * np.eye(3)).all(0)
    axis = [np.array([0]) if along else np.arange(_GRID) for along in polar]
    grid = np.stack(np.meshgrid(*axis, indexing="ij"), -1).reshape(-1, 3)

    def shifts(axes: NDArray[np.int64], inverse: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """All origin shifts that make ``axes`` carry the group onto itself; None if it has other rotations."""
        points = grid if in_lattice[_code(centring @ axes.T)].all() else grid[:0]
        for i in distinct:
            turned = axes @ turns[i] @ inverse
            partner = first.get(turned.tobytes())
            if partner is None or not len(points):
                return None
            rest = points @ (np.eye(3, dtype=int) - turned).T + axes @ moves[i] - moves[partner]
            points = points[in_lattice[_code(rest)]]
        return points if len(points) else None

    identity = np.eye(3, dtype=np.int64)
    free = shifts(identity, identity)
    assert free is not None
    # Shifts by lattice vectors change nothing; along polar axes any shift is allowed anyway.
    classes = _code(np.where(polar, 0, free[:, None] + centring)).min(1)
    free = free[np.unique(classes, return_index=True)[1]]
    free = free[np.argsort(_code(free), kind="stable")]
    axes, origin = [], []
    seen: set[bytes] = set()
    candidates = _candidates(number)
    for p in candidates[np.argsort(~(candidates == identity).all((1, 2)), kind="stable")]:
        if p.tobytes() in seen:
            continue
        found = shifts(p, np.rint(np.linalg.inv(p)).astype(np.int64))
        if found is None:
            continue
        seen.update((p @ turns[i]).tobytes() for i in distinct)
        base = np.zeros(3, np.int64) if (p == identity).all() else found[0]
        for f in free:
            axes.append(p)
            origin.append((base + f) % _GRID)
    return np.array(axes), np.array(origin), polar


def _on(rows: NDArray[np.int64], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether points (..., 3) lie on the first operations of rows (...), modulo the lattice."""
    table = tables()
    rest = np.einsum("...ij,...j->...i", np.eye(3) - table.linear[rows], points - table.origin[rows])
    return np.abs(rest - np.rint(rest)).max(-1) < 1e-6


@cache
def normalizer(number: int) -> Normalizer:
    """The normalizer of one space group, and what it does to the Wyckoff positions."""
    table = tables()
    axes, origin, polar = _changes(number)
    shift = origin / _GRID
    rows = table.wyckoff_rows(number)
    rotations, translations = table.operations(number)
    points = table.linear[rows] @ _GENERIC + table.origin[rows]
    images = np.einsum("kij,wj->wki", rotations, points) + translations
    starts, keep = [0], []
    for w, row in enumerate(rows):
        on = np.flatnonzero(_on(np.full(len(rotations), row), images[w]))
        wrapped = np.round(images[w][on], 6) % 1.0
        _, index = np.unique(np.where(wrapped > 1 - 1e-6, 0, wrapped), axis=0, return_index=True)
        keep.append(np.sort(on[index]))
        starts.append(starts[-1] + len(index))
    new_row = np.zeros((len(axes), len(rows)), np.int64)
    operation = np.zeros_like(new_row)
    moved = np.einsum("cij,wj->cwi", axes, points) + shift[:, None]
    for w, row in enumerate(rows):
        same = rows[table.multiplicity[rows] == table.multiplicity[row]]
        same = same[table.degrees_of_freedom[same] == table.degrees_of_freedom[row]]
        around = np.einsum("kij,cj->cki", rotations, moved[:, w]) + translations
        hit = _on(same[None, :, None], around[:, None])  # (C, S, ops)
        best = hit.reshape(len(axes), -1).argmax(1)
        new_row[:, w], operation[:, w] = same[best // len(rotations)], best % len(rotations)
    return Normalizer(axes.astype(float), shift, polar, new_row, operation, np.array(starts), np.concatenate(keep))


def _wrap(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(points - np.rint(points)) < 1e-9, 0.0, points) % 1.0


def representatives(number: int, rows: NDArray[np.int64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of all images of points (n, 3) on the first operation of their positions (n,), those that stand for the orbit.

    The rule of ``standardise``: nearest the centre of the cell, ties by order of coordinates.
    """
    table, own = tables(), normalizer(number)
    rotations, translations = table.operations(number)
    local = rows - table.wyckoff_start[number - 1]
    count = np.diff(own.keep_start)[local]
    op = own.keep[flat_ranges(own.keep_start[local], count)]
    owner = np.repeat(np.arange(len(points)), count)
    images = _wrap(np.einsum("nij,nj->ni", rotations[op], points[owner]) + translations[op])
    distance = np.round(np.linalg.norm(images - _CENTRE, axis=1), 4)
    order = np.lexsort((*np.round(images, 4).T, distance, owner))
    return images[order[np.searchsorted(owner, np.arange(len(points)))]]


def describe(units: AsymmetricUnits, coset: NDArray[np.int64], polar_shift: NDArray[np.float64]) -> AsymmetricUnits:
    """The crystals in other coordinates: ``coset`` (B,) of each group's normalizer, origin moved further by
    ``polar_shift`` (B, 3), of which only polar coordinates count. Lattices stay right-handed."""
    lattice, wyckoff, positions = units.lattice.copy(), units.wyckoff.copy(), units.positions.copy()
    for number in np.unique(units.space_group).tolist():
        own = normalizer(number)
        rotations, translations = tables().operations(number)
        start = tables().wyckoff_start[number - 1]
        everyone = np.flatnonzero(units.space_group == number)
        for b in np.array_split(everyone, -(-len(everyone) // _CHUNK)):
            axes = own.axes[coset[b]]
            turned = np.linalg.inv(axes).swapaxes(1, 2) @ units.lattice[b]
            turned[np.linalg.det(turned) < 0, :, 2] *= -1
            lattice[b] = turned
            i, m = np.nonzero(units.mask[b])
            c = coset[b][i]
            shift = own.shift[c] + np.where(own.polar, polar_shift[b][i], 0.0)
            point = np.einsum("nij,nj->ni", own.axes[c], units.positions[b[i], m]) + shift
            old = units.wyckoff[b[i], m] - start
            op, row = own.operation[c, old], own.row[c, old]
            point = np.einsum("nij,nj->ni", rotations[op], point) + translations[op]
            wyckoff[b[i], m] = row
            positions[b[i], m] = representatives(number, row, point)
    return AsymmetricUnits(units.space_group, lattice, units.numbers, wyckoff, positions)


def equivalents(units: AsymmetricUnits, rng: np.random.Generator) -> AsymmetricUnits:
    """One random equivalent description of every crystal (or of its mirror image)."""
    choices = np.ones(len(units), np.int64)
    for number in np.unique(units.space_group).tolist():
        choices[units.space_group == number] = len(normalizer(number))
    coset = np.minimum((rng.random(len(units)) * choices).astype(np.int64), choices - 1)
    return describe(units, coset, rng.random((len(units), 3)))
