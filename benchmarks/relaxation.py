"""Relaxations a second: an older checkout, the relaxer, its cautious stop and the package's optimiser, in turns.

    python benchmarks/relaxation.py PROJECT FOLDER --count 500 [--ways old,new,cautious,package] [--against CHECKOUT]

The candidates are those of PROJECT that have passed (a campaign with the funnel
"none,geometry,composition,symmetry,uniqueness", say). Every way of relaxing has a
process of its own with one thread; they take turns at blocks of candidates, so
that what else the machine does weighs on all alike. Times are processor seconds.

Every result is written to FOLDER/WAY.jsonl as it comes, with the relaxed crystal;
what is there is not done again, so that a run can be stopped and taken up.
"relaxation_verdicts.py" compares what they found.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

BLOCK = 40
"""Candidates of a turn, as many as a task of a campaign holds."""

LATE = 120
LATE_OF_PACKAGE = 500
WAYS = ("old", "new", "cautious", "package")
NAMES = ("lattice", "offsets", "numbers", "positions", "orbit")

Row = dict[str, Any]
"""energy (eV/atom, None where given up), converged, calls, stopped, lattice, numbers, positions."""


def ours(cautiously: bool) -> Callable[[Any], Iterator[Row]]:
    """The relaxer of the checkout that is imported."""
    from crystal_studio.potentials import registry

    potential = registry.load("chgnet", "cpu")

    def relax(structures: Any) -> Iterator[Row]:
        named = {}
        if cautiously:
            from crystal_studio.crystal.composition import counts
            from crystal_studio.data.hull import ReferenceHull
            from crystal_studio.potentials.protocol import Cautious

            hull = ReferenceHull.load("chgnet").distances(counts(structures), np.zeros(len(structures)))
            named["cautious"] = Cautious(-hull.e_above_hull)
        found = potential.relax(structures, LATE, 0.1, **named)
        stopped = getattr(found, "stopped", np.zeros(len(structures), bool))
        for i in range(len(structures)):
            energy, atoms = float(found.energy_per_atom[i]), found.structures.atoms(i)
            yield {
                "energy": energy if np.isfinite(energy) else None,
                "converged": bool(found.converged[i]),
                "calls": int(found.steps[i]),
                "stopped": bool(stopped[i]),
                "lattice": found.structures.lattice[i].tolist(),
                "numbers": found.structures.numbers[atoms].tolist(),
                "positions": found.structures.positions[atoms].tolist(),
            }

    return relax


def package() -> Callable[[Any], Iterator[Row]]:
    """CHGNet's StructOptimizer with its own settings but the same limit of force, primitive cells one at a time."""
    from chgnet.model import StructOptimizer
    from pymatgen.core import Lattice, Structure

    from crystal_studio.crystal.primitive import primitive_cell

    optimiser = StructOptimizer(use_device="cpu")

    def relax(structures: Any) -> Iterator[Row]:
        for i in range(len(structures)):
            atoms = structures.atoms(i)
            cell = primitive_cell(structures.lattice[i], structures.numbers[atoms], structures.positions[atoms])
            crystal = Structure(Lattice(cell.lattice), cell.numbers.tolist(), cell.positions)
            row: Row = {"energy": None, "converged": False, "calls": 0, "stopped": False}
            try:
                found = optimiser.relax(crystal, fmax=0.1, steps=LATE_OF_PACKAGE, verbose=False)
            except Exception as error:  # its graph, its optimiser and its observers fail in many ways
                row["error"] = f"{type(error).__name__}: {error}"
            else:
                path, crystal = found["trajectory"].energies, found["final_structure"]
                steps = len(path) - 2  # its observer sees the start, every step and the end once more
                row |= {"energy": float(path[-1]) / len(crystal), "calls": steps + 1}
                row["converged"] = steps < LATE_OF_PACKAGE
            row["lattice"] = crystal.lattice.matrix.tolist()
            row["numbers"] = [int(z) for z in crystal.atomic_numbers]
            row["positions"] = crystal.frac_coords.tolist()
            yield row

    return relax


def serve(way: str, cells: Path) -> None:
    """Relax the candidates named on standard input, a row and the processor seconds that it took for each."""
    import torch

    from crystal_studio.crystal.batches import Structures

    torch.set_num_threads(1)
    with np.load(cells) as kept:
        structures = Structures(*(kept[name] for name in NAMES))
    relax = package() if way == "package" else ours(way == "cautious")
    size = 1 if way == "package" else BLOCK
    list(relax(structures.take(np.arange(2))))
    print("ready", flush=True)
    for line in sys.stdin:
        chosen = np.array(json.loads(line))
        for part in np.split(chosen, range(size, len(chosen), size)):
            started = time.process_time()
            rows = list(relax(structures.take(part)))
            seconds = (time.process_time() - started) / len(rows)
            for i, row in zip(part.tolist(), rows, strict=True):
                print("row " + json.dumps({"candidate": i, "seconds": seconds} | row), flush=True)
        print("done", flush=True)


class Way:
    """One way of relaxing in its process, and the file of what it has found."""

    def __init__(self, name: str, cells: Path, root: Path, folder: Path) -> None:
        environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, __file__, "--serve", name, "--cells", str(cells)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, env=environment, **pipes)
        self.name, self._file = name, folder / f"{name}.jsonl"
        rows = [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.exists() else []
        self._have = {row["candidate"] for row in rows}
        self.seconds = sum(row["seconds"] for row in rows)
        self._until("ready")

    def block(self, first: int, last: int) -> None:
        """Relax those of candidates first to last that are not in the file."""
        missing = [i for i in range(first, last) if i not in self._have]
        if missing:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(missing) + "\n")
            self._process.stdin.flush()
            self._until("done")

    def _until(self, end: str) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, _, rest = line.strip().partition(" ")
            if word == end:
                return
            if word == "row":
                self.seconds += json.loads(rest)["seconds"]
                with self._file.open("a") as file:
                    file.write(rest + "\n")
        raise SystemExit(f"the process that relaxes by {self.name} ended")


def main() -> None:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, nargs="?")
    parser.add_argument("folder", type=Path, nargs="?", help="where results are kept")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--ways", default="new,cautious", help=f"some of {','.join(WAYS)}")
    parser.add_argument("--against", type=Path, help="folder of the older checkout, for the way old")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--cells", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve, args.cells)
        return
    names = args.ways.split(",")
    if set(names) - set(WAYS) or ("old" in names and not args.against):
        parser.error(f"--ways takes some of {', '.join(WAYS)}; old needs --against")

    from crystal_studio.project.queries import ProjectReader

    with ProjectReader(args.project) as reader:
        passed = [row.id for row in reader.candidates() if row.status == "passed"][: args.count]
        structures = reader.structures(passed)
    args.folder.mkdir(parents=True, exist_ok=True)
    cells = args.folder / "cells.npz"
    np.savez(cells, **{name: getattr(structures, name) for name in NAMES}, id=np.array(passed))
    here = Path(__file__).parents[1]
    ways = [Way(name, cells, args.against if name == "old" else here, args.folder) for name in names]
    for first in range(0, len(structures), BLOCK):
        last = min(first + BLOCK, len(structures))
        for way in ways:
            way.block(first, last)
        print(f"{last} of {len(structures)}", {w.name: round(w.seconds, 1) for w in ways}, file=sys.stderr)


if __name__ == "__main__":
    main()
