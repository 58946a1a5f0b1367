"""How many neighbours are how far: the radial distribution function of a crystal."""

from __future__ import annotations

import numpy as np

from crystal_studio.analysis.protocol import Analysis, Column
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.neighbours import neighbours_within

REACH, STEP, WIDTH = 10.0, 0.02, 0.1
"""Angstrom: the longest distance, between two values, and the deviation by which distances are broadened."""


def radial_distribution(crystal: Structures, reach: float = REACH, width: float = WIDTH) -> Analysis:
    """g(r) of one crystal (B = 1), of all atoms and of each pair of elements; 1 where they were spread evenly."""
    lattice, numbers, positions = crystal.lattice[0], crystal.numbers, crystal.positions
    first, second, _, distance = neighbours_within(lattice, positions, reach + 4 * width)
    r = np.arange(STEP, reach + STEP / 2, STEP)
    volume = float(crystal.volume[0])
    kinds = np.unique(numbers)
    columns = {"r": Column("r", "Å", ".2f"), "total": Column("g(r)", "", ".3f")}
    values = {"r": r.tolist(), "total": _spread(r, distance, width, len(numbers) ** 2 / volume).tolist()}
    for at, a in enumerate(kinds):
        for b in kinds[at:]:
            pair = f"{SYMBOLS[a]}-{SYMBOLS[b]}"
            chosen = (numbers[first] == a) & (numbers[second] == b)
            even = int((numbers == a).sum()) * int((numbers == b).sum()) / volume
            columns[pair] = Column(f"g(r) {pair}", "", ".3f")
            values[pair] = _spread(r, distance[chosen], width, even).tolist()
    nearest = float(distance.min()) if len(distance) else float("nan")
    return Analysis("Radial distribution", columns, values, (("Shortest distance", nearest, "Å"),))


def _spread(r: np.ndarray, distance: np.ndarray, width: float, even: float) -> np.ndarray:
    """Counts of directed pairs at r, broadened, over those of an even spread of density ``even`` (1/Angstrom^3)."""
    shells, counts = np.unique(np.round(distance, 4), return_counts=True)
    bell = np.exp(-0.5 * ((r[:, None] - shells) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    return bell @ counts / (4 * np.pi * r**2 * even)
