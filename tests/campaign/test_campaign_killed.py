"""kill -9 at any moment: what is carried on comes out as if it had never been stopped."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

from campaign_fakes import parts
from stage_fakes import Ordered, Size, Slow, Stable

from crystal_studio.campaign import runner
from crystal_studio.design.request import DesignRequest
from crystal_studio.project.queries import ProjectReader

COUNT = 150
KILLS = 4
_RUN = """
import sys, threading
from campaign_fakes import parts
from stage_fakes import Ordered, Size, Slow, Stable
from crystal_studio.campaign import runner
from crystal_studio.campaign.events import Progress
told = []
def emit(event):
    if isinstance(event, Progress) and not told:
        told.append(print("at work", flush=True))
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
    kept = []
    for _ in range(KILLS):
        process = subprocess.Popen([sys.executable, str(script), str(project)], env=environment, stdout=subprocess.PIPE)
        assert process.stdout is not None and process.stdout.readline() == b"at work\n"
        time.sleep(moment.uniform(0.2, 1.5))
        process.kill()
        process.wait()
        with ProjectReader(project) as reader:
            reader.check()
            kept.append(len(reader.numbers(1)))
    assert kept == sorted(kept) and kept[-1] > 0 and kept[0] < COUNT
    made = parts(Size(), Ordered(), Slow(), Stable())
    ended = runner.run(project, 1, lambda e: None, threading.Event(), threading.Event(), workers=1, parts=made)
    assert ended.state == "finished"

    straight = tmp_path / "straight.crystals"
    begin(straight)
    runner.run(straight, 1, lambda e: None, threading.Event(), threading.Event(), workers=1, parts=made)
    assert [row[0] for row in whole(project)] == list(range(COUNT))
    assert whole(project) == whole(straight)
