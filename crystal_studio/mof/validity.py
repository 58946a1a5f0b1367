"""Whether a framework makes chemical sense: the rule of MOFDiff, by the public criteria of MOFChecker.

Fifteen checks of MOFChecker 0.9 (Jablonka, github.com/kjappelbaum/mofchecker, MIT) without the one for connection
in three directions, and a pore limiting diameter of at least 2.4 A (Fu et al., ICLR 2024). Bonds are those of
``perceive_bonds``, where MOFChecker takes VESTA's cutoffs. What is not known (charges, pores) counts for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.bonds import Bonds
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.mof.bond_graph import parts_of
from crystal_studio.mof.bonds import bonds_of, neighbours
from crystal_studio.mof.elements import ALKALI, IS_METAL, NO_TERMINAL_OXO, RARE_EARTH
from crystal_studio.mof.eqeq import CENTRES
from crystal_studio.mof.surroundings import Surroundings, exposed, nitrogen_lacks_hydrogen

SMALLEST_PORE = 2.4
"""Angstrom, pore limiting diameter from which a framework is called porous."""
HIGHEST_CHARGE = 3.0
"""Elementary charges, of partial charges by charge equilibration, that an atom may bear (MOFChecker). One that usually
bears more as an ion (zirconium, hafnium, titanium) may bear that much: 3.1 e of the zirconium of UiO-66 is no fault."""
_HIGHEST = np.array([max(HIGHEST_CHARGE, CENTRES.get(symbol, 0)) for symbol in SYMBOLS])
_HYDROGENS_REACH = 1.1
"""Angstrom within which a hydrogen may have one neighbour."""

CHECKS: dict[str, tuple[str, str]] = {
    "metal": ("No metal", "It holds no metal."),
    "carbon": ("No carbon", "It holds no carbon."),
    "hydrogen": ("No hydrogen", "It holds no hydrogen."),
    "overlap": ("Atoms on top of each other", "Two atoms are nearer than the smaller of their covalent radii."),
    "carbon_over": ("Carbon with too many bonds", "A carbon has more than four bonds."),
    "nitrogen_over": ("Nitrogen with too many bonds", "A nitrogen has more than four bonds."),
    "hydrogen_over": ("Hydrogen with two neighbours", "A hydrogen has more than one neighbour."),
    "carbon_under": (
        "Carbon with too few bonds",
        "A carbon lacks a neighbour: it has one bond, or two that are not in line.",
    ),
    "nitrogen_under": ("Nitrogen with too few bonds", "A nitrogen lacks a hydrogen."),
    "rare_earth_under": (
        "Rare earth with too few neighbours",
        "A lanthanide or actinide has fewer than four neighbours.",
    ),
    "alkali_under": (
        "Alkali metal with too few neighbours",
        "An alkali or alkaline earth metal has fewer than four neighbours.",
    ),
    "lone_molecule": ("A lone molecule or ion", "A molecule or an ion is bonded to nothing."),
    "terminal_oxo": ("A terminal oxide that is not formed", "A metal that forms none has a terminal oxide."),
    "exposed_metal": ("A metal bonded on one side", "A metal has its neighbours on one side only."),
    "charge": ("Partial charges too high", "An atom has a partial charge beyond 3 e, or beyond that of its usual ion."),
    "pore": ("Pores too narrow", "Its pores are narrower than 2.4 A."),
}
"""Title and sentence of each check for a framework that fails it, in the order of the columns of ``Validity``."""


@dataclass(frozen=True)
class Validity:
    """What the checks say of B frameworks.

    passed : (B, len(CHECKS)) int8, 1 passed, 0 failed, -1 not known
    """

    passed: NDArray[np.int8]

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(B,) whether no check failed."""
        return (self.passed != 0).all(1)

    def failures(self, i: int) -> list[str]:
        """Names of the checks that framework i failed."""
        return [name for name, passed in zip(CHECKS, self.passed[i], strict=True) if passed == 0]


def check(
    structures: Structures,
    bonds: Bonds | None = None,
    pore: NDArray[np.float64] | None = None,
    charge: NDArray[np.float64] | None = None,
) -> Validity:
    """Check B frameworks; their bonds are perceived unless given, and where not known.

    pore : (B,) pore limiting diameter in Angstrom, NaN where not known
    charge : (N,) partial charge of each atom, NaN where not known
    """
    passed = np.full((len(structures), len(CHECKS)), -1, np.int8)
    for i in range(len(structures)):
        own = bonds_of(structures, bonds, i, orders=False)
        lattice, numbers, positions = structures.cell(i)
        found = _of_one(lattice, numbers, positions, own.atoms.astype(np.int64), own.image.astype(np.int64))
        if charge is not None and np.isfinite(charge[structures.atoms(i)]).all():
            found["charge"] = bool((np.abs(charge[structures.atoms(i)]) <= _HIGHEST[numbers]).all())
        if pore is not None and np.isfinite(pore[i]):
            found["pore"] = bool(pore[i] >= SMALLEST_PORE)
        for column, name in enumerate(CHECKS):
            if name in found:
                passed[i, column] = found[name]
    return Validity(passed)


def _of_one(lattice: NDArray, numbers: NDArray, positions: NDArray, pairs: NDArray, image: NDArray) -> dict[str, bool]:
    around = Surroundings.of(lattice, numbers, positions, pairs, image)
    metal, degree = IS_METAL[numbers], around.degree
    touches_metal = np.zeros(len(numbers), bool)
    for side in (0, 1):
        touches_metal[pairs[metal[pairs[:, 1 - side]], side]] = True
    over = (degree > 4) & ~touches_metal
    near, _, distance = neighbours(lattice, positions, 2.7)
    hydrogen = numbers == 1
    close = near[distance <= _HYDROGENS_REACH]
    crowd = np.bincount(close.ravel(), minlength=len(numbers))
    return {
        "metal": bool(metal.any()),
        "carbon": bool((numbers == 6).any()),
        "hydrogen": bool(hydrogen.any()),
        "overlap": not (distance < COVALENT_RADII[numbers[near]].min(1)).any(),
        "carbon_over": not over[numbers == 6].any(),
        "nitrogen_over": not over[numbers == 7].any(),
        "hydrogen_over": not (crowd[hydrogen] > 1).any(),
        "carbon_under": not any(_carbon_lacks(around, i) for i in np.flatnonzero(numbers == 6).tolist()),
        "nitrogen_under": not any(nitrogen_lacks_hydrogen(around, i) for i in np.flatnonzero(numbers == 7).tolist()),
        "rare_earth_under": not (degree[np.isin(numbers, RARE_EARTH)] < 4).any(),
        "alkali_under": not (degree[np.isin(numbers, ALKALI)] < 4).any(),
        "lone_molecule": not (parts_of(len(numbers), pairs, image).dimension == 0).any(),
        "terminal_oxo": not _terminal_oxo(numbers, pairs, degree),
        "exposed_metal": not any(degree[i] < 6 and exposed(around, i) for i in np.flatnonzero(metal).tolist()),
    }


def _carbon_lacks(around: Surroundings, i: int) -> bool:
    if around.degree[i] == 1:
        return True
    if around.degree[i] != 2:
        return False
    first, second = around.vectors(i)
    angle = np.degrees(np.arccos(np.clip(first @ second / np.linalg.norm(first) / np.linalg.norm(second), -1, 1)))
    return bool(10 < angle < 170)


def _terminal_oxo(numbers: NDArray, pairs: NDArray, degree: NDArray) -> bool:
    for side in (0, 1):
        metals, ends = numbers[pairs[:, side]], pairs[:, 1 - side]
        if (np.isin(metals, NO_TERMINAL_OXO) & (numbers[ends] == 8) & (degree[ends] == 1)).any():
            return True
    return False
