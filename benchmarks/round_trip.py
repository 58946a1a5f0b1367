"""Real structures to asymmetric units and back: how many are the same crystal in the same space group?

python benchmarks/round_trip.py --data mp20_like.parquet --count 3000
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import spglib

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.primitive import primitive
from crystal_studio.crystal.standardise import to_asymmetric_units
from crystal_studio.data.datasets import load


def spglib_number(structures: Structures, i: int, symprec: float) -> int:
    """Space group that spglib finds for crystal i."""
    atoms = structures.atoms(i)
    cell = (structures.lattice[i], structures.positions[atoms], structures.numbers[atoms])
    found = spglib.get_symmetry_dataset(cell, symprec=symprec)
    return 0 if found is None else found.number


def main() -> None:
    """Print shares and rates."""
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.core import Structure

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    dataset = load(arguments.data)
    rows = np.random.default_rng(arguments.seed).permutation(len(dataset))[: arguments.count]
    before = dataset.structures.take(rows)
    started = time.perf_counter()
    units, ok, reasons = to_asymmetric_units(before, 0.1)
    standardising = time.perf_counter() - started
    started = time.perf_counter()
    cells = expand(units)
    expanding = time.perf_counter() - started
    after = primitive(cells, units.space_group)
    matcher = StructureMatcher()
    same = group_kept = group_of_input = 0
    for i in np.flatnonzero(ok):
        pair = [Structure(s.lattice[i], s.numbers[s.atoms(i)], s.positions[s.atoms(i)]) for s in (before, after)]
        same += matcher.fit(*pair)
        number = spglib_number(after, i, 0.1)
        group_kept += number == units.space_group[i]
        group_of_input += number == spglib_number(before, i, 0.1)
    n = len(before)
    print(f"{n} structures; standardised {ok.sum()} ({n / standardising:.0f}/s); expanded {n / expanding:.0f}/s")
    print(f"same crystal (StructureMatcher, defaults): {same} ({same / n:.2%})")
    print(f"spglib at 0.1 A finds the unit's group: {group_kept} ({group_kept / n:.2%})")
    print(f"spglib at 0.1 A finds the same group before and after: {group_of_input} ({group_of_input / n:.2%})")
    for reason in sorted(set(reasons) - {""}):
        print(f"  {reasons.count(reason)} x {reason}")


if __name__ == "__main__":
    main()
