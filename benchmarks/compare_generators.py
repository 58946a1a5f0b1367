"""The shipped model, random symmetric crystals and real ones, judged by the same script.

    python benchmarks/compare_generators.py --reference mp20_like.parquet --count 1000 --relax 100

Random crystals are PyXtal's, one for each crystal of the model: same space group,
same atoms. The held-out set is the validation split of the reference file.
"""

from __future__ import annotations

import argparse
import json
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.neighbours import minimum_radius_ratios
from crystal_studio.crystal.standardise import primitive, space_group_numbers, to_asymmetric_units
from crystal_studio.data.datasets import load
from crystal_studio.data.hull import ReferenceHull
from crystal_studio.design.request import DesignRequest
from crystal_studio.evaluation import metrics
from crystal_studio.generators import registry

PATIENCE = 20
"""Seconds that PyXtal gets for one crystal."""


def model_crystals(count: int, seed: int, steps: int) -> tuple[AsymmetricUnits, float]:
    """``count`` crystals of the default model with the groups of nature, and the seconds they took."""
    generator = registry.load("", "cpu")
    request = DesignRequest(count=count, seed=seed, steps=steps)
    started = time.monotonic()
    chunks = range(-(-count // generator.chunk_size))
    units = AsymmetricUnits.concatenate(generator.sample(request, c) for c in chunks)
    return units, time.monotonic() - started


def random_crystal(task: tuple[int, list[str], list[int], int]):
    """Lattice, numbers and positions of one random symmetric crystal, None if PyXtal found none in time."""
    from pyxtal import pyxtal

    group, species, numbers, seed = task

    def give_up(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE)
    try:
        crystal = pyxtal()
        crystal.from_random(3, group, species, numbers, random_state=seed)
        if not crystal.valid:
            return None
        atoms = crystal.to_ase()
        return atoms.cell.array, atoms.numbers, atoms.get_scaled_positions()
    except Exception:  # PyXtal raises many kinds; every one of them means no crystal
        return None
    finally:
        signal.alarm(0)


def random_crystals(cells: Structures, groups: np.ndarray, seed: int) -> Structures:
    """One of PyXtal's for each given crystal, as far as it can."""
    tasks = []
    for i, row in enumerate(counts(cells)):
        elements = np.flatnonzero(row)
        tasks.append((int(groups[i]), [SYMBOLS[z] for z in elements], [int(row[z]) for z in elements], seed + i))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        made = [m for m in pool.map(random_crystal, tasks, chunksize=8) if m is not None]
    return Structures.from_lists(*zip(*made, strict=True))


def _relax(cell: Structures) -> tuple[float, bool]:
    import torch

    from crystal_studio.potentials import registry as potentials

    torch.set_num_threads(1)
    answer = potentials.load("chgnet").relax(cell)
    hull = ReferenceHull.load().distances(counts(answer.structures), answer.energy_per_atom)
    return float(hull.e_above_hull[0]), bool(answer.converged[0])


def energies_above_hull(structures: Structures, count: int, seed: int) -> dict[str, float]:
    """CHGNet energy above the shipped hull after relaxing ``count`` random ones of the structurally valid."""
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(metrics.structurally_valid(structures)))[:count]
    units, ok, _ = to_asymmetric_units(structures.take(rows))
    small = primitive(expand(units.take(ok)), units.space_group[ok])
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(_relax, [small.take(np.array([i])) for i in range(len(small))]))
    energy = np.array([e for e, _ in found])
    known = energy[np.isfinite(energy)]
    return {
        "relaxed": len(energy),
        "with_energy": len(known),
        "converged": int(sum(c for _, c in found)),
        "mean_e_hull": float(known.mean()),
        "median_e_hull": float(np.median(known)),
        "share_below_0.1": float((known < 0.1).mean()),
        "share_below_0": float((known <= 0).mean()),
    }


def judge(name: str, made: Structures, asked: int, held_out: Structures, held_groups, arguments) -> dict:
    """One row of the table; shares are of everything asked for, distances of the structurally valid."""
    valid = metrics.structurally_valid(made)
    sound = made.take(valid)
    groups = space_group_numbers(made, 0.1)
    row = {
        "set": name,
        "asked": asked,
        "made": len(made),
        "structural_validity": valid.sum() / asked,
        "physical_validity": float((minimum_radius_ratios(made) >= 0.6).sum()) / asked,
        "compositional_validity": metrics.compositionally_valid(made).sum() / asked,
        "density_distance": metrics.density_distance(sound, held_out),
        "element_count_distance": metrics.element_count_distance(sound, held_out),
        "space_group_distance": metrics.space_group_distance(groups, held_groups),
        "share_P1": float((groups == 1).mean()),
        **(energies_above_hull(made, arguments.relax, arguments.seed) if arguments.relax else {}),
    }
    print(json.dumps(row, default=float), flush=True)
    return row


def main() -> None:
    """Print one JSON row a set and a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", required=True, help="parquet file with a column 'split' (train, val)")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--relax", type=int, default=100)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model-only", action="store_true", help="leave out PyXtal and the held-out set")
    arguments = parser.parse_args()

    dataset = load(arguments.reference, "val")
    held_out = dataset.structures
    held_groups = space_group_numbers(held_out, 0.01)
    units, seconds = model_crystals(arguments.count, arguments.seed, arguments.steps)
    cells = expand(units)
    print(f"{arguments.count / seconds:.2f} structures/s ({seconds:.0f} s)", flush=True)
    rows = [judge("model", cells, arguments.count, held_out, held_groups, arguments)]
    if not arguments.model_only:
        made = random_crystals(cells, units.space_group, arguments.seed)
        rows.append(judge("PyXtal random", made, arguments.count, held_out, held_groups, arguments))
        rows.append(judge("held-out set", held_out, len(held_out), held_out, held_groups, arguments))
    names = list(rows[0])
    print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))
    for row in rows:
        print("| " + " | ".join(f"{row[n]:.3f}" if isinstance(row[n], float) else str(row[n]) for n in names) + " |")


if __name__ == "__main__":
    main()
