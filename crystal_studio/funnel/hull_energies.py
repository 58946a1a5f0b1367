"""Energies of the known phases, computed one by one with a checkpoint; part of building the reference hull."""

from __future__ import annotations

import csv
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.composition import counts, formulas
from crystal_studio.data.datasets import Dataset
from crystal_studio.funnel.relaxation import RelaxationStage
from crystal_studio.potentials.protocol import Potential

MAX_STEPS, FMAX = RelaxationStage.max_steps, RelaxationStage.fmax
"""Known phases are relaxed as the quick funnel relaxes candidates."""


@dataclass(frozen=True)
class Phase:
    """A line of the checkpoint: id, energy (eV/atom) and whether it was relaxed."""

    id: str
    energy: float
    relaxed: bool


def competitors(dataset: Dataset, above: float) -> NDArray[np.int64]:
    """Rows of the phases to compute: elements first, then those on the hull, then by energy; small cells first."""
    e_hull = dataset.columns["e_above_hull"].astype(float)
    atoms = dataset.structures.n_atoms
    order = np.lexsort((atoms, e_hull))
    _, first = np.unique(np.array(formulas(dataset.structures))[order], return_index=True)
    rows = order[first]
    element = (counts(dataset.structures.take(rows)) > 0).sum(1) == 1
    keep = (e_hull[rows] <= above) | element
    rows, element = rows[keep], element[keep]
    tier = np.where(element, -1, np.ceil(np.maximum(e_hull[rows] - 1e-6, 0) / 0.01))
    return rows[np.lexsort((atoms[rows], tier))]


def read_checkpoint(path: Path) -> dict[str, Phase]:
    """The phases done so far; a relaxed energy replaces one at the DFT geometry. A torn last line is left out."""
    done: dict[str, Phase] = {}
    if path.exists():
        with path.open(newline="") as file:
            for line in csv.reader(file):
                if len(line) == 3 and not (line[0] in done and done[line[0]].relaxed):
                    done[line[0]] = Phase(line[0], float(line[1]), line[2] == "1")
    return done


def compute(
    dataset: Dataset,
    rows: NDArray,
    potential: Potential,
    path: Path,
    relax_up_to: int,
    seconds: float,
    points_first: bool = False,
) -> dict[str, Phase]:
    """Energies of the rows that the checkpoint lacks, until the time is up; returns all that is done.

    With ``points_first`` every phase but the elements is first judged at its DFT geometry, and the small cells are
    relaxed in the time that is left.
    """
    done = read_checkpoint(path)
    small = dataset.structures.n_atoms[rows] <= relax_up_to
    element = (counts(dataset.structures.take(rows)) > 0).sum(1) == 1
    relaxing = small | element
    passes = [(rows, element), (rows[relaxing], np.ones(relaxing.sum(), bool))] if points_first else [(rows, relaxing)]
    stop = time.monotonic() + seconds
    with path.open("a", newline="", buffering=1) as file:
        writer = csv.writer(file)
        for chosen, relaxed in passes:
            for row, relax in zip(chosen.tolist(), relaxed.tolist(), strict=True):
                if time.monotonic() > stop:
                    return done
                name = str(dataset.ids[row])
                if name in done and done[name].relaxed >= relax:
                    continue
                one = dataset.structures.take(np.array([row]))
                phase = _phase(name, one, potential, relax)
                done[name] = phase
                writer.writerow([name, f"{phase.energy:.6f}", int(phase.relaxed)])
                if len(done) % 500 == 0:
                    print(f"{len(done)} of {len(rows)} phases", file=sys.stderr)
    return done


def _phase(name: str, one: Structures, potential: Potential, relax: bool) -> Phase:
    """One phase, at its DFT geometry where no relaxation is wanted or it was given up."""
    if relax:
        energy = float(potential.relax(one, MAX_STEPS, FMAX).energy_per_atom[0])
        if np.isfinite(energy):
            return Phase(name, energy, True)
    return Phase(name, float(potential.energies(one)[0]), False)


def lowering(dataset: Dataset, rows: NDArray, potential: Potential, size: int) -> NDArray[np.float64]:
    """(n,) eV/atom by which relaxation lowers a random sample of the given rows."""
    chosen = np.random.default_rng(0).permutation(rows)[:size]
    sample = dataset.structures.take(chosen)
    drop = potential.energies(sample) - potential.relax(sample, MAX_STEPS, FMAX).energy_per_atom
    return drop[np.isfinite(drop)]
