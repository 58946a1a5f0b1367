"""Wishes to a running campaign all reach its process, in order."""

from __future__ import annotations

from pathlib import Path

from campaign_fakes import parts
from pytestqt.qtbot import QtBot
from stage_fakes import Size

from crystal_studio.app.run.supervisor import CampaignSupervisor
from crystal_studio.campaign.events import Finished
from crystal_studio.design.request import DesignRequest
from crystal_studio.project.store import ProjectWriter


def test_a_cancel_is_not_lost_when_a_pause_follows_at_once(qtbot: QtBot, qapp: object, tmp_path: Path) -> None:
    path = tmp_path / "test.crystals"
    with ProjectWriter.create(path):
        pass
    request = DesignRequest(count=40, seed=1, device="cpu")
    thread = CampaignSupervisor(path, request=request, parts=parts(Size(), delay=0.05))
    ends: list[Finished] = []
    thread.ended.connect(ends.append)
    with qtbot.waitSignal(thread.progressed, timeout=60_000):
        thread.start()
    with qtbot.waitSignal(thread.finished, timeout=60_000):
        thread.cancel()
        thread.pause()
    assert [end.state for end in ends] == ["cancelled"]
