"""Projection onto Wyckoff positions: ours for a whole batch beside PyXtal's search_closest_wp, one point at a time.

    python benchmarks/projection.py --count 1000

Both get the same raw orbits (a site symmetry and a point off its position) of
random crystals over all 230 groups, and both choose among the positions with the
wanted site symmetry. PyXtal's search runs over every operation of the orbit, as
the published SymmCD does.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from crystal_studio.crystal import lattice
from crystal_studio.crystal.projection import project
from crystal_studio.crystal.space_groups import tables


def raw_orbits(count: int, orbits: int, seed: int):
    """Groups, cells, numbers, site-symmetry classes and points of ``count`` random predictions."""
    rng = np.random.default_rng(seed)
    table = tables()
    group = rng.integers(1, 231, count).astype(np.int16)
    k = rng.normal(0, 0.15, (count, 6)) + np.array([0, 0, 0, 0, 0, 1.8])
    cells = lattice.from_k(lattice.constrain(k, group))
    rows = np.array([rng.choice(table.wyckoff_rows(g), orbits) for g in group])
    points = np.einsum("bmij,bmj->bmi", table.linear[rows], rng.random((*rows.shape, 3))) + table.origin[rows]
    points = (points + rng.normal(0, 0.02, points.shape)) % 1.0
    numbers = np.full(rows.shape, 8, np.int16)
    return group, cells, numbers, table.site_class[rows].astype(np.int64), points


def pyxtal_seconds(group, cells, classes, points) -> float:
    """PyXtal's search over the same orbits, the groups built beforehand."""
    from pyxtal.lattice import Lattice
    from pyxtal.symmetry import Group, search_cloest_wp

    table = tables()
    groups = {int(g): Group(int(g)) for g in np.unique(group)}
    started = time.perf_counter()
    for i, number in enumerate(group):
        rows = table.wyckoff_rows(int(number))
        cell = Lattice.from_matrix(cells[i], ltype=groups[int(number)].lattice_type)
        for cls, point in zip(classes[i], points[i], strict=True):
            wrong = (table.site_class[rows] != cls).sum(1)
            best = None
            for j in np.flatnonzero(wrong == wrong.min()):
                position = groups[int(number)].Wyckoff_positions[j]
                for op in position.ops:
                    found = search_cloest_wp(groups[int(number)], position, op, point)
                    gap = found - point
                    gap -= np.round(gap)
                    distance = np.linalg.norm(gap @ cell.matrix)
                    best = distance if best is None else min(best, distance)
    return time.perf_counter() - started


def main() -> None:
    """Print both rates and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--pyxtal-count", type=int, default=60)
    parser.add_argument("--orbits", type=int, default=5)
    arguments = parser.parse_args()
    ours, theirs = [], []
    for repeat in range(3):
        data = raw_orbits(arguments.count, arguments.orbits, repeat)
        started = time.perf_counter()
        project(*data)
        ours.append(arguments.count / (time.perf_counter() - started))
        few = arguments.pyxtal_count
        theirs.append(few / pyxtal_seconds(data[0][:few], data[1][:few], data[3][:few], data[4][:few]))
    print(f"ours {np.median(ours):.0f} structures/s, PyXtal {np.median(theirs):.2f} structures/s")
    print("ratio " + ", ".join(f"{a / b:.0f}" for a, b in zip(ours, theirs, strict=True)))


if __name__ == "__main__":
    main()
