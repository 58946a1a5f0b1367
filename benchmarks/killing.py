"""Campaigns in which processes are killed at random moments, beside one that nobody disturbs.

    python benchmarks/killing.py --what worker|scheduler|campaign --engine local|dask --times 20
    xvfb-run -a python benchmarks/killing.py --what app --times 20

Each time a campaign of the same request is started, the process named is ended with SIGKILL when a random share of all
that is to be stored is there, what is then missing (scheduler, workers, the campaign) is
started again, and `crystal-studio resume` is called until nothing is left to do. "app" is a window that carries the
campaign on in a process of its own, which has to end by itself. Then numbers, ids, structures, statuses, reasons,
quantities and the verdict of every stage are compared with those of the undisturbed run: nothing may be lost, doubled
or different.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from crystal_studio.errors import FileError
from crystal_studio.project.queries import ProjectReader

STUDIO = [sys.executable, "-m", "crystal_studio"]
REQUEST = [
    *("--chemsys", "Na-Cl-O-Li", "--mode", "subset", "--max-atoms", "10", "--max-orbits", "4"),
    *("--steps", "10", "--seed", "5", "--device", "cpu", "--funnel", "quick"),
]
WINDOW = """
import os
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from crystal_studio.app.application import create_application
from crystal_studio.app.main_window import MainWindow
if __name__ == "__main__":
    application = create_application()
    window = MainWindow(probe_devices=False)
    window.show()
    QTimer.singleShot(0, lambda: window.session.open(Path(sys.argv[1]), window.campaigns.carry_on))
    window.campaign.ended.connect(lambda event: os._exit(0))
    application.exec()
"""
PATIENCE = 300.0
Verdict = tuple[object, ...]


class Cluster:
    """A Dask scheduler on loopback and two workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self._port}"
        self._folder = folder
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start whatever of it is not running."""
        if self.scheduler is None or self.scheduler.poll() is not None:
            end(self.workers)
            command = ["--host", "127.0.0.1", "--no-dashboard", "--port", str(self._port)]
            self.scheduler = self._run([sys.executable, "-m", "distributed.cli.dask_scheduler", *command])
            wait_until(self._listens, "the scheduler does not listen")
        self.workers = [w for w in self.workers if w.poll() is None]
        while len(self.workers) < 2:
            self.workers.append(self._run([*STUDIO, "worker", self.address, "--workers", "1"]))

    def close(self) -> None:
        """End all of it."""
        end(self.workers + ([self.scheduler] if self.scheduler else []))

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
            return True
        return False

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        return launch(command, self._folder / "cluster.log", start_new_session=True)


def launch(command: list[str], log: Path, **options: bool) -> subprocess.Popen[bytes]:
    """A program whose words go to a file."""
    with log.open("ab") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, **options)


def end(processes: list[subprocess.Popen[bytes]]) -> None:
    """SIGKILL, to the group of each."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(condition: Callable[[], bool], otherwise: str, seconds: float = PATIENCE) -> None:
    """Wait for a state; leaves the program where it does not come."""
    last = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > last:
            raise SystemExit(otherwise)
        time.sleep(0.02)


def content(project: Path) -> dict[int, Verdict]:
    """All that is stored of each candidate, by its number; raises where a number occurs twice or the file is bad."""
    with ProjectReader(project) as reader:
        reader.check()
        rows = reader.candidates()
        found: dict[int, Verdict] = {}
        for row in rows:
            if row.number in found:
                raise SystemExit(f"{project}: candidate {row.number} is there twice")
            shapes = [reader.structures([row.id], which) for which in ("generated", "current")]
            found[row.number] = (
                *(row.id, row.formula, row.space_group, row.status, row.stage, row.reason, row.geometry),
                tuple(sorted((name, rounded(value)) for name, value in row.values.items())),
                tuple((v.stage, v.status, v.reason) for v in reader.verdicts(row.id)),
                tuple(np.round([*s.lattice.ravel(), *s.positions.ravel()], 4).tolist() for s in shapes),
            )
    return found


def rounded(value: object) -> object:
    return round(value, 5) if isinstance(value, float) else value


def stored(project: Path) -> tuple[str, int, int]:
    """State of the campaign ("" before there is one), and how many candidates and verdicts are there."""
    with contextlib.suppress(FileError):
        if project.exists():
            with ProjectReader(project) as reader:
                ids = reader.ids()
                verdicts = sum(len(reader.verdicts(i)) for i in ids)
                return next((c.state for c in reader.campaigns()), ""), len(ids), verdicts
    return "", 0, 0


def descendants(pid: int) -> list[int]:
    """Processes below one, the nearest first."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True).stdout.splitlines()
    parents = {int(p): (int(q), rest) for p, q, rest in (line.split(None, 2) for line in listed)}
    below = [p for p, (q, rest) in parents.items() if q == pid and "resource_tracker" not in rest]
    return below + [d for p in below for d in descendants(p)]


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        return state != "Z"
    return False


class Campaign:
    """One campaign of the request, run to its end with at most one kill."""

    def __init__(self, project: Path, options: list[str], cluster: Cluster | None) -> None:
        self.project, self.options, self.cluster = project, options, cluster
        self.log = project.with_suffix(".log")
        self.moment = "nothing"  # what was killed, and when
        self.resumed = 0

    def run(self, what: str = "", there: int = -1) -> None:
        """Start it, kill ``what`` once so many candidates and verdicts are there, and finish it."""
        if self.cluster:
            self.cluster.start()
        run = self._window() if what == "app" else launch([*STUDIO, "generate", *self._arguments], self.log)
        if there >= 0:
            wait_until(lambda: self._has(there) or run.poll() is not None, f"{self.project}: it does not go on")
            time.sleep(random.uniform(0.0, 0.1))
            self._kill(what, run)
        if self.cluster:
            self.cluster.start()
        try:
            run.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise SystemExit(f"{self.project}: the campaign hangs after the kill") from None
        while not self.complete and self.resumed < 5:
            self.resumed += 1
            engine = self.options[self.options.index("--engine") :]
            command = [*STUDIO, "resume", str(self.project), *engine]
            launch(command, self.log).wait(PATIENCE)

    @property
    def complete(self) -> bool:
        """Whether the project has a finished campaign without errors left to try."""
        with ProjectReader(self.project) as reader:
            states = [c.state for c in reader.campaigns()]
            return states == ["finished"] and not reader.count("status in ('pending', 'error')")

    def _has(self, count: int) -> bool:
        state, candidates, verdicts = stored(self.project)
        return state == "finished" or (state == "running" and candidates + verdicts >= count)

    @property
    def _arguments(self) -> list[str]:
        return [str(self.project), *self.options]

    def _window(self) -> subprocess.Popen[bytes]:
        """A window that carries on a campaign which was put down as soon as it stood in the project."""
        launch([*STUDIO, "generate", *self._arguments, "--max-minutes", "0.00001"], self.log).wait(PATIENCE)
        return launch([sys.executable, "-c", WINDOW, str(self.project)], self.log)

    def _kill(self, what: str, run: subprocess.Popen[bytes]) -> None:
        """SIGKILL to one process; what has to end by itself has a minute for it."""
        target, below = 0, descendants(run.pid)
        if what in ("campaign", "app"):
            target = run.pid if run.poll() is None else 0
        elif what == "scheduler" and self.cluster and self.cluster.scheduler:
            target = self.cluster.scheduler.pid
        elif what == "worker":
            pool = below if not self.cluster else [p for w in self.cluster.workers for p in descendants(w.pid)]
            target = random.choice(pool) if pool else 0
        state, candidates, verdicts = stored(self.project)
        self.moment = f"nothing to kill, {state}"
        if target:
            self.moment = f"killed, {state} with {candidates} candidates and {verdicts} verdicts"
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, signal.SIGKILL)
        if what == "scheduler" and self.cluster and self.cluster.scheduler:
            self.cluster.scheduler.wait()
            run.wait(PATIENCE)  # says that it has lost its scheduler, or was at its end
        if what in ("campaign", "app"):
            run.wait()
            wait_until(lambda: not any(map(alive, below)), f"{self.project}: children outlive it", 60.0)
            self.moment += f", then {stored(self.project)[0]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", choices=("worker", "scheduler", "campaign", "app"), required=True)
    parser.add_argument("--engine", choices=("local", "dask"), default="local", help="app: local only")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--request", default="", help="options of generate, instead of the usual ones")
    asked = parser.parse_args()
    random.seed(asked.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_CONFIG_HOME"] = str(folder / "settings")
        common = [*(shlex.split(asked.request) or REQUEST), "--count", str(asked.count), "--workers", "2"]
        local = [*common, "--engine", "local"]
        first = Campaign(folder / "calm.crystals", local, None)
        first.run()
        calm, total = content(first.project), sum(stored(first.project)[1:])
        print(f"undisturbed, local engine: {len(calm)} candidates, {total - len(calm)} verdicts", flush=True)
        cluster = Cluster(folder) if asked.engine == "dask" and asked.what != "app" else None
        options = [*common, "--engine", cluster.address] if cluster else local
        good = 0
        try:
            if cluster or asked.what == "app":
                run = Campaign(folder / "other.crystals", options, cluster)
                run.run(asked.what)
                same = "the same" if content(run.project) == calm else "OTHER content"
                where = "Dask with two workers" if cluster else "in a window"
                print(f"undisturbed, {where}: {same}", flush=True)
            for turn in range(asked.times):
                run = Campaign(folder / f"{turn}.crystals", options, cluster)
                there = random.randrange(total)
                run.run(asked.what, there)
                found = content(run.project)
                missing = sorted(set(calm) - set(found))
                other = [n for n in found if n in calm and found[n] != calm[n]]
                good += found == calm
                said = "the same" if found == calm else f"DIFFERENT (missing {missing}, other {other})"
                print(
                    f"{turn + 1}: {asked.what} {run.moment}; resumed {run.resumed} times: {said}",
                    flush=True,
                )
        finally:
            if cluster:
                cluster.close()
        print(f"{good} of {asked.times} campaigns ended as the undisturbed one")


if __name__ == "__main__":
    main()
