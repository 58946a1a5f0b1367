"""Adsorption in frameworks by grand-canonical Monte Carlo: RASPA3 (Ran et al., J. Chem. Phys. 161, 114106 (2024)).

A rigid framework of UFF atoms with charges by EQeq, gases of TraPPE, in a process of its own (``gcmc_job.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.candidates.quantities import Method
from crystal_studio.crystal.element_data import MASSES
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.lattice import cell_parameters
from crystal_studio.crystal.primitive import primitive_cell
from crystal_studio.execution.other_python import ask, python_with
from crystal_studio.mof.equilibration import mean_and_error

CUTOFF = 12.8
"""Angstrom; the cells that are simulated are at least twice as wide."""

BAR = 1e5
_SCRIPT = Path(__file__).with_name("gcmc_job.py")
_RASPA, _INTERFACE = ("raspalib", "RASPA3 (raspalib)"), ("lammps-interface", "lammps-interface")


@dataclass(frozen=True)
class State:
    """A gas outside of the framework: K, Pa, and the fraction of each gas, "CO2" or "N2"."""

    temperature: float
    pressure: float
    fractions: Mapping[str, float]


@dataclass(frozen=True)
class Loading:
    """CO2 in mmol per g of framework, and one standard error of it; whether it stood still at the end. Where it did
    not, the error also holds how far it still moved."""

    value: float
    error: float
    still: bool = True


def method() -> Method:
    """With its version; raises ``KnownError`` that says how to get the programs where one is missing."""
    python_with(*_INTERFACE)
    _, version = python_with(*_RASPA)
    return Method("gcmc", "force_field", f"GCMC (RASPA3 {version}; UFF, TraPPE, EQeq)")


def co2_loadings(
    lattice: NDArray[np.float64],
    numbers: NDArray,
    positions: NDArray[np.float64],
    charges: NDArray[np.float64],
    states: Mapping[str, State],
    cycles: tuple[int, int],
    seconds: float,
) -> dict[str, Loading]:
    """CO2 that one sound crystal takes up in each state.

    lattice (3, 3), numbers (n,), positions (n, 3) fractional, charges (n,) in e; ``cycles`` to settle and, at least,
    to average over: it goes on until what is taken up stands still, up to eight times as long and within ``seconds``.
    Raises ``ProgramError`` where the program gives no answer within ``seconds``, ``KnownError`` where it is missing.
    """
    python, _ = python_with(*_RASPA)
    python_with(*_INTERFACE)
    cell = primitive_cell(lattice, numbers, positions)
    _, first = np.unique(cell.source, return_index=True)
    kept = first if _atoms(cell.lattice, len(first)) < _atoms(lattice, len(numbers)) else np.arange(len(numbers))
    box, places = (cell.lattice, cell.positions) if len(kept) < len(numbers) else (lattice, positions)
    times = _times(box)
    asked = {
        "cell": cell_parameters(box[None])[0].tolist(),
        "symbols": [SYMBOLS[z] for z in numbers[kept].tolist()],
        "positions": (places % 1.0).tolist(),
        "charges": (charges[kept] - charges[kept].mean()).tolist(),
        "times": times.tolist(),
        "cutoff": CUTOFF,
        "start_cycles": cycles[0],
        "cycles": cycles[1],
        "seconds": 0.9 * seconds,
        "seed": 1,
        "states": {name: asdict(state) for name, state in states.items()},
    }
    answer = ask(python, _SCRIPT, asked, seconds)
    kilograms = times.prod() * MASSES[numbers[kept]].sum() / 1000
    return {name: loading(np.array(gases["CO2"], float) / kilograms) for name, gases in answer.items()}


def loading(values: NDArray[np.float64]) -> Loading:
    """What was found cycle by cycle (n,), without the first ones, if they still rose or fell."""
    return Loading(*mean_and_error(values))


def _times(lattice: NDArray) -> NDArray[np.int64]:
    widths = 1 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    return np.ceil(2 * CUTOFF / widths).astype(np.int64)


def _atoms(lattice: NDArray, n: int) -> int:
    return int(_times(lattice).prod()) * n
