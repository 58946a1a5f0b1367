"""Projection onto Wyckoff positions: ours for a whole batch beside PyXtal's search_cloest_wp, one point at a time.

    python benchmarks/projection.py --count 300 --source model

Both get the same raw crystals: first draws of the installed model, or random ones over all 230 groups (a
site symmetry and a point off its position). Both choose among the positions whose site symmetry differs on the
fewest axes. PyXtal's search runs over every operation of the orbit, as the published SymmCD does, and leaves two orbits
on one fixed position; ours parts them. Times are processor seconds.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from raw_output import raw_output

from crystal_studio.crystal import lattice
from crystal_studio.crystal.projection import project
from crystal_studio.crystal.space_groups import tables


def random_output(count: int, orbits: int, seed: int):
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


def our_seconds(data) -> float:
    """Median of seven runs over all crystals at once."""
    times = []
    for _ in range(7):
        started = time.process_time()
        project(*data)
        times.append(time.process_time() - started)
    return float(np.median(times))


def pyxtal_seconds(group, cells, numbers, classes, points) -> float:
    """PyXtal's search over the same orbits, the groups built beforehand."""
    from pyxtal.lattice import Lattice
    from pyxtal.symmetry import Group, search_cloest_wp

    table = tables()
    groups = {int(g): Group(int(g)) for g in np.unique(group)}
    started = time.process_time()
    for i, number in enumerate(group):
        rows = table.wyckoff_rows(int(number))
        cell = Lattice.from_matrix(cells[i], ltype=groups[int(number)].lattice_type)
        for j in np.flatnonzero(numbers[i]):
            point = points[i, j]
            wrong = (table.site_class[rows] != classes[i, j]).sum(1)
            best = None
            for k in np.flatnonzero(wrong == wrong.min()):
                position = groups[int(number)].Wyckoff_positions[k]
                for op in position.ops:
                    found = search_cloest_wp(groups[int(number)], position, op, point)
                    gap = found - point
                    gap -= np.round(gap)
                    distance = np.linalg.norm(gap @ cell.matrix)
                    best = distance if best is None else min(best, distance)
    return time.process_time() - started


def main() -> None:
    """Print both rates and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--source", choices=["model", "random"], default="model")
    parser.add_argument("--steps", type=int, default=50, help="of the sampler")
    parser.add_argument("--orbits", type=int, default=5, help="of random crystals")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.source == "model":
        data = raw_output(arguments.count, arguments.steps, arguments.seed)
    else:
        data = random_output(arguments.count, arguments.orbits, arguments.seed)
    project(*data)
    ours, theirs = our_seconds(data), pyxtal_seconds(*data)
    n = len(data[0])
    print(f"{n} crystals ({arguments.source}), {(data[2] > 0).sum() / n:.2f} orbits each")
    print(f"ours {n / ours:.0f} structures/s, PyXtal {n / theirs:.1f} structures/s, ratio {theirs / ours:.0f}")


if __name__ == "__main__":
    main()
