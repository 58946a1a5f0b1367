"""Grand-canonical Monte Carlo of gases in a rigid framework that was looked at beforehand everywhere in its cell.

What the framework does to a molecule is known on a grid of places and directions (``co2_boltzmann.py``). Molecules are
put in where they are expected to be, by Langmuir's isotherm in each place, and lie as the framework has them; what is
left to chance is how they disturb each other. Many copies of the framework take their steps together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.element_data import MASSES
from crystal_studio.mof.co2_boltzmann import LAYS, boltzmann, energies, lays
from crystal_studio.mof.co2_estimate import DENSEST, K_B, crowding
from crystal_studio.mof.co2_field import COULOMB, Field, field
from crystal_studio.mof.force_field import GASES
from crystal_studio.mof.gcmc import Loading, State

COPIES = 64
"""Simulations that run side by side."""
ROUNDS = 8
"""So often, at most, as many steps as were asked for are averaged over, until the loading stands still."""
SPACING = 0.15
"""Angstrom between points of the grid: at 0.25, narrow pores take up a tenth too much."""
REACH = 12.8
"""Angstrom between centres of two molecules that feel each other, at most: half the width of the cell."""
_LEAST_WIDTH = 20.0
"""Angstrom between opposite faces of the cell that is simulated."""
_HARD = 1.2
"""Angstrom: two sites that are nearer are as hard as at this distance."""
_MOST = 250
"""Molecules in a cell, at most."""
_OF_CO2 = 0.75
"""Share of the steps that are of CO2, where there is another gas."""


@dataclass(frozen=True)
class Proposals:
    """P molecules of one gas to put in: sites (P, 3, 3) Cartesian (end, centre, end), and the logarithm of their
    density in the framework alone over that with which they are drawn; ``expected``: so many in the cell."""

    sites: NDArray[np.float32]
    weight: NDArray[np.float32]
    expected: float


def loadings(
    lattice: NDArray[np.float64],
    numbers: NDArray,
    positions: NDArray[np.float64],
    charges: NDArray[np.float64],
    states: Mapping[str, State],
    steps: tuple[int, int] = (400, 400),
    seed: int = 1,
    spacing: float = SPACING,
) -> dict[str, Loading]:
    """CO2 that one sound crystal of elements that UFF knows takes up in each state: mmol/g with one standard error.

    lattice (3, 3), numbers (n,), positions (n, 3) fractional, charges (n,) in e; ``steps`` of each copy to settle and,
    at least, to average over: it goes on, up to eight times as long, until two averages in sequence agree. ``spacing``
    of the grid in Angstrom.
    """
    gases = sorted({gas for state in states.values() for gas in state.fractions})
    fields = {gas: field(lattice, numbers, positions, charges, GASES[gas], spacing) for gas in gases}
    temperatures = sorted({state.temperature for state in states.values()})
    factors = {gas: boltzmann(fields[gas], temperatures) for gas in gases}
    any_field = next(iter(fields.values()))
    widths = 1 / np.linalg.norm(np.linalg.inv(any_field.lattice), axis=0)
    times = np.ceil(_LEAST_WIDTH / widths).astype(int)
    kilograms = times.prod() * MASSES[numbers].sum() / 1000
    found = {}
    for name, state in states.items():
        rng = np.random.default_rng(seed)
        of_gases = []
        for gas in state.fractions:
            factor = factors[gas][temperatures.index(state.temperature)].factor
            pressure = state.pressure * state.fractions[gas]
            most = steps[0] + ROUNDS * steps[1]
            of_gases.append(_proposals(fields[gas], factor, state.temperature, pressure, times, most, rng))
        rounds = _run(
            list(state.fractions), of_gases, any_field.lattice * times[:, None], state.temperature, steps, rng
        )
        co2 = list(state.fractions).index("CO2")
        found[name] = _settled(counts[:, co2] / kilograms for counts in rounds)
    return found


def _settled(rounds: Iterator[NDArray[np.float64]]) -> Loading:
    """From averages (COPIES,) of one round after the other: the last two that agree, copy by copy."""
    last = next(rounds)
    for own in rounds:
        moved = own - last
        drift, chance = float(moved.mean()), float(moved.std(ddof=1) / len(moved) ** 0.5)
        both, last = (own + last) / 2, own
        if still := abs(drift) <= 2 * chance + 1e-12:
            break
    error = float(both.std(ddof=1) / len(both) ** 0.5)
    return Loading(float((both if still else last).mean()), error if still else float(np.hypot(error, drift)), still)


def _proposals(
    field: Field,
    factor: NDArray[np.float32],
    temperature: float,
    pressure: float,
    times: NDArray[np.int64],
    steps: int,
    rng: np.random.Generator,
) -> Proposals:
    """One for each copy and step, drawn from what Langmuir's isotherm expects in each place."""
    ideal = pressure / (K_B * temperature) * factor.astype(np.float64)
    ideal = np.minimum(ideal, DENSEST)
    expected = ideal / (1 + crowding(ideal, field.lattice))
    whole = float(expected.sum())
    share = expected.ravel() / whole
    count = COPIES * steps
    chosen = rng.choice(len(share), count, p=share)
    points = np.stack(np.unravel_index(chosen, factor.shape), 1)
    lay, total = np.zeros(count, np.int64), np.zeros(count)
    for k, u in enumerate(energies(field, LAYS)):
        own = np.exp(-np.clip(u.ravel()[chosen].astype(np.float64) / temperature, -60, 60))
        total += own
        lay[rng.random(count) * total < own] = k
    cells = np.stack([rng.integers(t, size=count) for t in times], 1)
    centre = points @ field.step + cells @ field.lattice
    away = field.bond * lays(LAYS)[lay]
    voxel = abs(float(np.linalg.det(field.step)))
    weight = np.log(ideal.ravel()[chosen] * voxel / share[chosen] * times.prod())
    sites = np.stack([centre + away, centre, centre - away], 1).astype(np.float32)
    return Proposals(sites, weight.astype(np.float32), whole * voxel * float(times.prod()))


def _run(
    names: Sequence[str],
    proposals: Sequence[Proposals],
    lattice: NDArray[np.float64],
    temperature: float,
    steps: tuple[int, int],
    rng: np.random.Generator,
) -> Iterator[NDArray[np.float64]]:
    """(COPIES, G) mean molecules of each gas in one round after the other, after settling."""
    pairs = _Pairs(names, lattice, temperature)
    sites = np.zeros((COPIES, _MOST, 3, 3), np.float32)
    weight = np.zeros((COPIES, _MOST), np.float32)
    kind = np.zeros((COPIES, _MOST), np.int64)
    n, copies = np.zeros(COPIES, np.int64), np.arange(COPIES)
    sums = np.zeros((COPIES, len(names)))
    chance = np.where(np.array(names) == "CO2", _OF_CO2, (1 - _OF_CO2) / max(len(names) - 1, 1))
    chance /= chance.sum()
    filling = [g for g, gas in enumerate(proposals) for _ in range(min(int(gas.expected), steps[0] // 2))]
    for step in range(steps[0] + ROUNDS * steps[1]):
        fill = step < len(filling)
        gas = filling[step] if fill else int(rng.choice(len(names), p=chance))
        own = np.where(np.arange(_MOST) < n[:, None], kind == gas, False)
        of_gas = own.sum(1)
        inserts = (rng.random(COPIES) < 0.5) | fill
        rows = step * COPIES + copies
        at = (own.cumsum(1) > (rng.random(COPIES) * of_gas)[:, None]).argmax(1)  # one of this gas at random
        at = np.where(inserts, n, at)
        new = np.where(inserts[:, None, None], proposals[gas].sites[rows], sites[copies, np.minimum(at, _MOST - 1)])
        value = np.where(inserts, proposals[gas].weight[rows], weight[copies, np.minimum(at, _MOST - 1)])
        energy = pairs.energy(new, gas, sites, kind, n, np.where(inserts, -1, at))
        sign = np.where(inserts, 1.0, -1.0)
        log_chance = sign * (value - energy - np.log(np.maximum(of_gas + inserts, 1)))
        taken = np.log(rng.random(COPIES)) < log_chance
        taken &= np.where(inserts, n < _MOST, of_gas > 0)
        put, gone = copies[taken & inserts], copies[taken & ~inserts]
        sites[put, at[put]], weight[put, at[put]], kind[put, at[put]] = new[put], value[put], gas
        n[put] += 1
        last = n[gone] - 1
        sites[gone, at[gone]], weight[gone, at[gone]] = sites[gone, last], weight[gone, last]
        kind[gone, at[gone]] = kind[gone, last]
        n[gone] -= 1
        if step >= steps[0]:
            there = np.arange(_MOST) < n[:, None]
            sums += np.stack([(there & (kind == g)).sum(1) for g in range(len(names))], 1)
            if (step + 1 - steps[0]) % steps[1] == 0:
                yield sums / steps[1]
                sums[:] = 0


class _Pairs:
    """Energies between molecules, in units of the temperature."""

    def __init__(self, names: Sequence[str], lattice: NDArray[np.float64], temperature: float) -> None:
        self.lattice, self.inverse = lattice.astype(np.float32), np.linalg.inv(lattice).astype(np.float32)
        self.reach = min(REACH, 0.5 / float(np.linalg.norm(np.linalg.inv(lattice), axis=0).max()))
        of = [[GASES[name].end, GASES[name].centre, GASES[name].end] for name in names]
        diameter, depth, charge = (
            np.array([[getattr(s, f) for s in row] for row in of]) for f in ("diameter", "depth", "charge")
        )
        mean = (diameter[:, None, :, None] + diameter[None, :, None, :]) / 2
        self.six = (mean**6).astype(np.float32)
        self.depth = (4 * np.sqrt(depth[:, None, :, None] * depth[None, :, None, :]) / temperature).astype(np.float32)
        self.charge = (COULOMB * charge[:, None, :, None] * charge[None, :, None, :] / temperature).astype(np.float32)

    def energy(
        self,
        new: NDArray[np.float32],
        gas: int,
        sites: NDArray[np.float32],
        kind: NDArray[np.int64],
        n: NDArray[np.int64],
        without: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """(C,) of molecules (C, 3, 3) with all others in their cells but number ``without``."""
        most = int(n.max())
        if not most:
            return np.zeros(len(new))
        others, types = sites[:, :most], kind[:, :most]
        apart = new[:, None, 1] - others[:, :, 1]
        image = np.rint(apart @ self.inverse) @ self.lattice
        apart = apart - image
        row = np.arange(most)
        near = (apart**2).sum(-1) < self.reach**2
        near &= (row < n[:, None]) & (row != without[:, None])
        copy, molecule = np.nonzero(near)
        r = (new[copy] - image[copy, molecule][:, None])[:, :, None] - others[copy, molecule][:, None]
        square = np.maximum((r**2).sum(-1), np.float32(_HARD**2))
        both = types[copy, molecule]
        six = self.six[gas][both] / square**3
        pair = self.depth[gas][both] * (six * six - six) + self.charge[gas][both] / np.sqrt(square)
        return np.bincount(copy, pair.sum((1, 2)), len(new)).astype(float)
