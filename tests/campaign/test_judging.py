"""Stored candidates through a funnel or single stages, whoever made them."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from campaign_fakes import parts, rock_salts
from stage_fakes import Size, Slow

from crystal_studio.campaign import judging, runner
from crystal_studio.campaign.judge_request import JudgeRequest
from crystal_studio.campaign.unfinished import to_resume
from crystal_studio.candidates.batch import Candidates
from crystal_studio.errors import RequestError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

NEVER = threading.Event()
QUICK = "geometry,composition,symmetry,uniqueness"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Rock salt once in P 1, once in Fm-3m, and caesium chloride's cell edge too short for anything."""
    path = tmp_path / "p.crystals"
    symmetric = rock_salts([5.64])
    with ProjectWriter.create(path) as writer:
        campaign = writer.add_campaign("Imported", {}, {}, 3, kind="import")
        in_p1 = Candidates.of_structures(symmetric.structures)
        everything = Candidates.concatenate([in_p1, symmetric, rock_salts([2.0])])
        writer.add_candidates(campaign, np.arange(3), everything, "file", unjudged=True)
        writer.set_campaign(campaign, "finished")
    return path


def judge(project: Path, request: JudgeRequest, **more: object) -> str:
    campaign = judging.start(project, request, **more)
    return runner.run(project, campaign, lambda e: None, NEVER, NEVER, workers=1, **more).state


def test_rock_salt_in_p1_and_in_its_own_group_is_one_crystal(project: Path) -> None:
    assert judge(project, JudgeRequest((1, 2, 3), funnel=QUICK, device="cpu")) == "finished"
    with ProjectReader(project) as reader:
        rows = reader.candidates()
        assert [r.status for r in rows] == ["passed", "rejected", "rejected"]
        assert (rows[1].stage, rows[1].reason, rows[1].parameters) == ("uniqueness", "duplicate", {"candidate": 1})
        assert rows[0].space_group == rows[1].space_group == 225 and rows[2].stage == "geometry"
        judged = reader.campaigns()[-1]
        assert (judged.kind, judged.state, judged.requested) == ("judge", "finished", 3)
        assert {r.campaign_id for r in rows} == {1}  # they stay those of the import
        assert to_resume(reader) == []
        counts = {c.stage: (c.passed, c.rejected) for c in reader.funnel(judged.id)}
        assert counts == {"geometry": (2, 1), "composition": (2, 0), "symmetry": (2, 0), "uniqueness": (1, 1)}


def test_a_candidate_is_judged_again_by_the_same_stages(project: Path) -> None:
    for _ in range(2):
        judge(project, JudgeRequest((1, 2), funnel=QUICK, device="cpu"))
    with ProjectReader(project) as reader:
        assert [r.status for r in reader.by_ids([1, 2])] == ["passed", "rejected"]
        assert len(reader.verdicts(1)) == 4


def test_single_stages_judge_only_what_they_are_asked(project: Path) -> None:
    judge(project, JudgeRequest((2,), funnel="symmetry", device="cpu"))
    with ProjectReader(project) as reader:
        assert [v.stage for v in reader.verdicts(2)] == ["symmetry"] and reader.verdicts(1) == []
        assert [r.status for r in reader.candidates()] == ["unjudged", "passed", "unjudged"]


def test_a_stage_that_lacks_what_it_reads_is_refused(project: Path) -> None:
    with pytest.raises(RequestError, match="energy_per_atom"):
        judging.start(project, JudgeRequest((1,), funnel="stability", device="cpu"))
    with pytest.raises(RequestError, match="choose"):
        judging.start(project, JudgeRequest((1,), funnel="quack", device="cpu"))
    with pytest.raises(RequestError, match="nothing to judge"):
        judging.start(project, JudgeRequest(()))
    with pytest.raises(RequestError, match="no candidate 9"):
        judging.start(project, JudgeRequest((1, 9), funnel="symmetry", device="cpu"))
    assert len(ProjectReader(project).campaigns()) == 1


def test_a_judging_is_carried_on_where_it_stopped(project: Path) -> None:
    request = JudgeRequest((1, 2, 3), device="cpu")
    slow = parts(Size(3.0), Slow(takes=60.0))
    campaign = judging.start(project, request, parts=slow)
    cancel, pause = threading.Event(), threading.Event()

    def emit(event: object) -> None:
        stages = getattr(event, "stages", ())
        if stages and stages[0].entered == 3:
            pause.set()
            cancel.set()

    assert runner.run(project, campaign, emit, cancel, pause, workers=1, parts=slow).state == "paused"
    with ProjectReader(project) as reader:
        assert to_resume(reader) == [campaign]
        assert [[v.stage for v in reader.verdicts(i)] for i in (1, 2, 3)] == [["geometry"]] * 3
    sound = parts(Size(0.0), Slow())  # a size that would let the third pass, were it asked again
    assert runner.run(project, campaign, lambda e: None, NEVER, NEVER, workers=1, parts=sound).state == "finished"
    with ProjectReader(project) as reader:
        assert [r.status for r in reader.candidates()] == ["passed", "passed", "rejected"]
        assert [r.geometry for r in reader.candidates()] == ["spring", "spring", "generated"]


def test_errors_of_a_judging_are_tried_again(project: Path) -> None:
    request = JudgeRequest((1, 2), device="cpu")
    failing = parts(Size(3.0), Slow(failing=(2,)))
    campaign = judging.start(project, request, parts=failing)
    runner.run(project, campaign, lambda e: None, NEVER, NEVER, workers=1, parts=failing)
    with ProjectReader(project) as reader:
        assert [r.status for r in reader.candidates()] == ["passed", "error", "unjudged"]
        assert to_resume(reader) == [campaign]
    sound = parts(Size(3.0), Slow())
    runner.run(project, campaign, lambda e: None, NEVER, NEVER, workers=1, parts=sound)
    with ProjectReader(project) as reader:
        assert [r.status for r in reader.candidates()] == ["passed", "passed", "unjudged"]
        assert to_resume(reader) == []
