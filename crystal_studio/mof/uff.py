"""Relaxation of frameworks by UFF (Rappe et al., J. Am. Chem. Soc. 114, 10024 (1992)): bonds stay what they are.

Atom types by lammps-interface (Boyd et al., J. Phys. Chem. Lett. 8, 357 (2017)), minimised by LAMMPS, in a process of
their own. Its energies compare geometries of one framework alone and are not given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.bonds import BondTable
from crystal_studio.candidates.quantities import Method
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.lattice import cell_parameters
from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.crystal.primitive import PrimitiveCell, primitive_cell
from crystal_studio.execution.other_python import ask, python_with

LEAST_WIDTH = 10.0
"""Angstrom between opposite faces of the cell that is relaxed, so that no atom is bonded to two images of another."""

CUTOFF = 12.5
"""Angstrom, of the Lennard-Jones terms; there are no charges in UFF."""

HEAVIEST = 103
"""Lawrencium: the last element with a type in UFF."""

NEAREST = 0.5
"""Angstrom between two atoms; below it forces carry them anywhere."""

_SCRIPT = Path(__file__).with_name("uff_job.py")
_LAMMPS, _INTERFACE = ("lammps", "LAMMPS"), ("lammps-interface", "lammps-interface")


@dataclass(frozen=True)
class Relaxed:
    """One framework after its relaxation.

    lattice : (3, 3) Angstrom, turned as it was
    positions : (n, 3) fractional; an atom that went through a face of the cell is not put back
    spread : Angstrom, largest deviation of copies of an atom from their mean, where the cell was taken several times
    """

    lattice: NDArray[np.float64]
    positions: NDArray[np.float64]
    spread: float


def method() -> Method:
    """With its versions; raises ``KnownError`` that says how to get the programs where one is missing."""
    _, interface = python_with(*_INTERFACE)
    _, version = python_with(*_LAMMPS)
    return Method("uff", "force_field", f"UFF (lammps-interface {interface}, LAMMPS {version})")


def relax(
    lattice: NDArray[np.float64],
    numbers: NDArray,
    positions: NDArray[np.float64],
    bonds: BondTable,
    seconds: float,
    tolerance: float = 1e-8,
    most_steps: int = 10_000,
) -> Relaxed:
    """Relax cell and atoms of one sound crystal.

    lattice (3, 3), numbers (n,), positions (n, 3) fractional; ``tolerance`` of energy (relative) and force (kcal/mol/A)
    in each of four minimisations of ``most_steps`` at most.
    Raises ``ProgramError`` where the programs give no answer within ``seconds``, ``KnownError`` where one is missing.
    """
    python, _ = python_with(*_INTERFACE)
    python_with(*_LAMMPS)
    cell = primitive_cell(lattice, numbers, positions)
    fewer = _of_primitive(cell, bonds)
    if len(fewer[0]) * len(numbers) != len(bonds[0]) * len(cell.numbers):
        cell, fewer = _as_given(lattice, numbers, positions), bonds
    relaxed, spread = _relax(python, cell, fewer, seconds, tolerance, most_steps)
    whole, places = cell.restore(*relaxed)
    turn, _, back = np.linalg.svd(np.linalg.inv(lattice) @ whole)
    return Relaxed(whole @ (turn @ back).T, places, spread)


def _relax(
    python: str, cell: PrimitiveCell, bonds: BondTable, seconds: float, tolerance: float, most_steps: int
) -> tuple[tuple[NDArray, NDArray], float]:
    """Lattice and fractional positions of the cell, turned as LAMMPS has it, and the spread of its copies."""
    wide = _Wide.of(cell.lattice, cell.positions, bonds)
    start = wide.positions % 1.0
    asked = {
        "cell": cell_parameters(wide.lattice[None])[0].tolist(),
        "symbols": [SYMBOLS[z] for z in cell.numbers.tolist()] * wide.copies,
        "positions": start.tolist(),
        "bonds": wide.pairs.tolist(),
        "orders": wide.order.tolist(),
        "cutoff": CUTOFF,
        "tolerance": tolerance,
        "most_steps": most_steps,
    }
    answer = ask(python, _SCRIPT, asked, seconds)
    box = np.array(answer["cell"])
    moved = np.array(answer["places"]) @ np.linalg.inv(box) - start
    return wide.back(box, wide.positions + moved)


def _of_primitive(cell: PrimitiveCell, bonds: BondTable) -> BondTable:
    """The bonds of a cell between atoms of its primitive one, each once."""
    atoms, image, order = bonds
    apart = cell.image[atoms[:, 1]] - cell.image[atoms[:, 0]] + image @ cell.multiple
    pairs, step = cell.source[atoms], np.rint(apart).astype(np.int64)
    turned = (pairs[:, 0] > pairs[:, 1]) | ((pairs[:, 0] == pairs[:, 1]) & _is_back(step))
    pairs, step = np.where(turned[:, None], pairs[:, ::-1], pairs), np.where(turned[:, None], -step, step)
    rows, first = np.unique(np.concatenate([pairs, step], 1), axis=0, return_index=True)
    return rows[:, :2].astype(np.int32), rows[:, 2:].astype(np.int16), order[first]


def _is_back(step: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(K,) whether the first component of each translation that is not 0 is negative."""
    return (step @ np.array([1_000_000, 1_000, 1])) < 0


def _as_given(lattice: NDArray, numbers: NDArray, positions: NDArray) -> PrimitiveCell:
    size = len(numbers)
    return PrimitiveCell(lattice, numbers, positions, np.eye(3), np.arange(size), np.zeros((size, 3)))


@dataclass(frozen=True)
class _Wide:
    """A crystal in a reduced cell, taken several times in each direction.

    lattice, positions : of the wide cell; copies of the crystal stand one after the other
    cells : (copies, 3) translation of each copy in reduced lattice vectors; times : (3,) of each vector
    change : (3, 3) integers, reduced lattice in vectors of the one given
    """

    lattice: NDArray[np.float64]
    positions: NDArray[np.float64]
    pairs: NDArray[np.int64]
    order: NDArray[np.float64]
    cells: NDArray[np.int64]
    times: NDArray[np.int64]
    change: NDArray[np.int64]

    @property
    def copies(self) -> int:
        return len(self.cells)

    @staticmethod
    def of(lattice: NDArray, positions: NDArray, bonds: BondTable) -> _Wide:
        reduced, change = (part[0] for part in reduce_cells(np.asarray(lattice)[None]))
        back = np.linalg.inv(change.astype(float))
        widths = 1 / np.linalg.norm(np.linalg.inv(reduced), axis=0)
        times = np.maximum(1, np.ceil(LEAST_WIDTH / widths)).astype(np.int64)
        sides = [np.arange(t) for t in times.tolist()]
        cells = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, 3)
        atoms, image, order = bonds
        step = np.rint(image @ back).astype(np.int64)
        row = np.ravel_multi_index(tuple(((cells[:, None] + step) % times).reshape(-1, 3).T), tuple(times.tolist()))
        n = len(positions)
        first = (np.arange(len(cells))[:, None] * n + atoms[:, 0]).ravel()
        second = row * n + np.tile(atoms[:, 1], len(cells))
        wide = ((positions @ back)[None] + cells[:, None]).reshape(-1, 3) / times
        pairs = np.stack([first, second], -1)
        return _Wide(reduced * times[:, None], wide, pairs, np.tile(order, len(cells)), cells, times, change)

    def back(self, box: NDArray, positions: NDArray) -> tuple[tuple[NDArray, NDArray], float]:
        """Lattice and positions of the crystal in the cell given, from the wide one relaxed: the mean of its copies,
        and how far they are from it."""
        copies = (positions * self.times).reshape(self.copies, -1, 3) - self.cells[:, None]
        mean = copies.mean(0)
        reduced = box / self.times[:, None]
        spread = float(np.linalg.norm((copies - mean) @ reduced, axis=-1).max())
        return (np.linalg.inv(self.change.astype(float)) @ reduced, mean @ self.change), spread
