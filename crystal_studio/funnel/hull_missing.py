"""Phases of the reference hull that have no structure among the data; part of building the hull."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.element_data import COVALENT_RADII
from crystal_studio.crystal.elements import atomic_number
from crystal_studio.crystal.formula import parse_formula
from crystal_studio.data.hull import CALIBRATED, RELAXED, WIDTH, ReferenceHull
from crystal_studio.potentials.protocol import Potential

FCC_METALS = ("Ir", "Rh")
"""Elements without a structure among the data; both are face-centred cubic."""

RIDGE = 1.0


def fcc_metal(element: int) -> Structures:
    """Primitive face-centred cubic cell with atoms 2.05 covalent radii apart, one row."""
    edges = 2.05 * COVALENT_RADII[element] / np.sqrt(2) * (1 - np.eye(3))
    return Structures.from_lists([edges], [np.array([element])], [np.zeros((1, 3))])


def missing_elements(hull: ReferenceHull, potential: Potential) -> ReferenceHull:
    """The hull with the metals that it lacks, relaxed."""
    for symbol in FCC_METALS:
        z = atomic_number(symbol)
        if np.isfinite(hull.elemental[z]):
            continue
        energy = potential.relax(fcc_metal(z), 200, 0.02).energy_per_atom
        atoms = np.zeros((1, WIDTH), int)
        atoms[0, z] = 1
        hull = hull.extended(atoms, energy, np.array([f"{symbol}-fcc"]), RELAXED)
    return hull


def calibrated(hull: ReferenceHull, published: NDArray, path: Path) -> tuple[ReferenceHull, float]:
    """The hull with the published on-hull phases that it lacks, and the mean absolute error of the fit (eV/atom).

    ``published`` (P,) formation energies of the first P phases of the hull. Their
    differences from the potential's formation energies are fitted by one number an
    element; published energies plus that fit stand for the missing phases.
    """
    import pyarrow.parquet as pq

    known = np.isfinite(hull.elemental)
    elemental = np.nan_to_num(hull.elemental)
    x = hull.composition[: len(published)]
    usable = ~(x[:, ~known] > 0).any(1)
    x = x[usable]
    difference = hull.energy[: len(published)][usable] - x @ elemental - published[usable]
    shift = np.linalg.solve(x.T @ x + RIDGE * np.eye(WIDTH), x.T @ difference)
    residual = float(np.abs(difference - x @ shift).mean())

    table = pq.read_table(path, columns=["formula", "formation_energy_per_atom", "source_id", "on_hull"]).to_pydict()
    have = {tuple(row) for row in hull.counts.tolist()}
    atoms, energies, ids = [], [], []
    for formula, energy, name, on_hull in zip(*table.values(), strict=True):
        if not on_hull:
            continue
        row = np.zeros(WIDTH, int)
        for symbol, n in parse_formula(formula).items():
            row[atomic_number(symbol)] = n
        row //= np.gcd.reduce(row)
        if tuple(row.tolist()) in have or (row[~known] > 0).any():
            continue
        fraction = row / row.sum()
        atoms.append(row)
        energies.append(energy + fraction @ (elemental + shift))
        ids.append(name)
    if not atoms:
        return hull, residual
    return hull.extended(np.array(atoms), np.array(energies), np.array(ids), CALIBRATED), residual
