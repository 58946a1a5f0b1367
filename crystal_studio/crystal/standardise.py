"""From atoms in any cell to space group and asymmetric unit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.neighbours import minimum_distances
from crystal_studio.crystal.operations import dataset
from crystal_studio.crystal.soundness import fault_texts, is_sound
from crystal_studio.crystal.space_groups import SpaceGroupTables, tables

SYMPREC = 0.1
"""Angstrom at which it is said which space group a candidate has: in its row, in the funnel, in its symmetrised CIF."""

CENTRE = np.array([0.5, 0.5, 0.5])
_ON_SITE = 2e-4
_CLOSEST = 2.5
_COINCIDE = "Two atoms coincide: no space group can be found."


class _NotSymmetric(Exception):
    """The refined cell does not obey the operations of its group."""


def _dataset(structures: Structures, i: int, symprec: float) -> Any:
    atoms = structures.atoms(i)
    return dataset(
        structures.lattice[i], structures.numbers[atoms], structures.positions[atoms], symprec, standard=True
    )


def searchable(structures: Structures, symprec: float) -> NDArray[np.bool_]:
    """(B,) whether symmetry can be searched at ``symprec``: sound cells with atoms more than 2.5 tolerances apart.

    Of others no group is to be found, and the search may never end.
    """
    sane = is_sound(structures)
    rows = np.flatnonzero(sane)
    sane[rows] = minimum_distances(structures.take(rows)) > _CLOSEST * symprec
    return sane


def space_group_numbers(structures: Structures, symprec: float = SYMPREC) -> NDArray[np.int16]:
    """(B,) space group found at ``symprec`` Angstrom, 0 where none could be found.

    Crystals with atoms closer than 2.5 x ``symprec`` are not searched.
    """
    found = np.zeros(len(structures), np.int16)
    for i in np.flatnonzero(searchable(structures, symprec)).tolist():
        try:
            found[i] = _dataset(structures, i, symprec).number
        except (ValueError, RuntimeError):
            continue
    return found


def representative_on(
    table: SpaceGroupTables, row: int, points: NDArray[np.float64], tolerance: float = _ON_SITE
) -> NDArray[np.bool_]:
    """(n,) whether each point (n, 3) lies on the representative subspace of a Wyckoff position, modulo the lattice.

    With the idempotent integer matrix R of the position, p = R u + o + n has a
    solution exactly when (1 - R)(p - o) is a vector of integers.
    """
    rest = (points - table.origin[row]) @ (np.eye(3) - table.linear[row]).T
    return np.abs(rest - np.rint(rest)).max(-1) < tolerance


def _orbits(
    table: SpaceGroupTables, number: int, numbers: NDArray, positions: NDArray[np.float64]
) -> tuple[list[int], list[int], list[NDArray[np.float64]]]:
    """Atomic number, Wyckoff row and representative of each orbit of a standardised cell."""
    rotations, translations = table.operations(number)
    images = np.einsum("kij,nj->nki", rotations, positions) + translations  # (N, ops, 3)
    left = np.ones(len(numbers), bool)
    found: tuple[list[int], list[int], list[NDArray[np.float64]]] = ([], [], [])
    rows = table.wyckoff_rows(number)
    while left.any():
        atom = int(np.flatnonzero(left)[0])
        offset = images[atom][:, None] - positions[None]
        gap = np.abs(offset - np.rint(offset)).max(-1)  # (ops, N)
        hit = (gap < 5e-3) & (numbers == numbers[atom]) & left
        members = np.flatnonzero(hit.any(0))
        if not hit.any(1).all() or len(rotations) % len(members):
            raise _NotSymmetric
        for row in rows[table.multiplicity[rows] == len(members)][::-1]:
            on = representative_on(table, int(row), positions[members])
            if on.any():
                break
        else:
            raise _NotSymmetric
        choices = positions[members[on]] % 1.0
        # The image nearest the centre of the cell; ties by order of coordinates, for reproducibility.
        distance = np.round(np.linalg.norm(choices - CENTRE, axis=1), 4)
        best = np.lexsort((*np.round(choices, 4).T, distance))[0]
        found[0].append(int(numbers[atom]))
        found[1].append(int(row))
        found[2].append(choices[best])
        left[members] = False
    return found


def to_asymmetric_units(
    structures: Structures, symprec: float = SYMPREC
) -> tuple[AsymmetricUnits, NDArray[np.bool_], list[str]]:
    """Standardised asymmetric units of all crystals, symmetry found at ``symprec`` Angstrom.

    Returns the units (B of them; rows that failed hold no orbit), which of them
    succeeded (B,), and a reason for each that did not ("" otherwise). A crystal
    whose refined cell contradicts its group is tried again at finer tolerances.
    """
    table = tables()
    size = len(structures)
    groups, lattices = np.ones(size, np.int16), np.tile(np.eye(3), (size, 1, 1))
    orbits: list[tuple] = [([], [], [])] * size
    reasons = [f"No space group can be found: {text}." if text else _COINCIDE for text in fault_texts(structures)]
    for i in np.flatnonzero(searchable(structures, symprec)).tolist():
        reasons[i] = "No space group was found: check the cell and for overlapping atoms."
        for tolerance in (symprec, symprec / 10, symprec / 100):
            try:
                data = _dataset(structures, i, tolerance)
                cell = data.std_cell
                positions = np.asarray(cell.positions)
                orbits[i] = _orbits(table, data.number, np.asarray(cell.numbers), positions)
                groups[i], lattices[i], reasons[i] = data.number, np.asarray(cell.basis), ""
                break
            except _NotSymmetric:
                reasons[i] = "The standardised cell does not obey its own space group."
            except (ValueError, RuntimeError):
                continue
    width = max((len(o[0]) for o in orbits), default=0)
    numbers = np.zeros((size, width), np.int16)
    wyckoff = np.full((size, width), -1, np.int16)
    coordinates = np.zeros((size, width, 3))
    for i, (element, row, point) in enumerate(orbits):
        n = len(element)
        if n:
            numbers[i, :n], wyckoff[i, :n], coordinates[i, :n] = element, row, point
    units = AsymmetricUnits(groups, lattices, numbers, wyckoff, coordinates)
    return units, np.array([not r for r in reasons], bool), reasons
