"""kill -9 at any moment: what is carried on comes out as if it had never been stopped."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

from campaign_fakes import parts
from stage_fakes import Ordered, Size, Slow, Stable

from crystal_studio.campaign import runner
from crystal_studio.design.request import DesignRequest
from crystal_studio.project.queries import ProjectReader

COUNT = 150
KILLS = 4
_RUN = """
import os, signal, sys, threading
from campaign_fakes import parts
from stage_fakes import Ordered, Size, Slow, Stable
from crystal_studio.campaign import runner
from crystal_studio.campaign.events import Progress
candidates, later, told = int(sys.argv[2]), float(sys.argv[3]), []
def emit(event):
    if isinstance(event, Progress) and event.generated >= candidates and not told:
        told.append(threading.Timer(later, os.kill, (os.getpid(), signal.SIGKILL)))
        told[0].start()
if __name__ == "__main__":
    made = parts(Size(), Ordered(), Slow(0.03), Stable(), delay=0.02)
    runner.run(sys.argv[1], 1, emit, threading.Event(), threading.Event(), workers=1, parts=made)
"""


def whole(project: Path) -> list[tuple]:
    """All that a campaign has stored, in the order of its numbers."""
    with ProjectReader(project) as reader:
        rows = sorted(reader.candidates("campaign_id == 1"), key=lambda r: r.number)
        return [
            (
                row.number, row.id, row.stage, row.status, row.reason, row.geometry, dict(row.values),
                reader.structures([row.id], "generated").lattice.tolist(), reader.structures([row.id]).lattice.tolist(),
                [(v.stage, v.status, v.reason, dict(v.notes)) for v in reader.verdicts(row.id)],
            )
            for row in rows
        ]  # fmt: skip


def begin(project: Path) -> None:
    runner.start(project, DesignRequest(count=COUNT, seed=5, device="cpu"), parts=parts(Size()))


def test_killed_again_and_again(tmp_path: Path) -> None:
    project, script = tmp_path / "killed.crystals", tmp_path / "run.py"
    script.write_text(_RUN)
    begin(project)
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(folders)}
    moment = random.Random(1)
    kept = [0]
    for _ in range(KILLS):
        # It ends itself, some candidates later: whoever watched it from outside could be too late on a busy machine.
        candidates, later = kept[-1] + moment.randrange(1, 17), moment.uniform(0.0, 0.15)
        command = [sys.executable, str(script), str(project), str(candidates), str(later)]
        assert subprocess.run(command, env=environment).returncode == -signal.SIGKILL
        with ProjectReader(project) as reader:
            reader.check()
            kept.append(len(reader.numbers(1)))
    assert kept == sorted(set(kept)) and kept[-1] < COUNT
    made = parts(Size(), Ordered(), Slow(), Stable())
    ended = runner.run(project, 1, lambda e: None, threading.Event(), threading.Event(), workers=1, parts=made)
    assert ended.state == "finished"

    straight = tmp_path / "straight.crystals"
    begin(straight)
    runner.run(straight, 1, lambda e: None, threading.Event(), threading.Event(), workers=1, parts=made)
    assert [row[0] for row in whole(project)] == list(range(COUNT))
    assert whole(project) == whole(straight)
