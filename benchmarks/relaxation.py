"""Relaxations a second: the relaxer, its cautious stop, an older checkout and the package's optimiser, in turns.

    python benchmarks/relaxation.py PROJECT --count 500 [--against CHECKOUT] [--package 60] [--to results.json]

The candidates are those of PROJECT that have passed (a campaign with the funnel
"none,geometry,composition,symmetry,uniqueness", say). Every way of relaxing has a
process of its own with one thread; they take turns at blocks of candidates, so
that what else the machine does weighs on all alike. Times are processor seconds.
Energies above hull are those of the shipped hull, unary phases left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

BLOCK = 20
STABLE, METASTABLE = 0.0, 0.1
LATE = 120


def relaxer(way: str) -> Any:
    """A function of structures that gives rows of (energy eV/atom, converged, calls, stopped, volume A^3/atom)."""
    if way == "package":
        return package()
    from crystal_studio.potentials import registry

    potential = registry.load("chgnet", "cpu")

    def relax(structures: Any) -> list[list[float]]:
        named = {}
        if way == "cautious":
            from crystal_studio.crystal.composition import counts
            from crystal_studio.data.hull import ReferenceHull
            from crystal_studio.potentials.protocol import Cautious

            hull = ReferenceHull.load("chgnet").distances(counts(structures), np.zeros(len(structures)))
            named["cautious"] = Cautious(-hull.e_above_hull)
        found = potential.relax(structures, LATE, 0.1, **named)
        stopped = getattr(found, "stopped", np.zeros(len(structures), bool))
        volume = found.structures.volume / found.structures.n_atoms
        columns = (found.energy_per_atom, found.converged, found.steps, stopped, volume)
        return np.stack([np.asarray(column, float) for column in columns], 1).tolist()

    return relax


def package() -> Any:
    """CHGNet's StructOptimizer with its own settings but the same limit of force, primitive cells one at a time."""
    from chgnet.model import StructOptimizer
    from pymatgen.core import Lattice, Structure

    from crystal_studio.crystal.primitive import primitive_cell

    optimiser = StructOptimizer(use_device="cpu")

    def relax(structures: Any) -> list[list[float]]:
        rows = []
        for i in range(len(structures)):
            atoms = structures.atoms(i)
            cell = primitive_cell(structures.lattice[i], structures.numbers[atoms], structures.positions[atoms])
            crystal = Structure(Lattice(cell.lattice), cell.numbers.tolist(), cell.positions)
            try:
                found = optimiser.relax(crystal, fmax=0.1, steps=500, verbose=False)
            except Exception:  # its graph, its optimiser and its observers fail in many ways
                rows.append([np.nan] * 5)
                continue
            path, end = found["trajectory"], found["final_structure"]
            calls = len(path.energies)
            rows.append([float(path.energies[-1]) / len(end), calls <= 500, calls, False, float(end.volume) / len(end)])
        return rows

    return relax


def serve(way: str, cells: Path) -> None:
    """Answer blocks named on standard input with rows and the processor seconds that they took."""
    import torch

    from crystal_studio.crystal.batches import Structures

    torch.set_num_threads(1)
    with np.load(cells) as kept:
        structures = Structures(*(kept[name] for name in ("lattice", "offsets", "numbers", "positions", "orbit")))
    relax = relaxer(way)
    relax(structures.take(np.arange(2)))
    print("ready", flush=True)
    for line in sys.stdin:
        first, last = (int(word) for word in line.split())
        block = structures.take(np.arange(first, last))
        started = time.process_time()
        rows = relax(block)
        print("done " + json.dumps([time.process_time() - started, rows]), flush=True)


class Way:
    """One way of relaxing in its process."""

    def __init__(self, name: str, cells: Path, root: Path) -> None:
        environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, __file__, "--serve", name, "--cells", str(cells)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, env=environment, **pipes)
        self.name, self.seconds = name, 0.0
        self.rows: list[list[float]] = []
        self._read()

    def block(self, first: int, last: int) -> None:
        """Relax candidates first to last."""
        self._process.stdin.write(f"{first} {last}\n")
        self._process.stdin.flush()
        seconds, rows = json.loads(self._read())
        self.seconds += seconds
        self.rows += rows

    def _read(self) -> str:
        for line in self._process.stdout:
            word, _, rest = line.partition(" ")
            if word.strip() in ("ready", "done"):
                return rest
        raise SystemExit(f"the process that relaxes by {self.name} ended")


def report(ways: list[Way], e_hull: dict[str, np.ndarray], unary: np.ndarray) -> dict[str, Any]:
    """A table of all ways; agreement is with the first, on what both have relaxed."""
    first = ways[0]
    energy_of_first = np.array(first.rows)[:, 0]
    table: dict[str, Any] = {}
    for way in ways:
        rows, above = np.array(way.rows), e_hull[way.name]
        n = len(rows)
        counted = ~unary[:n]
        both = (rows[:, 3] == 0) & np.isfinite(rows[:, 0]) & np.isfinite(energy_of_first[:n])
        apart = 1000 * (rows[:, 0] - energy_of_first[:n])[both]
        table[way.name] = {
            "crystals": n,
            "per_second": round(n / way.seconds, 2),
            "ratio": round(np.array([first.seconds / len(first.rows)])[0] * n / way.seconds, 2),
            "calls": round(float(np.nanmean(rows[:, 2])), 1),
            "converged": int(np.nansum(rows[:, 1])),
            "given_up": int(np.isnan(rows[:, 0]).sum()),
            "stopped": int(np.nansum(rows[:, 3])),
            "stable": int((counted & (above <= STABLE)).sum()),
            "metastable": int((counted & (above <= METASTABLE)).sum()),
            "same_verdict": int(((above <= METASTABLE) == (e_hull[first.name][:n] <= METASTABLE)).sum()),
            "mev_median": round(float(np.median(np.abs(apart))), 2),
            "within_5_mev": round(float((np.abs(apart) < 5).mean()), 3),
            "lower_by_more": int((apart < -5).sum()),
            "higher_by_more": int((apart > 5).sum()),
        }
    return table


def main() -> None:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--against", type=Path, help="folder of an older checkout")
    parser.add_argument("--package", type=int, default=0, help="candidates that the package's optimiser relaxes too")
    parser.add_argument("--to", type=Path, help="file for the rows of every way")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--cells", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve, args.cells)
        return

    import tempfile

    from crystal_studio.crystal.composition import counts
    from crystal_studio.data.hull import ReferenceHull
    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(args.project) as reader:
        passed = [row.id for row in reader.candidates() if row.status == "passed"][: args.count]
        structures = reader.structures(passed)
    with tempfile.TemporaryDirectory() as folder:
        cells = Path(folder) / "cells.npz"
        names = ("lattice", "offsets", "numbers", "positions", "orbit")
        np.savez(cells, **{name: getattr(structures, name) for name in names})
        here = Path(__file__).parents[1]
        ways = [Way("old", cells, args.against)] if args.against else []
        ways += [Way("new", cells, here), Way("cautious", cells, here)]
        if args.package:
            ways.append(Way("package", cells, here))
        for first in range(0, len(structures), BLOCK):
            last = min(first + BLOCK, len(structures))
            for way in ways:
                if way.name != "package" or first < args.package:
                    way.block(first, last)
            print(f"{last} of {len(structures)}", {w.name: round(w.seconds, 1) for w in ways}, file=sys.stderr)
            table = counts(structures)
            hull = ReferenceHull.load("chgnet")
            energies = {way.name: np.array(way.rows)[:, 0] for way in ways}
            e_hull = {name: hull.distances(table[: len(e)], e).e_above_hull for name, e in energies.items()}
            found = report(ways, e_hull, (table > 0).sum(1) == 1)
            if args.to:
                args.to.write_text(json.dumps({"table": found, "rows": {w.name: w.rows for w in ways}}))
    for name, row in found.items():
        print(name, json.dumps(row))


if __name__ == "__main__":
    main()
