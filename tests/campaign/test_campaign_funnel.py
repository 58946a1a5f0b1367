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
from crystal_studio.project.store import ProjectWriter


def test_rock_salt_goes_all_the_way(tmp_path: Path) -> None:
    request = DesignRequest(count=6, seed=2, device="cpu", funnel="quick")
    made = replace(
        parts.for_request(request, "cpu"),
        model=campaign_fakes.model,
        card=campaign_fakes.card,
        load=campaign_fakes.Load(),
    )
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


def test_what_the_project_holds_already_is_not_found_again(tmp_path: Path) -> None:
    """Also where it was imported, or made by a campaign without a funnel."""
    project = tmp_path / "p.crystals"
    with ProjectWriter.create(project) as writer:
        imported = writer.add_campaign("Imported", {}, {}, 1, kind="import")
        writer.add_candidates(imported, [0], campaign_fakes.rock_salts([5.64]), unjudged=True)
        writer.set_campaign(imported, "finished")
    request = DesignRequest(count=4, seed=2, device="cpu", funnel="none,symmetry,uniqueness")
    made = replace(
        parts.for_request(request, "cpu"),
        model=campaign_fakes.model,
        card=campaign_fakes.card,
        load=campaign_fakes.Load(),
    )
    never = threading.Event()
    campaign = runner.start(project, request, parts=made)
    assert runner.run(project, campaign, lambda e: None, never, never, workers=1, parts=made).state == "finished"
    with ProjectReader(project) as reader:
        assert reader.candidate(1).status == "unjudged"
        rows = reader.candidates(f"campaign_id == {campaign}")
        assert {(r.status, r.reason, r.parameters["candidate"]) for r in rows} == {("rejected", "duplicate", 1)}
