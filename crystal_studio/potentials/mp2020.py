"""The Materials Project's 2020 corrections of PBE and PBE+U energies.

Wang et al., Scientific Reports 11, 15496 (2021), and Jain et al., Phys. Rev. B
84, 045115 (2011). A potential trained on uncorrected energies speaks of phases
that PBE and PBE+U put on two scales; with these corrections its energies compare
with each other and with the published formation energies. The values and rules
are those of pymatgen's ``MaterialsProject2020Compatibility``, against which the
tests compare; here they are applied to a batch, and what hangs on the
composition alone is remembered.
"""

from __future__ import annotations

import warnings
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.elements import SYMBOLS, atomic_number
from crystal_studio.crystal.neighbours import neighbours_within
from crystal_studio.crystal.soundness import COMPUTABLE, is_sound

ANIONS = {
    "Br": -0.534, "I": -0.379, "Se": -0.472, "Si": 0.071, "Sb": -0.192, "Te": -0.422, "H": -0.179, "N": -0.361,
    "F": -0.462, "Cl": -0.614,
}  # fmt: skip
"""eV for each atom of an element that is an anion."""

SULFIDE = -0.503
"""eV for each sulphur atom where no sulphur is bound to more electronegative elements."""

OXYGEN = {"oxide": -0.687, "peroxide": -0.465, "superoxide": -0.161, "ozonide": 0.0}
"""eV for each oxygen atom, by the shortest bond between oxygens."""

HUBBARD = {
    "V": -1.7, "Cr": -1.999, "Mn": -1.668, "Fe": -2.256, "Co": -1.638, "Ni": -2.541, "W": -4.438, "Mo": -3.202,
}  # fmt: skip
"""eV for each atom of a metal that has a Hubbard U, which it has where oxygen or fluorine attracts electrons most."""

SUPEROXIDE_BOND, PEROXIDE_BOND, HYDROXIDE_BOND = (1.05 * length for length in (1.35, 1.49, 0.93))
"""Angstrom: shorter distances O-O and O-H make an oxide one of these."""

_O, _S, _H = (atomic_number(symbol) for symbol in ("O", "S", "H"))


def corrections(structures: Structures) -> NDArray[np.float64]:
    """(B,) eV/atom to add to uncorrected energies; 0 for elements and for cells that are none."""
    table = counts(structures)
    found = np.zeros(len(structures))
    for i in np.flatnonzero(((table > 0).sum(1) > 1) & is_sound(structures, COMPUTABLE)).tolist():
        row = table[i]
        elements = np.flatnonzero(row)
        units = row[elements] // np.gcd.reduce(row[elements])
        total = row.sum() * _of_composition(tuple(zip(elements.tolist(), units.tolist(), strict=True)))
        atoms = structures.atoms(i)
        numbers, positions = structures.numbers[atoms], structures.positions[atoms]
        if row[_O]:
            total += row[_O] * OXYGEN[oxide_type(structures.lattice[i], numbers, positions)]
        if row[_S] and not is_sulfate(structures.lattice[i], numbers, positions):
            total += row[_S] * SULFIDE
        found[i] = total / row.sum()
    return found


def oxide_type(lattice: NDArray, numbers: NDArray, positions: NDArray) -> str:
    """One of the keys of ``OXYGEN``; hydroxides count as oxides."""
    oxygen = positions[numbers == _O]
    if (_nearest(lattice, oxygen, positions[numbers == _H]) < HYDROXIDE_BOND).any():
        return "oxide"
    distances = _nearest(lattice, oxygen, oxygen)
    np.fill_diagonal(distances, np.inf)
    if (distances < SUPEROXIDE_BOND).any():
        return "ozonide" if ((distances < SUPEROXIDE_BOND).sum(1) > 1).any() else "superoxide"
    return "peroxide" if (distances < PEROXIDE_BOND).any() else "oxide"


def is_sulfate(lattice: NDArray, numbers: NDArray, positions: NDArray) -> bool:
    """Whether the nearest neighbours of any sulphur are on average more electronegative than sulphur."""
    sulphur = np.flatnonzero(numbers == _S)
    reach = 4.0
    found: set[int] = set()
    while True:
        i, j, _, distance = neighbours_within(lattice, positions, reach)
        found = set(i.tolist())
        if found.issuperset(sulphur.tolist()) or reach > 2 * np.linalg.norm(lattice, axis=1).max():
            break
        reach *= 2
    scale = electronegativities()
    for atom in sulphur[np.isin(sulphur, i)]:
        of = i == atom
        order = np.argsort(distance[of], kind="stable")
        near, who = distance[of][order], numbers[j[of][order]]
        if scale[who[near < near[0] + 0.4][:4]].mean() > scale[_S]:
            return True
    return False


@cache
def electronegativities() -> NDArray[np.float64]:
    """(119,) Pauling's scale, 0 where it has no value."""
    from pymatgen.core import Element

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # noble gases have none
        return np.nan_to_num([0.0, *(float(Element(symbol).X) for symbol in SYMBOLS[1:])])


@lru_cache(maxsize=100_000)
def _of_composition(formula: tuple[tuple[int, int], ...]) -> float:
    """eV/atom of everything but oxygen and sulphur, for (atomic number, atoms) of a formula unit."""
    amounts = {SYMBOLS[z]: n for z, n in formula}
    scale = electronegativities()
    strongest = SYMBOLS[max((z for z, _ in formula), key=lambda z: scale[z])]
    total = 0.0
    if set(amounts) & set(ANIONS):
        states = _oxidation_states(amounts)
        for anion in set(amounts) & set(ANIONS):
            state = states.get(anion, 0.0)
            # Without a negative state the most electronegative element is the anion; one above -1 is no anion.
            if state <= -1 or (state >= 0 and anion == strongest):
                total += amounts[anion] * ANIONS[anion]
    if strongest in ("O", "F"):
        total += sum(n * HUBBARD.get(symbol, 0.0) for symbol, n in amounts.items())
    return total / sum(amounts.values())


def _oxidation_states(amounts: dict[str, int]) -> dict[str, float]:
    """The likeliest mean states; empty where the formula is not balanced or too long to guess."""
    from pymatgen.core import Composition

    try:
        guesses = Composition(amounts).oxi_state_guesses(max_sites=-20)
    except ValueError:  # more than 20 atoms in the formula unit
        return {}
    return dict(guesses[0]) if guesses else {}


def _nearest(lattice: NDArray, first: NDArray, second: NDArray) -> NDArray[np.float64]:
    """(n, m) Angstrom to the nearest periodic image."""
    from pymatgen.core import Lattice

    if not len(first) or not len(second):
        return np.full((len(first), len(second)), np.inf)
    return Lattice(lattice).get_all_distances(first, second)
