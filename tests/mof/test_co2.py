"""CO2 in a rigid framework on a grid: energies pair by pair, exact limits, and Monte Carlo that agrees with both."""

from __future__ import annotations

import numpy as np
import pytest
from known_mofs import known
from scipy.special import erfc

from crystal_studio.conformance.samples import doubled
from crystal_studio.mof.co2_boltzmann import boltzmann, energies, henry, lays
from crystal_studio.mof.co2_estimate import K_B, ROOM, crowding, estimate, known_to_uff
from crystal_studio.mof.co2_field import COULOMB, Field, field
from crystal_studio.mof.eqeq import charges
from crystal_studio.mof.force_field import CUTOFF, GASES, mixed, wells
from crystal_studio.mof.gcmc import State
from crystal_studio.mof.grid_gcmc import _settled, loadings

EMPTY = Field(24.0 * np.eye(3), *np.zeros((2, 24, 24, 24), np.float32), 1.16)


def of(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    lattice, numbers, x = known(name).cell(0)
    return lattice, numbers, x, charges(lattice, numbers, x)


def pair_by_pair(place: np.ndarray, lattice: np.ndarray, numbers: np.ndarray, x: np.ndarray, charge: np.ndarray, site):
    """Energy (K) of one site: dispersion over all images, charges by an Ewald sum of another width."""
    t = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 3, indexing="ij"), -1).reshape(-1, 3)
    r = np.linalg.norm((x[None] + t[:, None] - place) @ lattice, axis=-1)
    diameter, depth = mixed(numbers, site)
    six, edge = (diameter / r) ** 6, (diameter / CUTOFF) ** 6
    total = np.where(r < CUTOFF, 4 * depth * (six * six - six - edge * edge + edge), 0.0).sum()
    width, charge = 0.25, charge - charge.mean()
    k = np.stack(np.meshgrid(*[np.arange(-10, 11)] * 3, indexing="ij"), -1).reshape(-1, 3)
    waves = 2 * np.pi * k[(k != 0).any(1)] @ np.linalg.inv(lattice).T
    square = (waves**2).sum(1)
    phase = np.cos((x - place) @ lattice @ waves.T)
    far = 4 * np.pi / abs(np.linalg.det(lattice)) * (np.exp(-square / (4 * width**2)) / square * (charge @ phase)).sum()
    return total + COULOMB * site.charge * (far + (charge * erfc(width * r) / r).sum())


@pytest.mark.parametrize("gas", ["CO2", "N2"])
def test_the_field_is_the_sum_over_pairs(gas: str) -> None:
    lattice, numbers, x, charge = of("Mg-MOF-74")
    found = field(lattice, numbers, x, charge, GASES[gas])
    room = np.argwhere((found.end < 300) & (found.centre < 3000))
    back = found.lattice @ np.linalg.inv(lattice)
    for point in room[np.random.default_rng(0).choice(len(room), 6, replace=False)]:
        place = point / np.array(found.end.shape) @ back
        for grid, site in ((found.end, GASES[gas].end), (found.centre, GASES[gas].centre)):
            wanted = pair_by_pair(place, lattice, numbers, x, charge, site)
            assert grid[tuple(point)] == pytest.approx(wanted, abs=12, rel=0.01)


def test_an_empty_cell_holds_the_ideal_gas() -> None:
    (found,) = boltzmann(EMPTY, (300.0,))
    assert found.henry_factor == pytest.approx(1, abs=1e-6) and found.heat == pytest.approx(2.494, abs=1e-3)
    carbon = np.full(1, 6)
    assert henry(found, EMPTY.lattice, carbon) == pytest.approx(24**3 / (K_B * 300 / 1e5) / 12.011e-3, rel=1e-4)


def test_molecules_lie_evenly_in_all_directions() -> None:
    ways = lays()
    assert np.linalg.norm(ways, axis=1) == pytest.approx(1)
    assert ways.T @ ways / len(ways) == pytest.approx(np.eye(3) / 3, abs=0.02)


def test_ends_between_points_of_the_grid_are_interpolated() -> None:
    """A smooth wave of 24 A: both ends see it at their own places."""
    a = np.arange(48) / 48
    wave = np.broadcast_to(100 * np.sin(2 * np.pi * a)[:, None, None], (48, 48, 48)).astype(np.float32)
    cell = Field(24.0 * np.eye(3), wave, np.zeros((48, 48, 48), np.float32), 1.16)
    for u, way in zip(energies(cell, 5), lays(5), strict=True):
        shift = 1.16 * way[0] / 24
        wanted = 100 * (np.sin(2 * np.pi * (a + shift)) + np.sin(2 * np.pi * (a - shift)))
        assert u[:, 3, 5] == pytest.approx(wanted, abs=0.01)


def test_a_cell_and_its_double_take_up_the_same() -> None:
    one, two = known("Mg-MOF-74").cell(0), doubled(known("Mg-MOF-74")).cell(0)
    first, second = (estimate(*cell, charges(*cell)) for cell in (one, two))
    assert second.uptake == pytest.approx(first.uptake, rel=0.1)
    assert second.henry == pytest.approx(first.henry, rel=0.15)


def test_known_frameworks() -> None:
    """Open magnesium holds CO2 more strongly than MOF-5; heats of UFF and EQeq are about those that others compute."""
    strong, weak = estimate(*of("Mg-MOF-74")), estimate(*of("MOF-5"))
    assert strong.working_capacity > 3 > 0.5 > weak.working_capacity > 0.1
    assert strong.heat > 30 > 25 > weak.heat > 15


def test_a_place_holds_one_molecule_however_strongly_it_draws() -> None:
    density = np.zeros((24, 24, 24))
    density[3, 4, 5] = 1e4
    crowd = crowding(density, EMPTY.lattice)
    assert (density / (1 + crowd)).sum() == pytest.approx(1, rel=0.15)
    assert crowd[3, 4, 5] == pytest.approx(1e4, rel=0.15) and ROOM < 100


def test_monte_carlo_of_few_molecules_follows_henry() -> None:
    """At 0.001 bar molecules do not meet: the loading is the Henry coefficient times the pressure."""
    cell = of("MOF-5")
    found = loadings(*cell, {"thin": State(298.0, 100.0, {"CO2": 1.0})}, steps=(60, 500), spacing=0.3)["thin"]
    assert found.value == pytest.approx(estimate(*cell).henry * 0.001, abs=5 * found.error)
    assert 0 < found.error < 0.2 * found.value


def test_monte_carlo_of_a_mixture() -> None:
    """Warm Mg-MOF-74 under 0.1 bar: 0.62 mmol/g after 600 steps; nitrogen leaves less room."""
    lattice, numbers, x, charge = of("Mg-MOF-74")
    states = {"kept": State(363.0, 1e4, {"CO2": 1.0}), "mixed": State(363.0, 1e5, {"CO2": 0.1, "N2": 0.9})}
    found = loadings(lattice, numbers, x, charge, states, steps=(150, 150), spacing=0.3)
    assert found["kept"].value == pytest.approx(0.62, abs=0.1)
    assert found["mixed"].value < found["kept"].value + 3 * found["kept"].error


def test_a_molecule_does_not_stand_in_an_atom_whatever_its_charges_gain() -> None:
    """The middle of N2 bears a charge and nothing that keeps it away from an oxygen but its ends."""
    x = np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]])
    nitrogen = field(12.0 * np.eye(3), np.array([8, 60]), x, np.array([-1.5, 1.5]), GASES["N2"])
    factor = boltzmann(nitrogen, [298.0])[0].factor
    r = np.linalg.norm(np.stack(np.meshgrid(*[np.fft.fftfreq(n) * 12.0 for n in factor.shape], indexing="ij")), axis=0)
    assert factor[r < 1.5].max() < 1e-20 and factor[r > 5].min() > 0


def test_monte_carlo_goes_on_until_the_loading_stands_still() -> None:
    """Rounds that rise in all copies are gone over; those that never settle are told, with how far they still moved."""
    chance = np.random.default_rng(0).normal(size=(8, 64)) * 0.1
    level = np.array([1.0, 1.6, 1.9, 2.0, 2.0, 2.0, 2.0, 2.0])
    rounds = iter(level[:, None] + chance)
    found = _settled(rounds)
    assert found.still and found.value == pytest.approx(2, abs=0.06) and 0 < len(list(rounds)) < 6
    rising = _settled(iter(np.arange(8.0)[:, None] + chance))
    assert not rising.still and rising.value == pytest.approx(7, abs=0.1) and rising.error > 0.9


def test_what_uff_does_not_know() -> None:
    assert known_to_uff(np.array([1, 30, 103])) and not known_to_uff(np.array([6, 104]))
    assert np.isfinite(wells()[1:]).all() and wells()[6] == pytest.approx([3.431, 52.84], abs=0.01)
