"""CO2 in known frameworks by RASPA3, by Monte Carlo on the grid and by the estimate; energies of the same molecules.

    python benchmarks/adsorption.py QOVDAH_clean SARHAW_clean [--cycles 200 300] [--seconds 3600] [--energies 60]

NAMES are of frameworks that ship. ``--energies N``: N CO2 molecules where Monte Carlo would put them, each alone, by
RASPA3 and by the grid, in place of loadings. RASPA3 needs its own Python (``make mof``). Seconds are of the processor.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from mofdiff_targets import STATES

from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.lattice import cell_parameters, from_parameters
from crystal_studio.crystal.neighbours import reduce_cells
from crystal_studio.execution.other_python import ask, python_with
from crystal_studio.mof import gcmc, grid_gcmc
from crystal_studio.mof.co2_boltzmann import boltzmann
from crystal_studio.mof.co2_estimate import estimate
from crystal_studio.mof.co2_field import Field, field
from crystal_studio.mof.eqeq import charges
from crystal_studio.mof.force_field import CUTOFF
from crystal_studio.mof.library import shipped_blocks, shipped_mofs
from crystal_studio.mof.whole import whole_atoms

JOB = Path(__file__).with_name("adsorption_job.py")
Cell = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def framework(name: str) -> Cell:
    """Lattice, numbers, positions and charges of one that ships."""
    mofs = shipped_mofs()
    structures = whole_atoms(mofs.take(np.array([mofs.name.tolist().index(name)])), shipped_blocks()).structures
    lattice, numbers, positions = structures.cell(0)
    return lattice, numbers, positions, charges(lattice, numbers, positions)


def between(field: Field, sites: np.ndarray) -> np.ndarray:
    """K, of molecules (N, 3, 3) (end, centre, end) by cubic interpolation on the grid."""
    from scipy.ndimage import map_coordinates

    def at(grid: np.ndarray, places: np.ndarray) -> np.ndarray:
        inside = (places @ np.linalg.inv(field.lattice)) % 1 * np.array(grid.shape)
        return map_coordinates(np.minimum(grid, 2e4).astype(float), inside.T, order=3, mode="grid-wrap")

    return at(field.end, sites[:, 0]) + at(field.centre, sites[:, 1]) + at(field.end, sites[:, 2])


def energies(name: str, count: int) -> None:
    """Print by how much RASPA3 and the grid differ."""
    lattice, numbers, positions, charge = framework(name)
    reduced = reduce_cells(lattice[None])[0]
    parameters = cell_parameters(reduced)
    own = from_parameters(parameters)[0]  # as RASPA3 lays it out
    places = positions @ lattice @ np.linalg.inv(reduced[0]) % 1
    grid = field(own, numbers, places, charge, spacing=grid_gcmc.SPACING)
    factor = boltzmann(grid, [298.0])[0].factor
    times = np.ceil(2 * CUTOFF * np.linalg.norm(np.linalg.inv(own), axis=0)).astype(int)
    random = np.random.default_rng(0)
    drawn = grid_gcmc._proposals(grid, factor, 298.0, 1.5e4, times, -(-count // grid_gcmc.COPIES), random)
    sites = drawn.sites[:count].astype(float)
    python, _ = python_with("raspalib", "RASPA3")
    asked = {
        "cell": parameters[0].tolist(), "symbols": [SYMBOLS[z] for z in numbers.tolist()], "positions": places.tolist(),
        "charges": (charge - charge.mean()).tolist(), "times": times.tolist(), "cutoff": CUTOFF,
        "sites": sites.tolist(), "folder": str(Path(gcmc.__file__).parent),
    }  # fmt: skip
    theirs = np.array(ask(python, JOB, asked, 3600.0)["energies"])
    off = between(grid, sites) - theirs
    print(
        f"{name}: {count} molecules at {theirs.mean():.0f} K on average ({theirs.min():.0f} to {theirs.max():.0f}); "
        f"the grid is higher by {off.mean():.0f} ± {off.std() / count**0.5:.0f} K, root mean square {off.std():.0f} K"
    )


def loadings(name: str, cycles: tuple[int, int], seconds: float) -> None:
    """Print a row of the table."""
    cell = framework(name)
    rough = estimate(*cell)
    began = sum(os.times()[:2])
    grid = grid_gcmc.loadings(*cell, STATES)
    spent = sum(os.times()[:2]) - began
    began = sum(os.times()[2:4])
    raspa = gcmc.co2_loadings(*cell, STATES, cycles, seconds)
    for state, guess in (("taken", rough.uptake), ("kept", rough.kept)):
        told = [f"{x.value:.3f} ± {x.error:.3f}{'' if x.still else ' (moves)'}" for x in (raspa[state], grid[state])]
        print(f"{name} {state}: RASPA3 {told[0]}, grid {told[1]}, estimate {guess:.3f}", flush=True)
    print(f"  {sum(os.times()[2:4]) - began:.0f} s, {spent:.0f} s", flush=True)


def main() -> None:
    """One framework after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--cycles", type=int, nargs=2, default=(200, 300), help="to settle, to average over at least")
    parser.add_argument("--seconds", type=float, default=3600.0, help="for one framework by RASPA3")
    parser.add_argument("--energies", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    for name in arguments.names:
        if arguments.energies:
            energies(name, arguments.energies)
        else:
            loadings(name, tuple(arguments.cycles), arguments.seconds)


if __name__ == "__main__":
    main()
