"""kill -9 of worker processes: no candidate gets another verdict by it, and its neighbours finish."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from campaign_fakes import parts
from clusters import wait_until
from stage_fakes import Ordered, Size, Slow, Stable

from crystal_studio.campaign import runner
from crystal_studio.campaign.events import Event, Progress
from crystal_studio.campaign.parts import RunParts
from crystal_studio.campaign.unfinished import to_resume
from crystal_studio.design.request import DesignRequest
from crystal_studio.project.queries import ProjectReader

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
REQUEST = DesignRequest(count=32, seed=4, device="cpu")
MADE = parts(Size(), Slow(0.05), Stable())


def workers() -> list[int]:
    """Worker processes that this one has started."""
    found = []
    for children in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for pid in children.read_text().split():
            try:
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(int(pid))
            except OSError:  # gone by now
                continue
    return found


def content(project: Path) -> list[tuple]:
    with ProjectReader(project) as reader:
        rows = sorted(reader.candidates(), key=lambda r: r.number)
        return [
            (
                r.number, r.id, r.stage, r.status, r.reason, r.geometry, dict(r.values),
                reader.structures([r.id]).lattice.sum(),
            )
            for r in rows
        ]  # fmt: skip


def go(project: Path, made: RunParts, emit=lambda e: None) -> str:
    never = threading.Event()
    return runner.run(project, 1, emit, never, never, workers=2, parts=made).state


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple]:
    project = tmp_path_factory.mktemp("straight") / "p.crystals"
    runner.start(project, REQUEST, parts=MADE)
    assert go(project, MADE) == "finished"
    return content(project)


@pytest.mark.parametrize("seed", [1, 2])
def test_workers_killed_at_random(seed: int, undisturbed: list[tuple], tmp_path: Path) -> None:
    """Killed while they work, some twice on one candidate; resume tries again what was left as an error."""
    project = tmp_path / "p.crystals"
    runner.start(project, REQUEST, parts=MADE)
    moment, over, killed = random.Random(seed), threading.Event(), []

    def kill() -> None:
        """The first as soon as there is one, however fast the machine; the others at random."""
        while len(killed) < 6 and not over.wait(moment.uniform(0.3, 0.8) if killed else 0.002):
            for pid in workers()[:1]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        go(project, MADE)
    finally:
        over.set()
        killer.join()
    with ProjectReader(project) as reader:
        left = to_resume(reader)
    if left:
        go(project, MADE)
    assert killed and content(project) == undisturbed


def test_killed_while_sampling(tmp_path: Path) -> None:
    """Whichever chunk it was making, another worker makes the same candidates, and they get the same ids."""
    straight, project = tmp_path / "straight.crystals", tmp_path / "p.crystals"
    slow = parts(Size(), Ordered(), delay=0.05)
    for path in (straight, project):
        runner.start(path, REQUEST, parts=slow)
    go(straight, slow)
    killed: list[int] = []

    def emit(event: Event) -> None:
        """Kill one as soon as something of a chunk is made, and another after the first chunk."""
        if isinstance(event, Progress) and len(killed) < 2 and event.generated >= 8 * len(killed) and event.fraction:
            pid = workers()[0]
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    assert go(project, slow, emit) == "finished" and len(killed) == 2
    assert content(project) == content(straight)


def test_one_killed_twice_on_its_candidate_is_an_error_and_then_as_if_nothing_was(
    undisturbed: list[tuple], tmp_path: Path
) -> None:
    project = tmp_path / "p.crystals"
    runner.start(project, REQUEST, parts=MADE)
    deadly = parts(Size(), Slow(deadly=(11,)), Stable())
    assert go(project, deadly) == "finished"
    with ProjectReader(project) as reader:
        rows = {r.id: r for r in reader.candidates()}
        assert rows[11].status == "error"
        others = [row for row in content(project) if row[0] != rows[11].number]
    assert others == [row for row in undisturbed if row[0] != rows[11].number]
    assert go(project, MADE) == "finished" and content(project) == undisturbed


def test_a_cancelled_run_leaves_no_worker(tmp_path: Path) -> None:
    project = tmp_path / "p.crystals"
    made = parts(Size(0.0), Slow(60.0))
    runner.start(project, REQUEST, parts=made)
    cancel = threading.Event()

    def emit(event: Event) -> None:
        if isinstance(event, Progress) and event.generated >= 16:
            cancel.set()

    assert runner.run(project, 1, emit, cancel, threading.Event(), workers=2, parts=made).state == "cancelled"
    assert wait_until(lambda: workers() == [])
