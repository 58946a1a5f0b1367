"""Checks a finished campaign against what was asked: elements, and the space group that spglib finds.

crystal-studio generate p.crystals --chemsys Li-Mn-O --mode subset --count 256 --seed 7 --device cpu --json
python benchmarks/check_campaign.py p.crystals
"""

from __future__ import annotations

import sys

import numpy as np
import spglib

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.crystal.primitive import primitive
from crystal_studio.project.queries import ProjectReader


def main(path: str) -> None:
    """Print the counts."""
    with ProjectReader(path) as reader:
        request = reader.campaigns()[-1].request
        ids = reader.ids("", "id")
        units = reader.units(ids)
        apart = {int(i) for i in ids if any(v.stage == "geometry" and v.passed for v in reader.verdicts(int(i)))}
    allowed = set(request["chemical_system"]["elements"])
    held = [{SYMBOLS[z] for z in row if z} for row in units.numbers]
    cells = primitive(expand(units), units.space_group)
    same = total = 0
    for i in np.flatnonzero([int(c) in apart for c in ids]):
        atoms = cells.atoms(i)
        cell = (cells.lattice[i], cells.positions[atoms], cells.numbers[atoms])
        found = spglib.get_symmetry_dataset(cell, symprec=0.1)
        same += found is not None and found.number == units.space_group[i]
        total += 1
    print(f"{len(ids)} candidates, {sum(h <= allowed for h in held)} of only {'-'.join(sorted(allowed))}")
    print(f"{total} pass geometry; spglib at 0.1 A finds the sampled group in {same} ({same / max(total, 1):.1%})")


if __name__ == "__main__":
    main(sys.argv[1])
