"""The real quick funnel in a campaign: relaxation in a worker process, energies in the project."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import campaign_fakes
import numpy as np
import pytest

from crystal_studio.campaign import parts, runner
from crystal_studio.design.request import DesignRequest
from crystal_studio.project.queries import ProjectReader


def test_rock_salt_goes_all_the_way(tmp_path: Path) -> None:
    request = DesignRequest(count=6, seed=2, device="cpu", funnel="quick")
    made = replace(parts.for_request(request, "cpu"), model=campaign_fakes.model, load=campaign_fakes.load_rock_salt)
    project = tmp_path / "p.crystals"
    campaign = runner.start(project, request, parts=made)
    never = threading.Event()
    ended = runner.run(project, campaign, lambda e: None, never, never, workers=1, parts=made)
    assert ended.state == "finished"
    with ProjectReader(project) as reader:
        rows = reader.candidates()
        assert len(rows) == 6 and all(r.status != "pending" for r in rows)
        through = [r for r in rows if r.status == "passed"]
        assert through
        for row in through:
            assert row.space_group == 225 and row.value("nearest_known") and row.value("novel") is False
            assert row.value("energy_per_atom") == pytest.approx(
                -3.70, abs=0.1
            )  # PBE -3.39, MP2020 correction of Cl -0.31
            edge = np.cbrt(reader.structures([row.id], "chgnet").volume[0])
            assert edge == pytest.approx(5.69, abs=0.15)
        if len(rows) > len(through):
            assert all(r.reason for r in rows if r.status == "rejected")
