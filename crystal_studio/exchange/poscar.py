"""Candidates as POSCAR: VASP 5 format, sites grouped by element."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.elements import SYMBOLS
from crystal_studio.exchange.exporter import Contents, Exporter


def poscar_text(cells: Structures, name: str, i: int = 0) -> str:
    """The file of crystal ``i``, with fractional coordinates."""
    rows = cells.atoms(i)
    numbers, positions = cells.numbers[rows], cells.positions[rows]
    order = np.argsort(numbers, kind="stable")
    kinds, counts = np.unique(numbers, return_counts=True)
    lines = [name, "1.0"]
    lines += ["{:20.14f} {:20.14f} {:20.14f}".format(*row) for row in cells.lattice[i]]
    lines += [" ".join(SYMBOLS[z] for z in kinds), " ".join(map(str, counts)), "Direct"]
    lines += ["{:.14f} {:.14f} {:.14f}".format(*point) for point in positions[order]]
    return "\n".join(lines) + "\n"


def _write(path: Path, contents: Contents) -> None:
    path.write_text(poscar_text(contents.cells, contents.names[0]), encoding="utf-8", newline="\n")


POSCAR = Exporter("poscar", "POSCAR (VASP)", "Input geometry of VASP", ".vasp", False, _write)
