"""Stages that only mark, and what a campaign keeps of its stages: version, options, whether they reject."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from campaign_fakes import parts as parts_of
from stage_fakes import Ordered, Size

from crystal_studio.campaign import judging, runner
from crystal_studio.campaign.events import Event, Message, Progress
from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.campaign.parts import RunParts, for_request
from crystal_studio.design.funnel import ChosenStage, Funnel
from crystal_studio.design.request import DesignRequest
from crystal_studio.project.queries import ProjectReader

NEVER = threading.Event()
OWN = Funnel(
    name="mine",
    stages=(
        ChosenStage(stage="geometry", rejects=False, options={"radius_fraction": 0.9}),
        ChosenStage(stage="symmetry"),
    ),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "p.crystals"


def go_on(project: Path, campaign: int, parts: RunParts) -> list[Event]:
    events: list[Event] = []
    runner.run(project, campaign, events.append, NEVER, NEVER, workers=1, parts=parts)
    return events


def run(project: Path, parts: RunParts, **more: object) -> tuple[int, list[Event]]:
    campaign = runner.start(project, DesignRequest(count=20, seed=2, device="cpu", **more), parts=parts)
    return campaign, go_on(project, campaign, parts)


def test_marked_candidates_go_on_and_keep_the_reason(project: Path) -> None:
    strict, lenient = parts_of(Size(), Ordered()), parts_of(Size(rejects=False), Ordered())
    first, _ = run(project, strict)
    second, events = run(project, lenient)
    with ProjectReader(project) as reader:
        (size, _), (marking, ordered) = reader.funnel(first), reader.funnel(second)
        assert size.rejected > 0 and marking.rejected == 0
        assert marking.marked == size.rejected and marking.reasons == size.reasons
        assert marking.passed == marking.entered == ordered.entered == 20
        marked = [i for i in reader.ids(f"campaign_id == {second}") for v in reader.verdicts(i) if v.marked]
        assert len(marked) == marking.marked
        (verdict, after) = reader.verdicts(marked[0])
        assert verdict.passed and verdict.reason == "too_small" and verdict.parameters["edge"] < 5
        assert after.stage == "uniqueness"
        row = next(reader.candidate(i) for i in marked if i % 7)
        assert (row.status, row.reason) == ("passed", "")
    last = [e for e in events if isinstance(e, Progress)][-1]
    assert last.stages[0].marked == marking.marked and last.stages[0].passed == 20
    assert dict(last.stages[0].reasons) == dict(marking.reasons)


def test_marks_are_counted_once_when_a_campaign_is_carried_on(project: Path) -> None:
    parts = parts_of(Size(rejects=False), Ordered())
    campaign, _ = run(project, parts)
    with ProjectReader(project) as reader:
        marked = reader.funnel(campaign)[0].marked
    again = [e for e in go_on(project, campaign, parts) if isinstance(e, Progress)]
    assert again[-1].stages[0].marked == marked > 0
    with ProjectReader(project) as reader:
        assert reader.funnel(campaign)[0].marked == marked


def test_versions_and_options_of_the_stages_stand_in_the_project(project: Path) -> None:
    parts = parts_of(*for_request(DesignRequest(funnel=OWN), "cpu").stages)
    campaign, _ = run(project, parts, funnel=OWN)
    with ProjectReader(project) as reader:
        row = reader.campaign(campaign)
        judged = judging.start(project, JudgeRequest.of(reader.ids(), funnel=OWN, device="cpu"))
    assert DesignRequest.from_dict(dict(row.request)).funnel == OWN
    geometry, symmetry = row.provenance["stages"]
    assert (geometry["stage"], geometry["version"], geometry["rejects"]) == ("geometry", 1, False)
    assert geometry["options"]["radius_fraction"] == 0.9 and geometry["options"]["most_volume"] == 106.0
    assert (symmetry["rejects"], symmetry["options"]) == (True, {"symprec": 0.1})
    with ProjectReader(project) as reader:
        row = reader.campaign(judged)
        assert row.name == "20 candidates · mine"
        assert JudgeRequest.from_dict(row.request).funnel == OWN
        assert row.provenance["stages"] == [geometry, symmetry] and row.request["stages"] == ["geometry", "symmetry"]


def warnings(events: list[Event]) -> list[str]:
    return [e.text for e in events if isinstance(e, Message) and e.level == "warning"]


def test_another_version_of_a_stage_is_said_when_a_campaign_is_carried_on(project: Path) -> None:
    parts = parts_of(Size(), Ordered())
    campaign, events = run(project, parts)
    assert warnings(events) == [] and warnings(go_on(project, campaign, parts)) == []
    (told,) = warnings(go_on(project, campaign, parts_of(Size(version=2), Ordered())))
    assert "geometry was of version 1, now it is of version 2" in told and "judge the candidates anew" in told
    (told,) = warnings(go_on(project, campaign, parts_of(Size(rejects=False), Ordered())))
    assert "geometry had reasons that reject, now it has reasons that only mark" in told
    first, second = warnings(go_on(project, campaign, parts_of(Size(name="size"), Ordered())))
    assert "size was no part of it" in first and "geometry is no part of it any more" in second


def test_other_options_of_a_stage_are_said_when_a_campaign_is_carried_on(project: Path) -> None:
    def parts(fraction: float) -> RunParts:
        stage = ChosenStage(stage="geometry", options={"radius_fraction": fraction})
        return parts_of(*for_request(DesignRequest(funnel=Funnel(stages=(stage,))), "cpu").stages)

    campaign, _ = run(project, parts(0.6))
    (told,) = warnings(go_on(project, campaign, parts(0.7)))
    assert "geometry had radius_fraction = 0.6, now it has radius_fraction = 0.7" in told
