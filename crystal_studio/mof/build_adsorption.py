"""Builds ``resources/mof/adsorption.csv``: CO2 that the known frameworks of ``resources/mof`` take up and give back.

``python -m crystal_studio.mof.build_adsorption --records co2.jsonl``

Each is put together from its blocks, gets charges by EQeq, and is asked by ``co2_estimate.py``. Goes on where it
stopped: small frameworks come first, in an order of chance, so that what is there is a fair sample of them.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio import paths
from crystal_studio.mof.build_blocks import SOURCE
from crystal_studio.mof.co2_estimate import COLD, ROOM, WARM, estimate, known_to_uff
from crystal_studio.mof.coarse import CoarseMofs
from crystal_studio.mof.eqeq import charges
from crystal_studio.mof.library import shipped_blocks, shipped_mofs
from crystal_studio.mof.whole import whole_atoms

COLUMNS = {
    "co2_working_capacity": "mmol/g",
    "co2_uptake": "mmol/g",
    "co2_henry": "mmol/(g bar)",
    "co2_heat": "kJ/mol",
}
"""Quantities and their units."""
NAME = "adsorption.csv"

MOST = 12.0
"""mmol/g of CO2 at 0.15 bar that no known framework takes up: an estimate beyond is a fault of the charges."""

_SMALL = 200
"""Atoms in the primitive cell of frameworks that come first."""


def order(n_atoms: NDArray[np.int64], seed: int = 7) -> NDArray[np.int64]:
    """Rows of frameworks as they are looked at."""
    rows = np.random.default_rng(seed).permutation(len(n_atoms))
    small = n_atoms[rows] <= _SMALL
    return np.concatenate([rows[small], rows[~small]])


def record(mofs: CoarseMofs, row: int) -> dict[str, Any]:
    """What is found of one framework; its name alone where UFF or EQeq does not know it."""
    lattice, numbers, positions = whole_atoms(mofs.take(np.array([row])), shipped_blocks()).structures.cell(0)
    about = {"name": str(mofs.name[row])}
    charge = charges(lattice, numbers, positions) if known_to_uff(numbers) else np.full(1, np.nan)
    if not np.isfinite(charge).all():
        return about
    found = estimate(lattice, numbers, positions, charge)
    values = (found.working_capacity, found.uptake, found.henry, found.heat)
    return about | {name: float(f"{value:.5g}") for name, value in zip(COLUMNS, values, strict=True)}


def records(path: Path) -> Iterator[dict[str, Any]]:
    """Those of a file, none where there is no file; a line that was cut off is left out."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def write(rows: list[dict[str, Any]], mofs: CoarseMofs, target: Path) -> int:
    """Write one row for each framework with figures up to ``MOST``, in the order of ``mofs``; returns how many."""
    found = {row["name"]: row for row in rows if row.get("co2_uptake", np.inf) <= MOST}
    names = [name for name in mofs.name.tolist() if name in found]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", *COLUMNS])
        writer.writerows([name, *(f"{found[name][column]:.5g}" for column in COLUMNS)] for name in names)
    return len(names)


def main() -> None:
    """Compute what is missing and write all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, required=True, help="what has been found, one framework a line")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so long")
    parser.add_argument("--target", type=Path, default=paths.resources() / "mof" / NAME, help="file to write")
    arguments = parser.parse_args()
    mofs, library = shipped_mofs(), shipped_blocks()
    n_atoms = np.add.reduceat(library.n_atoms[mofs.block], mofs.offsets[:-1])
    done = {row["name"] for row in records(arguments.records)}
    end = time.monotonic() + arguments.seconds
    with arguments.records.open("a", encoding="utf-8") as file:
        if file.tell() and not arguments.records.read_bytes().endswith(b"\n"):
            file.write("\n")  # behind a line that was cut off
        for row in order(n_atoms).tolist():
            if time.monotonic() > end:
                break
            if mofs.name[row] not in done:
                file.write(json.dumps(record(mofs, row)) + "\n")
                file.flush()
    count = write(list(records(arguments.records)), mofs, arguments.target)
    card = {
        "title": "CO2 in known metal-organic frameworks, estimated",
        "source": SOURCE | {"changes": "put together from the blocks that ship"},
        "columns": COLUMNS,
        "method": "Boltzmann factor of CO2 (TraPPE) in the rigid framework (UFF, EQeq) on a grid, Langmuir's isotherm"
        f" of {ROOM:g} A^3 a molecule in each place",
        "states": {"taken up": f"{COLD[0]:g} K, {COLD[1]:g} bar", "kept": f"{WARM[0]:g} K, {WARM[1]:g} bar"},
        "made_by": "python -m crystal_studio.mof.build_adsorption --records co2.jsonl",
        "frameworks": count,
    }
    arguments.target.with_suffix(".card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(f"{count} of {len(mofs)} frameworks")


if __name__ == "__main__":
    main()
