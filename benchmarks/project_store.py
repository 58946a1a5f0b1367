"""How fast the project file is: inserts a second, verdicts a second, milliseconds a page and a sort.

python benchmarks/project_store.py --count 100000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from crystal_studio.crystal.asymmetric_unit import expand
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.space_groups import tables
from crystal_studio.project.connection import sqlite_version
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

CHUNK = 256


def spinels(count: int) -> AsymmetricUnits:
    """LiMn2O4 over and over: three orbits, 56 atoms in the cell."""
    row = [tables().wyckoff_row(227, letter) for letter in "ade"]
    points = np.array([[0.125] * 3, [0.5] * 3, [0.2632] * 3])
    return AsymmetricUnits(
        np.full(count, 227, np.int16),
        np.tile(np.eye(3) * 8.245, (count, 1, 1)),
        np.tile(np.array([3, 25, 8], np.int16), (count, 1)),
        np.tile(np.array(row, np.int16), (count, 1)),
        np.tile(points, (count, 1, 1)),
    )


def best_of(deed: Callable[[], object], times: int = 5) -> float:
    """Milliseconds of the fastest of several calls."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        deed()
        seconds.append(time.perf_counter() - start)
    return min(seconds) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    count = parser.parse_args().count
    units = spinels(CHUNK)
    cells = expand(units)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "benchmark.crystals"
        with ProjectWriter.create(path) as writer:
            campaign = writer.add_campaign("benchmark", {}, {}, count)
            start = time.perf_counter()
            for first in range(0, count, CHUNK):
                n = np.arange(min(CHUNK, count - first))
                writer.add_candidates(campaign, first + n, units.take(n), cells.take(n), "benchmark")
            inserted = time.perf_counter() - start
            start = time.perf_counter()
            for first in range(0, count, CHUNK):
                ids = np.arange(first + 1, min(first + CHUNK, count) + 1)
                writer.record(
                    "stability", ids, ids % 3 > 0, [""] * len(ids), {"e_hull": rng.exponential(0.1, len(ids))}
                )
            judged = time.perf_counter() - start
        size = path.stat().st_size
        with ProjectReader(path) as reader:
            ids = reader.ids(sort="e_hull")
            print(f"SQLite {sqlite_version()}, {count} candidates of 56 atoms in {size / 1e6:.0f} MB")
            print(f"add_candidates   {count / inserted:10.0f} a second (chunks of {CHUNK})")
            print(f"record           {count / judged:10.0f} a second")
            middle = ids[len(ids) // 2 : len(ids) // 2 + 100]
            for name, deed in (
                ("100 rows by id", lambda: reader.by_ids(middle)),
                ("100 structures", lambda: reader.structures(middle)),
                ("ids by e_hull", lambda: reader.ids(sort="e_hull")),
                ("ids by density", lambda: reader.ids(sort="density")),
                ("count of a filter", lambda: reader.count("e_hull < 0.1 and 'Li' in elements")),
                ("two columns", lambda: reader.columns(["id", "e_hull"])),
                ("funnel", lambda: reader.funnel(campaign)),
            ):
                print(f"{name:17s}{best_of(deed):10.2f} ms")


if __name__ == "__main__":
    main()
