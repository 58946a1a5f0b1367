"""Analyses of crystals whose answers are in the textbooks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crystal_studio.analysis import powder
from crystal_studio.analysis.coordination import coordination
from crystal_studio.analysis.distances import radial_distribution
from crystal_studio.analysis.elastic import GPA, averages, elastic
from crystal_studio.analysis.phase_diagram import phase_diagram
from crystal_studio.analysis.vibrations import vibrations
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.neighbours import neighbours_within
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.errors import FileError
from crystal_studio.potentials.one_by_one import Energies, OneByOne

FCC = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
ROCK_SALT = np.concatenate([FCC, (FCC + np.array([0.5, 0, 0])) % 1])
SALT = Structures.from_lists([5.64 * np.eye(3)], [[11] * 4 + [17] * 4], [ROCK_SALT])
COPPER = Structures.from_lists([4.0 * np.eye(3)], [[29] * 4], [FCC])


class Springs(OneByOne):
    """Springs of 2 eV/Angstrom^2 between nearest neighbours at rest, 4 / sqrt(2) Angstrom apart."""

    name = title = "springs"

    def evaluation_of(self, lattice: np.ndarray, numbers: np.ndarray, positions: np.ndarray) -> Energies:
        i, j, image, r = neighbours_within(lattice, positions, 3.4)
        vector = (positions[j] + image - positions[i]) @ lattice
        stretch = r - 4.0 / np.sqrt(2)
        pull = (2.0 * stretch / r)[:, None] * vector
        forces = np.zeros((len(numbers), 3))
        np.add.at(forces, i, pull)
        stress = 0.5 * np.einsum("na,nb->ab", pull, vector) / abs(np.linalg.det(lattice))
        return Energies(0.5 * float((stretch**2).sum()), forces, stress)


def test_reflections_of_rock_salt() -> None:
    """All even or all odd; 200 is the strongest, at Bragg's angle."""
    found = powder.pattern(SALT)
    strongest = int(np.argmax(found.values["intensity"]))
    assert found.values["hkl"][strongest] == "(2 0 0)" and found.values["multiplicity"][strongest] == 6
    bragg = 2 * np.degrees(np.arcsin(powder.WAVELENGTH / 5.64))
    assert found.values["two_theta"][strongest] == pytest.approx(bragg, abs=1e-3)
    families = [np.array([int(w) for w in h.split(",")[0].strip("()").split()]) for h in found.values["hkl"]]
    assert all(len(set(family % 2)) == 1 for family in families)


def test_a_measured_pattern_is_told_from_that_of_another_crystal(tmp_path: Path) -> None:
    angle = np.arange(10, 80, 0.02)
    reflections = powder.pattern(SALT)
    rng = np.random.default_rng(0)
    counts_ = 40 * powder.profile(reflections, angle, 0.2) + 300 + rng.normal(0, 10, len(angle))
    file = tmp_path / "sample.xy"
    file.write_text("# angle counts\n" + "\n".join(f"{a:.3f} {c:.1f}" for a, c in zip(angle, counts_, strict=True)))
    measured = powder.read_measured(file)
    assert len(measured.angle) == len(angle)
    assert powder.agreement(reflections, measured) > 0.95
    assert powder.agreement(powder.pattern(COPPER), measured) < 0.3
    (tmp_path / "no.xy").write_text("nothing here\n")
    with pytest.raises(FileError, match="holds no pattern"):
        powder.read_measured(tmp_path / "no.xy")


def test_twelve_neighbours_under_the_first_peak_of_copper() -> None:
    found = radial_distribution(COPPER)
    r, g = (np.array(found.values[key]) for key in ("r", "total"))
    first = r < 3.4
    density = 4 / 64.0
    assert (4 * np.pi * density * r**2 * g)[first].sum() * (r[1] - r[0]) == pytest.approx(12, rel=1e-3)
    assert found.figures[0][1] == pytest.approx(4 / np.sqrt(2))
    pairs = radial_distribution(SALT).values
    assert set(pairs) == {"r", "total", "Na-Na", "Na-Cl", "Cl-Cl"}


def test_sodium_has_six_chlorine_neighbours_and_one_bond_valence() -> None:
    rows = coordination(SALT).rows
    assert [row["element"] for row in rows] == ["Na", "Cl"] and [row["atoms"] for row in rows] == [1, 1]
    assert [row["neighbours"] for row in rows] == ["6 Cl", "6 Na"]
    assert [row["oxidation_state"] for row in rows] == [1.0, -1.0]
    assert rows[0]["bond_valence"] == pytest.approx(1.0, abs=0.2)
    assert rows[0]["mean_distance"] == pytest.approx(2.82)


def test_elastic_constants_of_springs_between_nearest_neighbours() -> None:
    """c11 = 2k/a, c12 = c44 = k/a for a face-centred cubic crystal of central forces (Cauchy's relation)."""
    found = elastic(Springs(), COPPER)
    tensor = np.array([[row[f"c{j}"] for j in range(1, 7)] for row in found.rows])
    unit = 2.0 / 4.0 * GPA
    cubic = unit * (np.eye(6) + np.pad(np.ones((3, 3)), (0, 3)) * (1 - np.eye(6)) + np.diag([1, 1, 1, 0, 0, 0]))
    assert np.allclose(tensor, cubic, atol=0.02 * unit)
    bulk, shear = averages(cubic)
    assert bulk == pytest.approx((4 / 3 * unit, 4 / 3 * unit))
    assert shear[0] == pytest.approx((unit + 3 * unit) / 5) and shear[1] < shear[0]
    assert {title: value for title, value, _ in found.figures}["Mechanically stable"] == "yes"
    assert vibrations(Springs(), COPPER).figures[0][1] > -1e-3


def test_the_hull_of_a_binary_system_with_a_candidate() -> None:
    hull = ReferenceHull.load()
    found = phase_diagram(hull, counts(SALT), np.array([-3.0]))
    assert found.title == "Convex hull of Na-Cl"
    rows = found.rows
    known = {row["formula"]: row for row in rows if row["id"]}
    assert known["NaCl"]["e_hull"] == 0 and known["NaCl"]["formation_energy"] < -1.5
    assert {row["x_Na"] for row in rows if row["formula"] in ("Na", "Cl2", "Cl")} == {0.0, 1.0}
    assert rows[-1]["id"] == "" and rows[-1]["e_hull"] > 0.3
    assert all(row["x_Na"] + row["x_Cl"] == pytest.approx(1) for row in rows)
    assert phase_diagram(hull, counts(SALT)).rows[-1]["e_hull"] is None
