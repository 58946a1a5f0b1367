"""An improvement on a disk that takes no more, in each of its phases: one sentence, and nothing lost or doubled."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from improve_fakes import BEST, Made, write_model

from crystal_studio.campaign.improving import improve, starting
from crystal_studio.campaign.improving.events import ImproveFinished, RoundProgress
from crystal_studio.campaign.improving.plan import ImproveOptions
from crystal_studio.design.request import DesignRequest
from crystal_studio.project.queries import ProjectReader

resource = pytest.importorskip("resource", reason="limits of POSIX")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")

OPTIONS = ImproveOptions(rounds=1, near=0.1, mix=0.5, minutes=1, rehearse=40, check=10)
MOMENTS = (
    "0 Generating",
    "0 Checking",
    "0 Sampling",
    "1 Choosing",
    "Round 1: training",
    "1 Generating",
    "1 Counting",
)
"""What is told when a phase begins."""


def said(event: object) -> str:
    return f"{event.number} {event.phase}" if isinstance(event, RoundProgress) else str(getattr(event, "text", ""))


def carry_on(project: Path, full: str = "") -> ImproveFinished:
    """Begin or go on; from the moment ``full`` on no file may grow beyond a few bytes."""
    made, never = Made(), threading.Event()
    request = DesignRequest(model="first", count=30, seed=3, device="cpu", potential="spring")
    number = starting.start(project, starting.plan_of(request, OPTIONS, tools=made.tools))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def emit(event: object) -> None:
        if full and said(event).startswith(full):
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))

    try:
        return improve.run(project, number, emit, never, never, workers=1, tools=made.tools)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def content(project: Path) -> list[tuple]:
    """All that came out but for times."""
    with ProjectReader(project) as reader:
        reader.check()
        rounds = [(r.number, r.state, r.kept, r.campaign_id, r.check_id) for r in reader.rounds()]
        rows = [(r.id, r.number, r.campaign_id, r.status, dict(r.values)) for r in reader.candidates()]
        return [*rounds, *rows]


def test_a_full_disk_pauses_every_phase_and_room_lets_it_go_on(tmp_path: Path) -> None:
    write_model("first", BEST - 0.2)
    project, straight = tmp_path / "salt.crystals", tmp_path / "straight.crystals"
    for moment in MOMENTS:
        ended = carry_on(project, moment)
        assert ended.state == "paused", moment
        assert ended.text.count("free some space") == 1 and "\n" not in ended.text, moment
    assert carry_on(project).state == carry_on(straight).state == "finished"
    assert content(project) == content(straight)
