"""The corrections against pymatgen's own, on prototypes of every kind that has a rule."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from pymatgen.analysis.compatibility import MaterialsProject2020Compatibility
from pymatgen.core import Lattice, Structure
from pymatgen.entries.computed_entries import ComputedStructureEntry
from pymatgen.io.vasp.sets import MPRelaxSet

from crystal_studio.crystal.batches import Structures
from crystal_studio.potentials.mp2020 import corrections

FCC = 0.5 * (1 - np.eye(3))


def published(structure: Structure) -> float:
    """eV/atom by pymatgen for a calculation with the settings of the Materials Project."""
    strongest = max(structure.elements, key=lambda element: element.X).symbol
    settings = MPRelaxSet.CONFIG["INCAR"]["LDAUU"].get(strongest, {})
    hubbards = {e.symbol: settings[e.symbol] for e in structure.elements if e.symbol in settings}
    entry = ComputedStructureEntry(
        structure, 0.0, parameters={"run_type": "GGA+U" if hubbards else "GGA", "hubbards": hubbards}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = MaterialsProject2020Compatibility(check_potcar=False).get_adjustments(entry)
    return sum(part.value for part in found) / len(structure)


def batch(*structures: Structure) -> Structures:
    return Structures.from_lists(
        [s.lattice.matrix for s in structures],
        [[site.specie.Z for site in s] for s in structures],
        [s.frac_coords for s in structures],
    )


def rocksalt(cation: str, anion: str, edge: float = 4.4) -> Structure:
    return Structure(Lattice(edge * FCC), [cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]])


def dumbbells(metal: str, anion: str, length: float, edge: float = 5.2) -> Structure:
    """A metal and a pair of anions along the cell's diagonal."""
    half = length / edge / np.sqrt(3) / 2
    return Structure(
        Lattice(edge * FCC * 2 ** (1 / 3)),
        [metal, anion, anion],
        [[0, 0, 0], *(np.full((2, 3), 0.5) + np.array([[half], [-half]]) * 0.79)],
    )


def tetrahedra(anion: str) -> Structure:
    """Sulphur in a tetrahedron of four others, with two alkali atoms."""
    bonds = 1.5 / 6.0 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3)
    return Structure(
        Lattice(6.0 * np.eye(3)),
        ["Na", "Na", "S", *[anion] * 4],
        [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0.5], *(0.5 + bonds)],
    )


CASES = {
    **{f"{c}{a}": rocksalt(c, a) for c in ("Na", "Mg", "Fe", "W", "Ti") for a in ("O", "F", "Cl", "N", "S", "H", "Te")},
    **{f"{c}{a}": rocksalt(c, a) for c, a in (("Al", "Sb"), ("Mg", "Si"), ("Fe", "Si"), ("Na", "Br"), ("Cs", "Xe"))},
    **{f"K(OO) {length}": dumbbells("K", "O", length) for length in (1.20, 1.33, 1.45, 1.55, 1.7)},
    **{f"Fe(SS) {length}": dumbbells("Fe", "S", length) for length in (2.0, 2.2)},
    "Mn(HO)": Structure(Lattice(4 * np.eye(3)), ["Mn", "O", "H"], [[0, 0, 0], [0.5] * 3, [0.5, 0.5, 0.73]]),
    "ozonide": Structure(
        Lattice(5 * np.eye(3)), ["Na", "O", "O", "O"], [[0, 0, 0], [0.5] * 3, [0.76, 0.5, 0.5], [0.5, 0.76, 0.5]]
    ),
    "sulphate": tetrahedra("O"),
    "thiophosphate-like": tetrahedra("Te"),
    "element": Structure(Lattice(2.87 * np.eye(3)), ["Fe", "Fe"], [[0, 0, 0], [0.5] * 3]),
    "long": Structure(Lattice(9 * np.eye(3)), ["K"] * 13 + ["Cl"] * 11, np.random.default_rng(0).random((24, 3))),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_corrections_are_those_of_pymatgen(name: str) -> None:
    assert corrections(batch(CASES[name])) == pytest.approx([published(CASES[name])], abs=1e-6)


def test_the_kinds_of_oxides_differ() -> None:
    """Superoxide, peroxide and oxide of one composition: the shorter the bond, the smaller the correction."""
    found = corrections(batch(*(CASES[f"K(OO) {length}"] for length in (1.20, 1.45, 1.7))))
    assert found == pytest.approx([2 / 3 * -0.161, 2 / 3 * -0.465, 2 / 3 * -0.687], abs=1e-6)


def test_an_atom_is_corrected_alike_in_any_cell() -> None:
    doubled = CASES["FeO"].copy()
    doubled.make_supercell([2, 1, 1])
    found = corrections(batch(CASES["FeO"], doubled))
    assert found[0] == pytest.approx((-0.687 - 2.256) / 2) and found[1] == pytest.approx(found[0])


def test_an_empty_batch_and_an_empty_cell() -> None:
    assert corrections(batch(CASES["NaCl"]).take(np.zeros(0, int))).shape == (0,)
    empty = Structures.from_lists([np.eye(3)], [[]], [np.zeros((0, 3))])
    assert corrections(empty).tolist() == [0.0]
