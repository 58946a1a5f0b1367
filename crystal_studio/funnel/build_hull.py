"""Builds the reference hull that ships in ``resources/reference``.

    python -m crystal_studio.funnel.build_hull --data DIR --checkpoint energies.csv [--minutes M]

DIR holds the reference data (see ``crystal_studio.data.build_reference``). Of
every composition the phase with the lowest energy above hull is taken if that
is at most ``--above`` (elements always). Small cells are relaxed exactly as the
funnel relaxes candidates; larger ones are judged at their DFT geometry, and the
mean lowering that relaxation brings, measured on a random sample, is taken off.
Energies are appended to the checkpoint one by one, so the work can be stopped
and taken up at any time; what is done by then is written and its coverage said.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.crystal.composition import counts, formulas
from crystal_studio.data import datasets
from crystal_studio.data.build_reference import FILES, ORIGIN
from crystal_studio.data.datasets import Dataset
from crystal_studio.data.hull import ReferenceHull, hull_path, save_hull
from crystal_studio.funnel.stages import quick
from crystal_studio.potentials import registry
from crystal_studio.potentials.protocol import Potential

MAX_STEPS, FMAX = next((s.max_steps, s.fmax) for s in quick() if s.name == "relaxation")  # type: ignore[attr-defined]


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
    dataset: Dataset, rows: NDArray, potential: Potential, path: Path, relax_up_to: int, seconds: float
) -> dict[str, Phase]:
    """Energies of the rows that the checkpoint lacks, until the time is up; returns all that is done."""
    done = read_checkpoint(path)
    stop = time.monotonic() + seconds
    with path.open("a", newline="", buffering=1) as file:
        writer = csv.writer(file)
        for row in rows:
            if time.monotonic() > stop:
                break
            name = str(dataset.ids[row])
            if name in done:
                continue
            one = dataset.structures.take(np.array([row]))
            relaxed = bool(one.n_atoms[0] <= relax_up_to)
            energy = float(
                (potential.relax(one, MAX_STEPS, FMAX).energy_per_atom if relaxed else potential.energies(one))[0]
            )
            done[name] = Phase(name, energy, relaxed)
            writer.writerow([name, f"{energy:.6f}", int(relaxed)])
            if len(done) % 500 == 0:
                print(f"{len(done)} of {len(rows)} phases", file=sys.stderr)
    return done


def lowering(dataset: Dataset, rows: NDArray, potential: Potential, size: int) -> NDArray[np.float64]:
    """(n,) eV/atom by which relaxation lowers a random sample of the given rows."""
    chosen = np.random.default_rng(0).permutation(rows)[:size]
    sample = dataset.structures.take(chosen)
    drop = potential.energies(sample) - potential.relax(sample, MAX_STEPS, FMAX).energy_per_atom
    return drop[np.isfinite(drop)]


def validate(dataset: Dataset, hull: ReferenceHull, potential: Potential, size: int) -> dict[str, float]:
    """Energies above hull of relaxed crystals against the data's own, in meV/atom."""
    chosen = np.random.default_rng(1).permutation(len(dataset))[:size]
    sample = dataset.take(chosen)
    outcome = potential.relax(sample.structures, MAX_STEPS, FMAX)
    found = hull.distances(counts(sample.structures), outcome.energy_per_atom)
    apart = 1000 * (found.e_above_hull - sample.columns["e_above_hull"].astype(float))
    formation = 1000 * (found.formation_energy - sample.columns["formation_energy_per_atom"].astype(float))
    known = np.isfinite(apart)
    return {
        "crystals": int(known.sum()),
        "e_above_hull_mae_mev": round(float(np.abs(apart[known]).mean()), 1),
        "e_above_hull_median_mev": round(float(np.median(np.abs(apart[known]))), 1),
        "e_above_hull_bias_mev": round(float(apart[known].mean()), 1),
        "formation_energy_mae_mev": round(float(np.abs(formation[known]).mean()), 1),
    }


def build(arguments: argparse.Namespace) -> dict[str, object]:
    """Compute, correct, write and validate; returns the card."""
    potential = registry.load("chgnet")
    parts = [datasets.load(arguments.data / name) for name in FILES]
    kept = ("e_above_hull", "formation_energy_per_atom")
    dataset = Dataset(
        type(parts[0].structures).concatenate([p.structures for p in parts]),
        np.concatenate([p.ids for p in parts]),
        {name: np.concatenate([p.columns[name] for p in parts]) for name in kept},
    )
    rows = competitors(dataset, arguments.above)
    done = compute(dataset, rows, potential, arguments.checkpoint, arguments.relax_up_to, 60 * arguments.minutes)
    rows = np.array([r for r in rows if dataset.ids[r] in done and np.isfinite(done[dataset.ids[r]].energy)], int)
    phases = [done[dataset.ids[r]] for r in rows]
    relaxed = np.array([p.relaxed for p in phases], bool)
    drop = lowering(dataset, rows[~relaxed], potential, arguments.sample)
    correction = float(drop.mean()) if len(drop) else 0.0
    energy = np.array([p.energy for p in phases]) - np.where(relaxed, 0.0, correction)
    table = counts(dataset.structures.take(rows))
    table //= np.gcd.reduce(table, axis=1, keepdims=True)
    save_hull(arguments.to, table, energy, dataset.ids[rows], potential.name)

    hull = ReferenceHull(table, energy, dataset.ids[rows], potential.name)
    held_out = parts[0].take(parts[0].columns["split"] == "val")
    on_hull = dataset.columns["e_above_hull"] <= 1e-6
    on_hull_formulas = set(formulas(dataset.structures.take(on_hull)))
    covered = set(formulas(dataset.structures.take(rows)))
    card: dict[str, object] = {
        **ORIGIN,
        "title": "Reference hull",
        "potential": potential.title,
        "phases": len(rows),
        "phases_relaxed": int(relaxed.sum()),
        "on_hull_in_data": len(on_hull_formulas),
        "on_hull_covered": len(on_hull_formulas & covered),
        "largest_e_above_hull_ev": arguments.above,
        "elements": int(np.isfinite(hull.elemental).sum()),
        "method": f"lowest phase of each composition; cells of up to {arguments.relax_up_to} atoms relaxed as the "
        f"quick funnel does ({FMAX} eV/A, at most {MAX_STEPS} steps), larger ones at their DFT geometry less the "
        "mean lowering",
        "lowering_by_relaxation_mev": {
            "sample": len(drop),
            "mean": round(1000 * correction, 2),
            "p95": round(1000 * float(np.percentile(drop, 95)), 2) if len(drop) else 0.0,
        },
        "validation_below_80_mev": validate(held_out, hull, potential, arguments.sample * 2),
        "validation_above_80_mev": validate(parts[2], hull, potential, arguments.sample * 2),
        "limits": "Knows the Materials Project of 2018-2021 up to 52 atoms in the primitive cell, without the "
        "published MP-20 test split, and none of GNoME, Alexandria or WBM: an energy above this hull is a lower bound.",
    }
    arguments.to.with_name("hull.card.json").write_text(json.dumps(card, indent=1) + "\n")
    return card


def main() -> None:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the reference data")
    parser.add_argument("--checkpoint", type=Path, required=True, help="file that keeps the energies computed so far")
    parser.add_argument("--to", type=Path, default=hull_path(), help="file to write")
    parser.add_argument("--above", type=float, default=0.05, help="eV/atom above hull up to which phases are taken")
    parser.add_argument("--relax-up-to", type=int, default=12, help="atoms in the largest cell that is relaxed")
    parser.add_argument("--minutes", type=float, default=1e6, help="time for new energies")
    parser.add_argument("--sample", type=int, default=100, help="crystals relaxed to measure the correction")
    print(json.dumps(build(parser.parse_args()), indent=1))


if __name__ == "__main__":
    main()
