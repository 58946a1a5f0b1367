"""The shipped model, random symmetric crystals and real ones, judged by ``crystal-studio evaluate``.

    python benchmarks/compare_generators.py --reference mp20_like.parquet --count 1000 --relax 100

Random crystals are PyXtal's, one for each crystal of the model: same space group,
same atoms. The held-out set is the validation split of the reference file.
"""

from __future__ import annotations

import argparse
import json
import signal
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits, Structures
from crystal_studio.crystal.composition import counts
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.data.datasets import load
from crystal_studio.design.request import DesignRequest
from crystal_studio.evaluation.plan import EvaluationPlan
from crystal_studio.evaluation.report import evaluate
from crystal_studio.exchange.export import export
from crystal_studio.generators import registry

PATIENCE = 20
"""Seconds that PyXtal gets for one crystal."""


def model_crystals(count: int, seed: int, steps: int) -> tuple[AsymmetricUnits, float]:
    """``count`` crystals of the default model with the groups of nature, and the seconds they took."""
    generator = registry.load("", "cpu")
    request = DesignRequest(count=count, seed=seed, options={"steps": steps})
    started = time.monotonic()
    chunks = range(-(-count // generator.chunk_size))
    units = AsymmetricUnits.concatenate(generator.sample_units(request, c) for c in chunks)
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


FIGURES = (
    "structural_validity",
    "physical_validity",
    "compositional_validity",
    "cov_recall",
    "cov_precision",
    "density_distance",
    "element_count_distance",
    "formation_energy_distance",
    "space_group_distance",
    "p1",
    "unique_novel_train",
    "stable_0",
    "stable_0.1",
    "sun_0",
    "sun_0.1",
)


def judge(name: str, made: Structures, folder: Path, arguments) -> dict:
    """One row of the table."""
    file = export(made, [str(i) for i in range(len(made))], "parquet", folder, title=name.replace(" ", "-"))[0]
    reference = Path(arguments.reference)
    plan = EvaluationPlan(file, reference, reference, "val", relax=arguments.relax, seed=arguments.seed)
    found = evaluate(plan)["metrics"]
    row = {"set": name, "made": len(made), **{n: found[n]["value"] for n in FIGURES if n in found}}
    print(json.dumps(row), flush=True)
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

    units, seconds = model_crystals(arguments.count, arguments.seed, arguments.steps)
    cells = expand(units)
    print(f"{arguments.count / seconds:.2f} structures/s ({seconds:.0f} s)", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [judge("model", cells, folder, arguments)]
        if not arguments.model_only:
            rows.append(
                judge("PyXtal random", random_crystals(cells, units.space_group, arguments.seed), folder, arguments)
            )
            rows.append(judge("held-out set", load(arguments.reference, "val").structures, folder, arguments))
    names = list(rows[0])
    print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))
    for row in rows:
        print("| " + " | ".join(f"{row[n]:.3f}" if isinstance(row[n], float) else str(row[n]) for n in names) + " |")


if __name__ == "__main__":
    main()
