"""Cells on which a search of symmetry at its usual tolerance never ends: long ones whose axes lie close."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.lattice import from_parameters
from crystal_studio.crystal.operations import dataset, endless_from

ENDLESS = [
    (0.985, 0.985, 40.0, 90.0, 60.0, 90.0),
    (1.796, 0.612, 20.0, 54.796, 60.0, 90.0),
    (1.314, 1.314, 60.0, 90.0, 60.0, 112.856),
    (2.129, 1000.0, 887.782, 90.0, 90.0, 120.0),
    (4.456, 4.456, 1000.0, 103.318, 108.306, 60.0),
    (2.0, 2.1, 3000.0, 90.0, 90.0, 60.0),
    (1.082, 1.082, 7.048, 90.984, 93.482, 60.0),
]

SEARCH = """
import json, sys
import numpy as np
from crystal_studio.crystal.batches import Structures
from crystal_studio.crystal.lattice import from_parameters
from crystal_studio.crystal.operations import operations
from crystal_studio.crystal.standardise import space_group_numbers

cells = from_parameters(np.array(json.loads(sys.argv[1])))
x = np.array([[0.0, 0, 0], [0.5, 0.5, 0.31]])
double = np.concatenate([x / [1, 1, 2], x / [1, 1, 2] + [0, 0, 0.5]])
for cell in cells:
    one = Structures.from_lists([cell, cell * [[1], [1], [2]]], [[3, 8], [3, 8, 3, 8]], [x, double])
    print(space_group_numbers(one).tolist(), len(operations(cell, np.array([3, 8]), x)[0]), flush=True)
"""


def test_searches_of_long_cells_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SEARCH, json.dumps(ENDLESS)], capture_output=True, text=True, timeout=240, check=True
    )
    assert len(done.stdout.splitlines()) == len(ENDLESS)
    assert "[0, " not in done.stdout, "each has a group"


@pytest.mark.parametrize("c", [8.0, 60.0, 2000.0])
def test_long_cells_keep_their_symmetry(c: float) -> None:
    """Rutile's tetragonal cell, however long: what is exact is found at any tolerance."""
    lattice = np.diag([4.6, 4.6, c])
    x = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.3, 0.3, 0], [0.7, 0.7, 0], [0.2, 0.8, 0.5], [0.8, 0.2, 0.5]])
    numbers = np.array([22, 22, 8, 8, 8, 8])
    assert dataset(lattice, numbers, x, 0.1, standard=True).number == 136
    assert (endless_from(lattice, numbers, x) > 0.1) == (c < 100)


def test_translations_inside_the_cell_count() -> None:
    """A supercell is as hard as its primitive cell."""
    lattice = from_parameters(np.array([[3.0, 3.0, 30.0, 90.0, 90.0, 120.0]]))[0]
    x = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.4]])
    whole = Structures.from_lists([lattice], [[11, 17]], [x])
    wide = np.concatenate([(x + np.array([i, j, 0])) / [2, 2, 1] for i in range(2) for j in range(2)])
    first = endless_from(lattice, whole.numbers, whole.positions)
    second = endless_from(lattice * [[2], [2], [1]], np.tile([11, 17], 4), wide)
    assert first == pytest.approx(second)
