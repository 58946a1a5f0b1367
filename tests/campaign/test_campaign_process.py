"""The campaign in its own process: events through the pipe, commands, and dying with its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from campaign_fakes import parts
from clusters import wait_until
from stage_fakes import FUNNEL, Size

from crystal_studio.campaign.events import Event, Finished, Progress
from crystal_studio.campaign.process import CampaignProcess
from crystal_studio.design.request import DesignRequest
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

REQUEST = DesignRequest(count=40, seed=1, device="cpu")
MANY = REQUEST.with_(count=400)  # still at work when it is told something, however slow or fast the machine
PATIENCE = 120.0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "test.crystals"
    with ProjectWriter.create(path):
        pass
    return path


def events_until(process: CampaignProcess, wanted: object, seconds: float = PATIENCE) -> list[Event]:
    events: list[Event] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        events += process.poll()
        if any(wanted(e) for e in events):  # type: ignore[operator]
            return events
        time.sleep(0.02)
    raise AssertionError(f"not seen; the last events: {events[-3:]}")


def is_finished(event: Event) -> bool:
    return isinstance(event, Finished)


def test_a_new_campaign_reports_and_finishes(project: Path) -> None:
    process = CampaignProcess(project, request=REQUEST, parts=parts(*FUNNEL), workers=1)
    process.start()
    events = events_until(process, is_finished)
    assert process.finished is not None and process.finished.state == "finished"
    assert process.campaign_id == process.finished.campaign_id > 0
    assert isinstance(events[-1], Finished) and any(isinstance(e, Progress) for e in events)
    assert process.join(PATIENCE)
    assert ProjectReader(project).count("status == 'pending'") == 0


def test_pause_resume_and_cancel(project: Path) -> None:
    process = CampaignProcess(project, request=MANY, parts=parts(Size(), delay=0.03))
    process.start()
    events_until(process, lambda e: isinstance(e, Progress) and e.generated >= 8)
    process.pause()
    events_until(process, lambda e: isinstance(e, Progress) and e.phase == "Paused")
    process.resume()
    events_until(process, lambda e: isinstance(e, Progress) and e.phase != "Paused")
    process.cancel()
    events_until(process, is_finished)
    assert process.finished is not None and process.finished.state == "cancelled"
    assert process.join(PATIENCE)


def test_a_pause_does_not_take_back_a_cancel(project: Path) -> None:
    process = CampaignProcess(project, request=MANY, parts=parts(Size(), delay=0.03))
    process.start()
    events_until(process, lambda e: isinstance(e, Progress) and e.generated >= 8)
    process.cancel()
    process.pause()
    process.put_down()
    events_until(process, is_finished)
    assert process.finished is not None and process.finished.state == "cancelled"
    assert ProjectReader(project).campaign(process.campaign_id).state == "cancelled"


def test_a_request_that_cannot_be_met_is_one_sentence(project: Path) -> None:
    from crystal_studio.design.request import ChemicalSystem

    request = REQUEST.with_(chemical_system=ChemicalSystem(("Fe",), "exact"))
    process = CampaignProcess(project, request=request, parts=parts())
    process.start()
    events_until(process, is_finished)
    assert process.finished is not None
    assert (process.finished.state, process.finished.text) == ("failed", "This model only knows Na and Cl.")
    assert ProjectReader(project).campaigns() == []


def test_a_killed_child_is_noticed_and_can_be_carried_on(project: Path) -> None:
    process = CampaignProcess(project, request=MANY, parts=parts(Size(), delay=0.03))
    process.start()
    events_until(process, lambda e: isinstance(e, Progress) and e.generated >= 8)
    os.kill(process.pid, signal.SIGKILL)
    events_until(process, is_finished)
    assert process.finished is not None and process.finished.state == "failed" and "resume" in process.finished.text
    again = CampaignProcess(project, process.campaign_id, parts=parts(Size()))
    again.start()
    events_until(again, is_finished)
    assert again.finished is not None and again.finished.state == "finished"
    assert ProjectReader(project).numbers(again.campaign_id) == set(range(400))


_PARENT = """
import sys, time
sys.path.insert(0, {tests!r})
from campaign_fakes import parts
from stage_fakes import Size, Slow
from crystal_studio.campaign import process
from crystal_studio.campaign.events import Progress
from crystal_studio.campaign.process import CampaignProcess
from crystal_studio.design.request import DesignRequest
process.GRACE = 120.0  # in the child too, which begins with this file
if __name__ == "__main__":
    request = DesignRequest(count=40, seed=1, device="cpu")
    process = CampaignProcess({project!r}, request=request, parts=parts(Size(), Slow(600)), workers=1)
    process.start()
    while not any(isinstance(e, Progress) and e.generated >= 16 for e in process.poll()):
        time.sleep(0.02)
    print(process.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_child_and_its_workers_die_with_their_parent(project: Path, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT.format(tests=str(Path(__file__).parent), project=str(project)))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "CRYSTAL_STUDIO_TEST": str(project)}
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    assert int(parent.stdout.readline()) > 0
    assert wait_until(lambda: len(family(project)) >= 3, PATIENCE)  # parent, campaign, worker
    parent.kill()
    parent.wait()
    assert wait_until(lambda: not family(project), PATIENCE), family(project)
    assert ProjectReader(project).campaign(1).state == "paused"


def family(project: Path) -> list[int]:
    """Processes that carry this test's mark in their environment."""
    mark = f"CRYSTAL_STUDIO_TEST={project}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found
