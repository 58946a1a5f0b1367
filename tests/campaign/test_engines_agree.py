"""The same campaign on this machine and on a Dask scheduler started by hand: the same verdicts, whatever is killed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from campaign_fakes import parts
from clusters import Cluster, by_hand, kill, start
from stage_fakes import Chooser, Ordered, Size, Slow, Stable

from crystal_studio.campaign import runner
from crystal_studio.campaign.events import Event, Progress
from crystal_studio.design.request import DesignRequest
from crystal_studio.project.queries import ProjectReader

REQUEST = DesignRequest(count=24, seed=4, device="cpu")
MADE = parts(Size(), Ordered(), Chooser(best=9, random=0.2), Slow(0.1), Stable())


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A scheduler with two workers that find the stages."""
    pytest.importorskip("distributed")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
    with by_hand(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> list[tuple]:
    """What the campaign gives on this machine."""
    project = tmp_path_factory.mktemp("local") / "p.crystals"
    begin(project)
    assert go(project, "local") == "finished"
    return content(project)


def begin(project: Path) -> None:
    runner.start(project, REQUEST, parts=MADE)


def go(project: Path, engine: str, emit=lambda event: None) -> str:
    never = threading.Event()
    return runner.run(project, 1, emit, never, never, workers=2, engine=engine, parts=MADE).state


def content(project: Path) -> list[tuple]:
    """All that a campaign has stored and that no interruption may change."""
    with ProjectReader(project) as reader:
        rows = sorted(reader.candidates(), key=lambda r: r.number)
        return [
            (
                r.number, r.id, r.stage, r.status, r.reason, r.geometry, dict(r.values),
                reader.structures([r.id]).lattice.tolist(), [(v.stage, v.status) for v in reader.verdicts(r.id)],
            )
            for r in rows
        ]  # fmt: skip


class Once:
    """Does something when the costly stage has judged so many."""

    def __init__(self, count: int, action) -> None:
        self._count, self._handler, self.done = count, action, False

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress) and not self.done and event.stages[3].entered >= self._count:
            self.done = True
            self._handler()


def test_the_same_verdicts(cluster: Cluster, local: list[tuple], tmp_path: Path) -> None:
    begin(tmp_path / "p.crystals")
    assert go(tmp_path / "p.crystals", cluster.address) == "finished"
    assert content(tmp_path / "p.crystals") == local


def test_a_killed_worker_changes_nothing(cluster: Cluster, local: list[tuple], tmp_path: Path) -> None:
    begin(tmp_path / "p.crystals")

    def replace_one() -> None:
        kill(cluster.workers[0])
        cluster.workers.append(start("-m", "crystal_studio", "worker", cluster.address, "--workers", "1"))

    once = Once(3, replace_one)
    assert go(tmp_path / "p.crystals", cluster.address, once) == "finished" and once.done
    if any(row[3] == "error" for row in content(tmp_path / "p.crystals")):
        go(tmp_path / "p.crystals", cluster.address)
    assert content(tmp_path / "p.crystals") == local


def test_a_killed_scheduler_fails_the_run_and_resume_goes_on(
    cluster: Cluster, local: list[tuple], tmp_path: Path
) -> None:
    begin(tmp_path / "p.crystals")
    once = Once(1, lambda: kill(cluster.scheduler))
    assert go(tmp_path / "p.crystals", cluster.address, once) == "failed" and once.done
    assert go(tmp_path / "p.crystals", "local") == "finished"
    assert content(tmp_path / "p.crystals") == local
