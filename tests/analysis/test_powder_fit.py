"""A measured pattern is found again by a crystal whose cell is off, and by no other."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.analysis.powder import Measured, agreement, pattern, profile
from crystal_studio.analysis.powder_fit import fit, symmetric_strains
from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.lattice import from_parameters
from crystal_studio.design.fixed_sites import wyckoff_row

COPPER = 1.54184
PHASES = {
    "perovskite": (62, (5.442, 7.640, 5.380, 90, 90, 90), [
        ("Ca", "4c", (0.0356, 0.25, 0.9930)), ("Ti", "4b", (0, 0, 0.5)),
        ("O", "4c", (0.4838, 0.25, 0.0716)), ("O", "8d", (0.2889, 0.0372, 0.7108)),
    ]),
    "rutile": (136, (4.594, 4.594, 2.959, 90, 90, 90), [("Ti", "2a", (0, 0, 0)), ("O", "4f", (0.305, 0.305, 0))]),
    "rock salt": (225, (5.640, 5.640, 5.640, 90, 90, 90), [("Na", "4a", (0, 0, 0)), ("Cl", "4b", (0.5, 0.5, 0.5))]),
    "calcite": (167, (4.990, 4.990, 17.06, 90, 90, 120), [
        ("Ca", "6b", (0, 0, 0)), ("C", "6a", (0, 0, 0.25)), ("O", "18e", (0.2568, 0, 0.25)),
    ]),
}  # fmt: skip
"""Space group, cell and orbits; Liu and Liebermann (1993), Swope et al. (1995), Maslen et al. (1995)."""


def phase(name: str) -> Structures:
    group, cell, orbits = PHASES[name]
    return expand(
        AsymmetricUnits(
            np.array([group], np.int16),
            from_parameters(np.array([cell], float)),
            np.array([[atomic_number(e) for e, _, _ in orbits]], np.int16),
            np.array([[wyckoff_row(group, w) for _, w, _ in orbits]], np.int16),
            np.array([[x for _, _, x in orbits]], float) % 1.0,
        )
    )


def measured(name: str) -> Measured:
    """As a diffractometer gives it: reflections narrower than assumed, on a background, with counting noise."""
    angle = np.arange(10, 80, 0.02)
    heights = profile(pattern(phase(name), COPPER, (8, 84)), angle, 0.12)
    counts = heights / heights.max() * 1000 + 40 + 60 * np.exp(-angle / 20)
    return Measured(angle, np.random.default_rng(0).poisson(counts).astype(float))


def stretched(crystal: Structures, by: float, seed: int = 0) -> Structures:
    """By a strain that its symmetry allows, of this largest relative change."""
    lattice, numbers, positions = crystal.cell(0)
    allowed = symmetric_strains(lattice, numbers, positions)
    strain = np.einsum("n,nab->ab", np.random.default_rng(seed).normal(size=len(allowed)), allowed)
    strain *= by / np.abs(np.linalg.eigvalsh(strain)).max()
    return Structures.from_lists([lattice @ (np.eye(3) + strain)], [numbers], [positions])


@pytest.mark.parametrize(("name", "free"), [("perovskite", 3), ("rutile", 2), ("rock salt", 1), ("calcite", 2)])
def test_strains_keep_the_symmetry(name, free):
    strains = symmetric_strains(*phase(name).cell(0))
    assert len(strains) == free and np.allclose(strains[0], np.eye(3) / np.sqrt(3))
    assert np.allclose(np.einsum("nab,mab->nm", strains, strains), np.eye(free), atol=1e-9)


@pytest.mark.parametrize("name", PHASES)
@pytest.mark.parametrize("off", [0.0, 0.01, 0.04])
def test_a_cell_that_is_off_is_stretched_to_fit(name, off):
    truth = measured(name)
    best = agreement(pattern(phase(name), COPPER), truth)
    found = fit(stretched(phase(name), off) if off else phase(name), truth, COPPER)
    assert found.agreement > best - 0.02 > 0.85
    assert abs(found.largest) == pytest.approx(off, abs=0.004)
    if off:
        assert agreement(pattern(stretched(phase(name), off), COPPER), truth) < found.agreement - 0.1


def test_other_crystals_do_not_fit():
    truth = measured("perovskite")
    alike = {name: fit(stretched(phase(name), 0.02), truth, COPPER).agreement for name in PHASES}
    assert max(alike, key=alike.__getitem__) == "perovskite"
    assert max(value for name, value in alike.items() if name != "perovskite") < 0.5


def test_a_cell_further_off_than_allowed_stays_within_it():
    found = fit(stretched(phase("rock salt"), 0.08), measured("rock salt"), COPPER, most=0.03)
    assert abs(found.largest) <= 0.03 + 1e-9 and found.agreement < 0.5


def test_without_stretching_the_agreement_is_that_of_the_cell_as_it_is():
    crystal, truth = stretched(phase("rutile"), 0.01), measured("rutile")
    found = fit(crystal, truth, COPPER, most=0.0)
    assert (
        found.agreement == pytest.approx(agreement(pattern(crystal, COPPER, (10, 79.98)), truth)) and found.largest == 0
    )
