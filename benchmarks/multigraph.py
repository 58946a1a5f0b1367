"""Time of building the symmetric multigraph of a batch, against all pairs of whole cells, one crystal after the other.

    python benchmarks/multigraph.py --reference mp20_like.parquet --count 256

Both give the 24 nearest images of each inequivalent atom of held-out crystals; the other way expands the asymmetric
unit, lists the pairs of the conventional cell with scipy's k-d tree within a radius that holds enough, and keeps those
of the representatives. ``matscipy`` and ``vesin``, where they are installed, list the pairs within the same radius of
the primitive cell, of all its atoms, one crystal after the other; what is left to do with them (the nearest of the
representatives, operations, arrays of a batch) is not counted. Processor seconds, the least of five runs.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.multigraph import Orbits, nearest
from crystal_studio.crystal.neighbours import neighbours_within
from crystal_studio.crystal.primitive import primitive
from crystal_studio.training.crystals import held_units, splits

K = 24


def least(function: Callable[[], object], runs: int = 5) -> float:
    """Processor seconds of the quickest of some runs."""
    found = []
    for _ in range(runs):
        before = time.process_time()
        function()
        found.append(time.process_time() - before)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", type=Path, required=True, help="data with a column 'split'")
    parser.add_argument("--count", type=int, default=256)
    args = parser.parse_args()
    torch.set_num_threads(1)
    held_out = splits(args.reference, 42)[1]
    assert held_out is not None, "the reference keeps no crystals back"
    units, _ = held_units(held_out.take(np.arange(args.count)))
    at, column = np.nonzero(units.mask)
    orbits = Orbits.of(units.space_group, at, units.wyckoff[at, column])
    x = torch.as_tensor(units.positions[at, column]).float()
    lattice = torch.as_tensor(units.lattice).float()

    def one_by_one() -> list[np.ndarray]:
        cells, found = expand(units), []
        for i in range(len(units)):
            cell, _, positions = cells.cell(i)
            reach = 1.35 * (3 * K * abs(np.linalg.det(cell)) / len(positions) / (4 * np.pi)) ** (1 / 3)
            centre, _, _, distance = neighbours_within(cell, positions, reach)
            first = np.unique(cells.orbit[cells.atoms(i)], return_index=True)[1]
            found += [np.sort(distance[centre == atom])[:K] for atom in first]
        return found

    def pairs_of_libraries() -> dict[str, Callable[[], object]]:
        from ase import Atoms

        cells = primitive(expand(units), units.space_group)
        parts = [cells.cell(i) for i in range(len(units))]
        atoms = [Atoms(z, scaled_positions=at, cell=cell, pbc=True) for cell, z, at in parts]
        reach = [1.35 * (3 * K * a.get_volume() / len(a) / (4 * np.pi)) ** (1 / 3) for a in atoms]
        found: dict[str, Callable[[], object]] = {}
        with suppress(ImportError):
            from matscipy.neighbours import neighbour_list

            found["matscipy"] = lambda: [neighbour_list("ijSD", a, r) for a, r in zip(atoms, reach, strict=True)]
        with suppress(ImportError):
            from vesin import NeighborList

            found["vesin"] = lambda: [
                NeighborList(cutoff=r, full_list=True).compute(a.positions, a.cell.array, True, "ijSD")
                for a, r in zip(atoms, reach, strict=True)
            ]
        return found

    ours = nearest(orbits, x, lattice, K).length.numpy()
    assert np.allclose(ours, np.stack(one_by_one()), atol=0.02), "both ways find the same"
    batch, alone = least(lambda: nearest(orbits, x, lattice, K)), least(one_by_one)
    row = {"crystals": len(units), "orbits": len(orbits), "batch_ms": 1e3 * batch, "one_by_one_ms": 1e3 * alone}
    row |= {f"{name}_ms": 1e3 * least(pairs) for name, pairs in pairs_of_libraries().items()}
    print(json.dumps({k: round(v, 1) for k, v in row.items()} | {"ratio": round(alone / batch, 1)}))


if __name__ == "__main__":
    main()
