"""The checks of a framework: known ones pass them all, and each fault is found by its own check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_mofs import NAMES, known

from crystal_studio.crystal.batches import Structures
from crystal_studio.mof.bonds import perceive_bonds
from crystal_studio.mof.surroundings import Surroundings
from crystal_studio.mof.validity import CHECKS, check

UNKNOWN = ("charge", "pore")


def test_known_frameworks_are_valid() -> None:
    found = check(known(*NAMES))
    assert [found.failures(i) for i in range(len(NAMES))] == [[]] * len(NAMES)
    assert found.valid.all()
    columns = [list(CHECKS).index(name) for name in UNKNOWN]
    assert (found.passed[:, columns] == -1).all() and (np.delete(found.passed, columns, 1) == 1).all()


def test_pores_and_charges_count_where_they_are_known() -> None:
    structures = known("MOF-5", "ZIF-8")
    charge = np.concatenate([np.full(structures.n_atoms[0], 0.5), np.full(structures.n_atoms[1], np.nan)])
    found = check(structures, pore=np.array([7.9, 2.3]), charge=charge)
    assert found.failures(0) == [] and found.failures(1) == ["pore"]
    assert found.valid.tolist() == [True, False]
    charge[3] = -3.2
    assert check(structures, charge=charge).failures(0) == ["charge"]


@pytest.mark.parametrize(
    ("number", "charge", "failures"), [(40, 3.14, []), (40, 4.1, ["charge"]), (30, 3.14, ["charge"])]
)
def test_an_atom_may_bear_as_much_as_its_usual_ion(number: int, charge: float, failures: list[str]) -> None:
    """EQeq gives zirconium in UiO-66 3.14 e."""
    lattice, numbers, positions = known("MOF-5").cell(0)
    metal = int(np.flatnonzero(numbers == 30)[0])
    one = Structures.from_lists([lattice], [np.where(numbers == 30, number, numbers)], [positions])
    charges = np.zeros(len(numbers))
    charges[metal] = charge
    assert check(one, charge=charges).failures(0) == failures


def test_bonds_are_those_that_are_stated() -> None:
    """Where the bonds of a framework are stated, no others are perceived: without its linkers' bonds it is pieces."""
    structures = known("MOF-5")
    bonds = perceive_bonds(structures)
    inner = np.isin(structures.numbers[bonds.atoms], (6,)).all(1)
    fewer = replace(
        bonds,
        offsets=np.array([0, int((~inner).sum())]),
        atoms=bonds.atoms[~inner],
        image=bonds.image[~inner],
        order=bonds.order[~inner],
    )
    assert "lone_molecule" in check(structures, fewer).failures(0)
    assert check(structures, fewer.none(1)).failures(0) == []


def changed(name: str, numbers: dict[int, int] | None = None, drop: list[int] | None = None) -> Structures:
    """A known framework with atoms of other elements or without some."""
    lattice, z, x = known(name).cell(0)
    z = z.copy()
    for atom, number in (numbers or {}).items():
        z[atom] = number
    kept = ~np.isin(np.arange(len(z)), drop or [])
    return Structures.from_lists([lattice], [z[kept]], [x[kept]])


def atoms(name: str, number: int) -> list[int]:
    return np.flatnonzero(known(name).numbers == number).tolist()


def added(name: str, numbers: list[int], place: np.ndarray) -> Structures:
    lattice, z, x = known(name).cell(0)
    more = place.reshape(-1, 3) @ np.linalg.inv(lattice)
    return Structures.from_lists([lattice], [np.r_[z, numbers]], [np.concatenate([x, more])])


def cartesian(name: str, atom: int) -> np.ndarray:
    lattice, _, x = known(name).cell(0)
    return x[atom] @ lattice


def test_composition() -> None:
    metals = atoms("MOF-5", 30)
    assert "metal" in check(changed("MOF-5", dict.fromkeys(metals, 14))).failures(0)
    assert "hydrogen" in check(changed("MOF-5", drop=atoms("MOF-5", 1))).failures(0)
    assert "carbon" in check(changed("MOF-5", dict.fromkeys(atoms("MOF-5", 6), 5))).failures(0)


def test_a_missing_hydrogen() -> None:
    """Of a ring's carbon; the other checks still pass."""
    assert check(changed("MOF-5", drop=atoms("MOF-5", 1)[:1])).failures(0) == ["carbon_under"]


def pairs_of(structures: Structures) -> tuple[np.ndarray, np.ndarray]:
    bonds = perceive_bonds(structures, orders=False)
    return bonds.atoms.astype(int), bonds.image.astype(int)


def test_too_many_neighbours() -> None:
    carbon = atoms("ZIF-8", 6)
    around = Surroundings.of(*known("ZIF-8").cell(0), *pairs_of(known("ZIF-8")))
    methyl = next(c for c in carbon if around.degree[c] == 4)
    between = around.vectors(methyl)[:2].sum(0)
    beside = cartesian("ZIF-8", methyl) + 1.4 * between / np.linalg.norm(between)
    assert "carbon_over" in check(added("ZIF-8", [9], beside)).failures(0)
    assert "hydrogen_over" in molecule([8, 1, 8], [[0, 0, 0], [1.05, 0, 0], [2.1, 0, 0]])
    on_top = cartesian("ZIF-8", carbon[0]) + np.array([0.3, 0.0, 0.0])
    assert "overlap" in check(added("ZIF-8", [8], on_top)).failures(0)


def pore(name: str) -> np.ndarray:
    lattice, _, x = known(name).cell(0)
    grid = np.stack(np.meshgrid(*[np.arange(12) / 12] * 3, indexing="ij"), -1).reshape(-1, 3)
    apart = grid[:, None] - x[None]
    apart -= np.rint(apart)
    return grid[np.linalg.norm(apart @ lattice, axis=2).min(1).argmax()] @ lattice


def test_a_molecule_in_the_pore() -> None:
    place = pore("MOF-5")
    water = place + np.array([[0, 0, 0], [0.76, 0.59, 0], [-0.76, 0.59, 0]])
    assert check(added("MOF-5", [8, 1, 1], water)).failures(0) == ["lone_molecule"]


def molecule(numbers: list[int], places: list[list[float]]) -> list[str]:
    box = Structures.from_lists([np.eye(3) * 25], [np.array(numbers)], [np.array(places) / 25 + 0.4])
    return check(box).failures(0)


def test_metals() -> None:
    """A terminal oxide of copper, magnesium with three neighbours, one on one side of three oxygens."""
    oxo = molecule([29, 8], [[0, 0, 0], [1.7, 0, 0]])
    assert "terminal_oxo" in oxo
    assert "terminal_oxo" not in molecule([23, 8], [[0, 0, 0], [1.6, 0, 0]])
    flat = [[2.0 * np.cos(a), 2.0 * np.sin(a), 0] for a in (0, 2.1, 4.2)]
    assert "alkali_under" in molecule([12, 8, 8, 8], [[0, 0, 0], *flat])
    assert "rare_earth_under" in molecule([57, 8, 8, 8], [[0, 0, 0], *flat])
    side = [[1.3 * np.cos(a), 1.3 * np.sin(a), 1.5] for a in (0, 2.1, 4.2)]
    assert "exposed_metal" in molecule([29, 8, 8, 8], [[0, 0, 0], *side])
    square = [[1.95, 0, 0], [-1.95, 0, 0], [0, 1.95, 0], [0, -1.95, 0]]
    assert "exposed_metal" not in molecule([29, 8, 8, 8, 8], [[0, 0, 0], *square])


@pytest.mark.parametrize(("hydrogens", "fault"), [(1, False), (0, True)])
def test_nitrogen(hydrogens: int, fault: bool) -> None:
    """Diphenylamine-like nitrogen with and without its hydrogen; pyridine needs none."""
    places = [[0, 0, 0], [1.21, 0.72, 0], [-1.21, 0.72, 0], [0, -1.01, 0]]
    ends = [[1.21, 2.1, 0], [2.4, 0.0, 0], [-1.21, 2.1, 0], [-2.4, 0.0, 0]]
    numbers = [7, 6, 6, *[1] * hydrogens, 6, 6, 6, 6]
    found = molecule(numbers, [*places[: 3 + hydrogens], *ends])
    assert ("nitrogen_under" in found) == fault
    ring = [[1.38 * np.cos(a), 1.38 * np.sin(a), 0] for a in np.arange(6) * np.pi / 3]
    outer = [[2.46 * np.cos(a), 2.46 * np.sin(a), 0] for a in np.arange(1, 6) * np.pi / 3]
    assert "nitrogen_under" not in molecule([7, 6, 6, 6, 6, 6, 1, 1, 1, 1, 1], [*ring, *outer])
