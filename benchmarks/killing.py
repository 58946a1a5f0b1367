"""Campaigns in which processes are killed at random moments, beside one that nobody disturbs.

    python benchmarks/killing.py --what worker|scheduler|campaign --engine local|dask --times 20

Each time a campaign of the same request is started, the process named is ended with SIGKILL at a random moment, what is
then missing (scheduler, workers, the campaign) is started again, and `crystal-studio resume` is called until nothing is
left to do. Then numbers, structures, statuses, reasons and energies of all candidates are compared with those of the
undisturbed run: nothing may be lost, doubled or different.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from crystal_studio.project.queries import ProjectReader

STUDIO = [sys.executable, "-m", "crystal_studio"]
REQUEST = [
    *("--chemsys", "Na-Cl-O-Li", "--mode", "subset", "--max-atoms", "10", "--max-orbits", "4"),
    *("--steps", "10", "--seed", "5", "--device", "cpu", "--funnel", "quick"),
]
Verdict = tuple[object, ...]


class Cluster:
    """A Dask scheduler on loopback and two workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.address = f"tcp://127.0.0.1:{random.randint(20000, 60000)}"
        self._folder = folder
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start whatever of it is not running."""
        port = self.address.rsplit(":", 1)[1]
        if self.scheduler is None or self.scheduler.poll() is not None:
            self._end(self.workers)
            command = ["--host", "127.0.0.1", "--no-dashboard", "--port"]
            self.scheduler = self._run([sys.executable, "-m", "distributed.cli.dask_scheduler", *command, port])
            time.sleep(3)
        self.workers = [w for w in self.workers if w.poll() is None]
        while len(self.workers) < 2:
            self.workers.append(self._run([*STUDIO, "worker", self.address]))

    def close(self) -> None:
        """End all of it."""
        self._end(self.workers + ([self.scheduler] if self.scheduler else []))

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        log = (self._folder / "cluster.log").open("ab")
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    @staticmethod
    def _end(processes: list[subprocess.Popen[bytes]]) -> None:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def verdicts(project: Path) -> dict[int, Verdict]:
    """What is stored of each candidate, by its number; raises where a number occurs twice."""
    with ProjectReader(project) as reader:
        rows = reader.candidates()
        cells = reader.structures([r.id for r in rows])
        found: dict[int, Verdict] = {}
        for i, row in enumerate(rows):
            if row.number in found:
                raise SystemExit(f"{project}: candidate {row.number} is there twice")
            energy = row.values.get("energy_per_atom")
            atoms = cells.atoms(i)
            shape = np.concatenate([cells.lattice[i].ravel(), cells.positions[atoms].ravel()])
            found[row.number] = (
                row.formula,
                row.status,
                row.stage,
                row.reason,
                None if energy is None else round(float(energy), 5),
                tuple(np.round(shape, 4).tolist()),
            )
    return found


def descendants(pid: int) -> list[int]:
    """Processes below one, the nearest first."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True).stdout.splitlines()
    parents = {int(p): (int(q), rest) for p, q, rest in (line.split(None, 2) for line in listed)}
    below = [p for p, (q, rest) in parents.items() if q == pid and "resource_tracker" not in rest]
    return below + [d for p in below for d in descendants(p)]


def disturbed(project: Path, options: list[str], what: str, after: float, cluster: Cluster | None) -> int:
    """One campaign with one kill; returns how often it had to be resumed."""
    log = project.with_suffix(".log").open("ab")
    run = subprocess.Popen([*STUDIO, "generate", str(project), *options], stdout=log, stderr=log)
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.wait(after)
    target = 0
    if what == "campaign":
        target = run.pid if run.poll() is None else 0
    elif what == "scheduler" and cluster and cluster.scheduler:
        target = cluster.scheduler.pid
    elif what == "worker":
        pool = descendants(run.pid) if cluster is None else [p for w in cluster.workers for p in descendants(w.pid)]
        target = random.choice(pool) if pool else 0
    if target:
        with contextlib.suppress(ProcessLookupError):
            os.kill(target, signal.SIGKILL)
    started = time.monotonic()
    while run.poll() is None and time.monotonic() - started < 300:
        if cluster and what != "scheduler":
            cluster.start()
        time.sleep(0.2)
    if run.poll() is None:
        raise SystemExit(f"{project}: the campaign hangs after the kill")
    resumed = 0
    while resumed < 5 and not complete(project):
        if cluster:
            cluster.start()
        if project.exists():
            engine = options[options.index("--engine") :]
            subprocess.run([*STUDIO, "resume", str(project), *engine], stdout=log, stderr=log, timeout=600)
        else:  # killed before there was a project: nothing was promised
            subprocess.run([*STUDIO, "generate", str(project), *options], stdout=log, stderr=log, timeout=600)
        resumed += 1
    return resumed


def complete(project: Path) -> bool:
    """Whether the project has a finished campaign without errors left to try."""
    if not project.exists():
        return False
    with ProjectReader(project) as reader:
        states = [c.state for c in reader.campaigns()]
        return states == ["finished"] and not reader.count("status in ('pending', 'error')")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", choices=("worker", "scheduler", "campaign"), required=True)
    parser.add_argument("--engine", choices=("local", "dask"), default="local")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--request", default="", help="options of generate, instead of the usual ones")
    asked = parser.parse_args()
    random.seed(asked.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        common = [*(shlex.split(asked.request) or REQUEST), "--count", str(asked.count), "--workers", "2"]
        began = time.monotonic()
        disturbed(folder / "calm.crystals", [*common, "--engine", "local"], "nothing", 600, None)
        seconds = time.monotonic() - began
        calm = verdicts(folder / "calm.crystals")
        print(f"undisturbed, local engine: {len(calm)} candidates in {seconds:.0f} s", flush=True)
        cluster = Cluster(folder) if asked.engine == "dask" else None
        options = [*common, "--engine", "local"]
        if cluster:
            cluster.start()
            options[-1] = cluster.address
            disturbed(folder / "dask.crystals", options, "nothing", 600, cluster)
            same = verdicts(folder / "dask.crystals") == calm
            print(f"undisturbed, Dask with two workers: {'the same' if same else 'OTHER'} verdicts", flush=True)
        good = 0
        try:
            for turn in range(asked.times):
                if cluster:
                    cluster.start()
                project = folder / f"{turn}.crystals"
                after = random.uniform(0.5, 0.95 * seconds)
                resumed = disturbed(project, options, asked.what, after, cluster)
                found = verdicts(project)
                same = found == calm
                good += same
                missing = sorted(set(calm) - set(found))
                other = [n for n in found if n in calm and found[n] != calm[n]]
                print(
                    f"{turn + 1}: {asked.what} killed after {after:.1f} s, resumed {resumed} times: "
                    f"{'the same' if same else f'DIFFERENT (missing {missing}, other {other})'}",
                    flush=True,
                )
        finally:
            if cluster:
                cluster.close()
        print(f"{good} of {asked.times} campaigns ended as the undisturbed one")


if __name__ == "__main__":
    main()
