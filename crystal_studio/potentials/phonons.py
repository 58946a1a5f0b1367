"""Vibrations of a crystal by a potential, from forces in a supercell.

The finite-displacement method (Parlinski, Li and Kawazoe, Phys. Rev. Lett. 78, 4063 (1997)): every atom of the
primitive cell is moved both ways along each axis, and the forces on all atoms of a supercell give its rows of the force
constants. Wave vectors that fit into the supercell, the zone centre among them, need no interpolation.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.potentials.protocol import Potential

THZ = 15.633302
"""THz for the root of one eV/Angstrom^2 over one atomic mass unit."""

STEP = 0.02
"""Angstrom by which an atom is moved."""

REACH = 6.0
"""Angstrom that a supercell measures at least from face to face, where it may have so many atoms."""

MOST_ATOMS = 250
"""Atoms of a supercell."""


def supercell(lattice: NDArray, atoms: int, reach: float = REACH) -> tuple[int, int, int]:
    """How often a primitive cell of so many atoms is repeated along its three vectors."""
    heights = 1 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    repeats = np.maximum(1, np.ceil(reach / heights - 1e-6)).astype(int)
    while repeats.prod() * atoms > MOST_ATOMS and repeats.max() > 1:
        repeats[np.argmax(repeats * heights)] -= 1
    return int(repeats[0]), int(repeats[1]), int(repeats[2])


def frequencies(
    potential: Potential, lattice: NDArray, numbers: NDArray, positions: NDArray, reach: float = REACH
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wave vectors (Q, 3) in units of the reciprocal lattice and frequencies (Q, 3n) THz, ascending.

    Imaginary frequencies are given as negative numbers. lattice (3, 3), numbers (n,), fractional positions (n, 3) are
    a primitive cell at rest. NaN throughout where the potential has no answer.
    """
    n = len(numbers)
    repeats = supercell(lattice, n, reach)
    cells = np.array(list(product(*(range(k) for k in repeats))), float)  # (R, 3)
    forces = _forces(potential, lattice, numbers, positions, cells, repeats)  # (n, 3, R, n, 3)
    constants = -np.moveaxis(forces, 2, 0)  # (R, n, 3, n, 3)
    constants -= _net(constants, n)
    masses = _masses(numbers)
    root = np.sqrt(masses[:, None] * masses[None])[:, None, :, None]
    vectors = cells / np.array(repeats)
    found = np.full((len(vectors), 3 * n), np.nan)
    if np.isfinite(constants).all():
        for k, q in enumerate(vectors):
            phase = np.exp(-2j * np.pi * cells @ q)
            dynamical = (np.tensordot(phase, constants, 1) / root).reshape(3 * n, 3 * n)
            values = np.linalg.eigvalsh(0.5 * (dynamical + dynamical.conj().T))
            found[k] = np.sign(values) * np.sqrt(np.abs(values)) * THZ
    return vectors, found


def _forces(
    potential: Potential,
    lattice: NDArray,
    numbers: NDArray,
    positions: NDArray,
    cells: NDArray,
    repeats: tuple[int, int, int],
) -> NDArray[np.float64]:
    """(n, 3, R, n, 3) change of the forces (eV/Angstrom) by moving an atom of the first cell along an axis, over the
    way (Angstrom)."""
    n, size = len(numbers), np.array(repeats)
    whole = ((positions[None] + cells[:, None]) / size).reshape(-1, 3)
    large = size[:, None] * lattice
    inverse = np.linalg.inv(large)
    moved = []
    for atom, axis, sign in product(range(n), range(3), (STEP, -STEP)):
        at = whole.copy()
        at[atom] += sign * inverse[axis]  # cell (0, 0, 0) comes first
        moved.append(at)
    kinds = np.tile(numbers, len(cells))
    batch = Structures.from_lists([large] * len(moved), [kinds] * len(moved), moved)
    forces = potential.evaluate(batch).forces.reshape(n, 3, 2, len(cells), n, 3)
    return (forces[:, :, 0] - forces[:, :, 1]) / (2 * STEP)


def _net(constants: NDArray, n: int) -> NDArray[np.float64]:
    """(R, n, 3, n, 3): what is to be taken off each atom's own constants so that moving all atoms costs nothing."""
    excess = constants.sum((0, 3))  # (n, 3, 3)
    net = np.zeros_like(constants)
    net[0, np.arange(n), :, np.arange(n)] = excess
    return net


def _masses(numbers: NDArray) -> NDArray[np.float64]:
    from pymatgen.core import Element

    return np.array([float(Element(SYMBOLS[z]).atomic_mass) for z in numbers.tolist()])
