"""A Dask scheduler and its workers, started as a user would: by commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> bool:
    """Whether it became true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@dataclass
class Cluster:
    address: str
    scheduler: subprocess.Popen
    workers: list[subprocess.Popen]


def start(*command: str, **environment: str) -> subprocess.Popen:
    """A Python program in a process group of its own, that finds this package and the tasks of the tests."""
    paths = os.pathsep.join([str(ROOT), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, *command],
        env=os.environ | {"PYTHONPATH": paths} | environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill(process: subprocess.Popen) -> None:
    """SIGKILL, to all that it has started too."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        process.kill()
    process.wait()


def scheduler(folder: Path, *options: str) -> tuple[subprocess.Popen, str]:
    """A scheduler and its address."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    options = ("--port", "0", "--no-dashboard", "--scheduler-file", str(file), *options)
    process = start("-m", "distributed.cli.dask_scheduler", *options)
    assert wait_until(lambda: file.exists() and file.read_text().endswith("}"))
    return process, json.loads(file.read_text())["address"]


@contextmanager
def by_hand(folder: Path, gpus: Sequence[int] = (0, 0)) -> Iterator[Cluster]:
    """A scheduler on loopback with one ``crystal-studio worker`` for each of ``gpus``."""
    process, address = scheduler(folder, "--host", "127.0.0.1")
    cluster = Cluster(address, process, [])
    try:
        for number in gpus:
            cluster.workers.append(
                start("-m", "crystal_studio", "worker", address, "--workers", "1", "--gpus", str(number))
            )
        yield cluster
    finally:
        for process in (*cluster.workers, cluster.scheduler):
            kill(process)
