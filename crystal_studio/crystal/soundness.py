"""What a cell must be before anything is computed of it: one rule, with limits that a caller may set narrower."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.neighbours import reduce_cells


class CellFault(IntEnum):
    """Why a cell is not sound; the first that applies."""

    NONE = 0
    EMPTY = 1
    TOO_MANY_ATOMS = 2
    NOT_FINITE = 3
    NO_ELEMENT = 4
    TOO_LONG = 5
    FLAT = 6
    TOO_SHORT = 7


@dataclass(frozen=True)
class CellLimits:
    """most_atoms : in the cell, as it is given
    volume : least, Angstrom^3; volume_per_atom : least, Angstrom^3
    shortest : least lattice vector of the reduced cell, Angstrom: an atom and its own image are that far apart
    longest : greatest edge of the given cell, Angstrom
    """

    most_atoms: int = 20_000
    volume: float = 1e-3
    volume_per_atom: float = 0.0
    shortest: float = 0.5
    longest: float = 1e4


READABLE = CellLimits()
"""What is taken from files and given to symmetry searches: no bond is shorter than 0.5 A (H2: 0.74)."""

COMPUTABLE = CellLimits(volume_per_atom=0.1)
"""What a potential and a search of operations are given: a hydrogen atom in the densest known matter takes 2 A^3."""


def cell_faults(structures: Structures, limits: CellLimits = READABLE) -> NDArray[np.int8]:
    """(B,) ``CellFault`` of each crystal, 0 where it is sound; never raises, whatever the numbers."""
    found = np.zeros(len(structures), np.int8)

    def mark(where: NDArray[np.bool_], fault: CellFault) -> None:
        found[(found == 0) & where] = fault

    def of_atoms(bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.bincount(structures.crystal[bad], minlength=len(structures)) > 0

    def cells() -> NDArray[np.float64]:
        return np.where((found == 0)[:, None, None], structures.lattice, np.eye(3))

    atoms = structures.n_atoms
    mark(atoms == 0, CellFault.EMPTY)
    mark(atoms > limits.most_atoms, CellFault.TOO_MANY_ATOMS)
    finite: NDArray[np.bool_] = np.isfinite(structures.lattice)
    mark(np.asarray(~finite.all((1, 2))), CellFault.NOT_FINITE)
    placed: NDArray[np.bool_] = np.isfinite(structures.positions)
    mark(of_atoms(np.asarray(~placed.all(1))), CellFault.NOT_FINITE)
    mark(of_atoms((structures.numbers < 1) | (structures.numbers >= len(SYMBOLS))), CellFault.NO_ELEMENT)
    # Edges by their largest component first: squares of 1e200 are infinite.
    mark(np.abs(cells()).max((1, 2), initial=0.0) > limits.longest, CellFault.TOO_LONG)
    mark(np.linalg.norm(cells(), axis=2).max(1, initial=0.0) > limits.longest, CellFault.TOO_LONG)
    least = np.maximum(limits.volume, limits.volume_per_atom * atoms)
    mark(np.abs(np.linalg.det(cells())) < np.where(found == 0, least, 0.0), CellFault.FLAT)
    if limits.shortest:
        shortest = np.linalg.norm(reduce_cells(cells())[0], axis=2).min(1, initial=np.inf)
        mark(shortest < limits.shortest, CellFault.TOO_SHORT)
    return found


def is_sound(structures: Structures, limits: CellLimits = READABLE) -> NDArray[np.bool_]:
    """(B,) whether each cell holds atoms of known elements, is finite and spans a volume, within the limits."""
    return cell_faults(structures, limits) == CellFault.NONE


def fault_texts(structures: Structures, limits: CellLimits = READABLE) -> list[str]:
    """B clauses such as "it holds no atoms", empty for sound cells."""
    faults = cell_faults(structures, limits)
    return [_text(structures, i, CellFault(int(fault)), limits) for i, fault in enumerate(faults)]


def fault_text(
    lattice: NDArray, numbers: Sequence[int] | NDArray, positions: NDArray, limits: CellLimits = READABLE
) -> str:
    """The same of one crystal: lattice (3, 3) Angstrom, atomic numbers (n,), fractional coordinates (n, 3)."""
    with np.errstate(invalid="ignore"):
        one = Structures.from_lists([lattice], [np.clip(numbers, -1, len(SYMBOLS))], [positions])
    return fault_texts(one, limits)[0]


def _text(structures: Structures, i: int, fault: CellFault, limits: CellLimits) -> str:
    lattice = structures.lattice[i]
    match fault:
        case CellFault.EMPTY:
            return "it holds no atoms"
        case CellFault.TOO_MANY_ATOMS:
            return f"its cell holds {structures.n_atoms[i]} atoms, more than {limits.most_atoms}"
        case CellFault.NOT_FINITE:
            return "its cell or coordinates are no finite numbers"
        case CellFault.NO_ELEMENT:
            return "it holds atoms that are no chemical element"
        case CellFault.TOO_LONG:
            return f"an edge of its cell is longer than {limits.longest:g} A"
        case CellFault.FLAT:
            return f"it has no three-dimensional cell: its volume is {abs(np.linalg.det(lattice)):.2g} A^3"
        case CellFault.TOO_SHORT:
            apart = np.linalg.norm(reduce_cells(lattice[None])[0], axis=2).min()
            return f"its cell repeats every {apart:.2g} A, and atoms are further apart than {limits.shortest:g} A"
    return ""
