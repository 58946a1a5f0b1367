"""Charges: two atoms by hand, the same in every cell, and those that others have computed."""

from __future__ import annotations

import numpy as np
import pytest
from known_mofs import known

from crystal_studio.conformance.samples import doubled
from crystal_studio.mof import eqeq
from crystal_studio.mof.eqeq import charges


def of_element(name: str, number: int) -> np.ndarray:
    lattice, numbers, x = known(name).cell(0)
    return charges(lattice, numbers, x)[numbers == number]


def test_two_atoms_far_from_their_images() -> None:
    """Lithium fluoride in a large box: Q = (X2 - X1) / (J1 + J2 - 2 J12), X and J from ionisation energies in eV."""
    first, second, distance = (75.64, 5.392), (17.423, 3.4), 1.564
    x1, j1 = (first[0] + first[1]) / 2 - (first[0] - first[1]), first[0] - first[1]
    x2, j2 = (second[0] + second[1]) / 2, second[0] - second[1]
    a = np.sqrt(j1 * j2) / 14.4
    overlap = np.exp(-((a * distance) ** 2)) * (2 * a - a * a * distance - 1 / distance)
    wanted = (x2 - x1) / (j1 + j2 - 2 * 1.2 * 7.2 * (1 / distance + overlap))
    found = charges(80.0 * np.eye(3), np.array([3, 9]), np.array([[0, 0, 0], [distance / 80, 0, 0]]))
    assert found == pytest.approx([wanted, -wanted], abs=2e-3)


def test_a_cell_and_its_double_bear_the_same_charges() -> None:
    one, two = known("Mg-MOF-74"), doubled(known("Mg-MOF-74"))
    found = charges(*one.cell(0))
    assert found.sum() == pytest.approx(0, abs=1e-9)
    assert charges(*two.cell(0)) == pytest.approx(np.tile(found, 2), abs=1e-6)


def test_how_far_is_summed_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    found = charges(*known("ZIF-8").cell(0))
    monkeypatch.setattr(eqeq, "REACH", 15.0)
    monkeypatch.setattr(eqeq, "_SPLIT", 3.4 / 15.0)
    assert charges(*known("ZIF-8").cell(0)) == pytest.approx(found, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "number", "low", "high"),
    [
        ("HKUST-1", 29, 0.909, 0.909),
        ("HKUST-1", 8, -0.410, -0.410),
        ("MOF-5", 30, 1.210, 1.210),
        ("Mg-MOF-74", 12, 1.466, 1.466),
        ("ZIF-8", 7, -0.311, -0.310),
        ("UiO-66", 40, 3.13, 3.16),
    ],
)
def test_known_frameworks(name: str, number: int, low: float, high: float) -> None:
    """By mofchecker-next 0.1.2, its sums carried until they no longer change."""
    found = of_element(name, number)
    assert found.min() > low - 0.002 and found.max() < high + 0.002


def test_what_cannot_be_known() -> None:
    assert np.isnan(charges(5 * np.eye(3), np.array([112, 8]), np.array([[0, 0, 0], [0.5, 0, 0]]))).all()
    assert np.isnan(charges(5 * np.eye(3), np.array([8, 8]), np.zeros((2, 3)))).all()
