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

from crystal_studio.candidates.batch import Candidates
from crystal_studio.candidates.quantities import Method
from crystal_studio.candidates.verdicts import Finding, Reason, rejecting
from crystal_studio.crystal.batches import AsymmetricUnits
from crystal_studio.crystal.space_groups import tables
from crystal_studio.project.check import examine
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


def best_of(action: Callable[[], object], times: int = 5) -> float:
    """Milliseconds of the fastest of several calls."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return min(seconds) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    count = parser.parse_args().count
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "benchmark.crystals"
        campaign = write(path, count, rng)
        size = path.stat().st_size
        start = time.perf_counter()
        with ProjectReader(path) as reader:
            opened = time.perf_counter() - start
            ids = reader.ids(sort="e_hull")
            print(f"SQLite {sqlite_version()}, {count} candidates of 56 atoms in {size / 1e6:.0f} MB")
            print(f"open             {opened * 1e3:10.1f} ms")
            middle = ids[len(ids) // 2 : len(ids) // 2 + 100]
            for name, action in (
                ("100 rows by id", lambda: reader.by_ids(middle)),
                ("10,000 rows", lambda: reader.by_ids(ids[:10_000])),
                ("100 structures", lambda: reader.structures(middle)),
                ("ids by e_hull", lambda: reader.ids(sort="e_hull")),
                ("ids by density", lambda: reader.ids(sort="density")),
                ("count of a filter", lambda: reader.count("e_hull < 0.1 and 'Li' in elements")),
                ("two columns", lambda: reader.columns(["id", "e_hull"])),
                ("funnel", lambda: reader.funnel(campaign)),
            ):
                print(f"{name:17s}{best_of(action):10.2f} ms")
        start = time.perf_counter()
        examine(path)
        print(f"examination      {time.perf_counter() - start:10.1f} s")


def write(path: Path, count: int, rng: np.random.Generator) -> int:
    """A project with ``count`` candidates of two judging stages; says how many a second go in."""
    made = Candidates.of_units(spinels(CHUNK))
    learned, potential = Method("heads", "learned"), Method("chgnet", "potential")
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("benchmark", {}, {}, count)
        start = time.perf_counter()
        for first in range(0, count, CHUNK):
            n = np.arange(min(CHUNK, count - first))
            writer.add_candidates(campaign, first + n, made.take(n), "benchmark")
        print(f"add_candidates   {count / (time.perf_counter() - start):10.0f} a second (chunks of {CHUNK})")
        for stage, method, names, last in (
            ("properties", learned, ("formation_energy", "e_hull", "band_gap", "in_domain"), False),
            ("stability", potential, ("energy_per_atom", "formation_energy", "e_hull"), True),
        ):
            start = time.perf_counter()
            for first in range(0, count, CHUNK):
                ids = np.arange(first + 1, min(first + CHUNK, count) + 1)
                reasons = [None if i % 3 else Reason("overlap", {"distance": 0.5}) for i in ids]
                findings = [Finding(name, method, rng.exponential(0.1, len(ids))) for name in names]
                writer.record(campaign, stage, ids, rejecting(reasons, findings), last=last)
            print(f"record {stage:10s}{count / (time.perf_counter() - start):10.0f} a second ({len(names)} quantities)")
        start = time.perf_counter()
    print(f"close            {(time.perf_counter() - start) * 1e3:10.1f} ms")
    return campaign


if __name__ == "__main__":
    main()
