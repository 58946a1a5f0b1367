"""A disk that takes no more: one sentence, a pause, nothing lost, and the rest once there is room."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from campaign_fakes import parts
from stage_fakes import Ordered, Size, Slow, Stable

from crystal_studio.campaign import runner
from crystal_studio.campaign.events import Event, Finished, Message
from crystal_studio.campaign.unfinished import to_resume
from crystal_studio.design.request import DesignRequest
from crystal_studio.project.queries import ProjectReader

resource = pytest.importorskip("resource", reason="limits of POSIX")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and mounts of Linux")

REQUEST = DesignRequest(count=64, seed=5, device="cpu")
MADE = parts(Size(), Ordered(), Slow(), Stable())
Room = Callable[[int], None]
"""Makes room for a project of so many bytes in all."""


@contextmanager
def largest_file(folder: Path) -> Iterator[Room]:
    """As a quota: no file may be larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def small_disk(folder: Path) -> Iterator[Room]:
    """A disk that is full, where this user may mount one."""

    def mount(size: int, *more: str) -> int:
        options = ",".join([f"size={size}", *more])
        return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True).returncode

    if not shutil.which("mount") or mount(1 << 20) != 0:
        pytest.skip("this user may not mount a disk")
    try:
        yield lambda size: None if mount(size, "remount") == 0 else pytest.fail("the disk keeps its size")
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def content(project: Path) -> list[tuple]:
    """All that a campaign has stored, in the order of its numbers."""
    with ProjectReader(project) as reader:
        reader.check()
        rows = sorted(reader.candidates(), key=lambda r: r.number)
        return [
            (
                row.number, row.id, row.stage, row.status, row.reason, row.geometry, dict(row.values),
                reader.structures([row.id]).lattice.tolist(),
                [(v.stage, v.status, v.reason) for v in reader.verdicts(row.id)],
            )
            for row in rows
        ]  # fmt: skip


def go(project: Path, events: list[Event]) -> Finished:
    never = threading.Event()
    return runner.run(project, 1, events.append, never, never, workers=1, parts=MADE)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple]:
    project = tmp_path_factory.mktemp("straight") / "p.crystals"
    runner.start(project, REQUEST, parts=MADE)
    assert go(project, []).state == "finished"
    return content(project)


@pytest.mark.parametrize("limited", [largest_file, small_disk])
def test_a_full_disk_pauses_and_room_lets_it_go_on(limited, undisturbed: list[tuple], tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with limited(folder) as make_room:
        project = folder / "p.crystals"
        runner.start(project, REQUEST, parts=MADE)
        events: list[Event] = []
        # Twice: room for some candidates more, and then none at all.
        for more in (300_000, 0):
            used = sum(file.stat().st_size for file in folder.iterdir())
            make_room(used + more)
            ended = go(project, events)
            assert ended.state == "paused" and "free some space" in ended.text and "resume" in ended.text
            assert events[-2:] == [Message("error", ended.text), ended]
            with ProjectReader(project) as reader:
                assert to_resume(reader) == [1]
            kept = content(project)
            assert 0 < len(kept) < REQUEST.count
        make_room(100 << 20)
        assert go(project, events).state == "finished"
        assert [row[:2] for row in content(project)][: len(kept)] == [row[:2] for row in kept]
        assert content(project) == undisturbed
