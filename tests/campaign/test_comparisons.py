"""Comparisons in worker processes: the same answers whatever their number, and a death costs one candidate."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import campaign_fakes
import numpy as np
from stage_fakes import Size

from crystal_studio.campaign import parts, runner
from crystal_studio.campaign.comparisons import Comparisons
from crystal_studio.candidates.batch import Candidates
from crystal_studio.crystal.batches import Structures
from crystal_studio.data.fingerprints import WIDTH
from crystal_studio.design.request import DesignRequest
from crystal_studio.funnel.context import FunnelContext
from crystal_studio.funnel.protocol import Stage
from crystal_studio.funnel.uniqueness import UniquenessStage
from crystal_studio.project.queries import ProjectReader


@dataclass(frozen=True)
class Deadly(UniquenessStage):
    """Ends the worker that compares the candidate ``victim``."""

    victim: int = 0

    def matches(self, questions: Sequence[Any], ids: Any, structures: Structures) -> list[int | None]:
        if any(question.id == self.victim for question in questions):
            os._exit(9)
        return super().matches(questions, ids, structures)


def campaign(project: Path, workers: int, *stages: Stage, count: int = 24) -> list[tuple[str, str, Any]]:
    """(status, reason, twin) of rock salts of random size, all of them the same crystal, and their campaign's end."""
    request = DesignRequest(count=count, seed=2, device="cpu", funnel="none")
    made = parts.RunParts(
        stages,
        parts.ProjectContext(stages, "chgnet", "cpu"),
        parts.WorkerContext("chgnet", "cpu"),
        model=campaign_fakes.model,
        card=campaign_fakes.card,
        load=campaign_fakes.Load(),
    )
    never = threading.Event()
    number = runner.start(project, request, parts=made)
    assert runner.run(project, number, lambda e: None, never, never, workers=workers, parts=made).state == "finished"
    with ProjectReader(project) as reader:
        return [(r.status, r.reason, r.parameters.get("candidate")) for r in reader.candidates()]


def test_one_worker_and_three_say_the_same(tmp_path: Path) -> None:
    one = campaign(tmp_path / "one.crystals", 1, UniquenessStage())
    assert one == [("passed", "", None)] + [("rejected", "duplicate", 1)] * 23
    assert campaign(tmp_path / "three.crystals", 3, UniquenessStage()) == one


def test_where_the_stage_only_marks_duplicates_go_on_with_their_verdict(tmp_path: Path) -> None:
    said = campaign(tmp_path / "p.crystals", 1, UniquenessStage(rejects=False), count=4)
    assert [status for status, _, _ in said] == ["passed"] * 4
    with ProjectReader(tmp_path / "p.crystals") as reader:
        assert reader.found([1, 2, 3, 4])["duplicate_of"].tolist()[1:] == [1, 1, 1]


def test_a_comparison_that_ends_its_worker_costs_that_candidate_alone(tmp_path: Path) -> None:
    said = campaign(tmp_path / "p.crystals", 1, Deadly(victim=3), count=8)
    assert said[2][0] == "error"
    assert said[:2] + said[3:] == [("passed", "", None)] + [("rejected", "duplicate", 1)] * 6


def test_one_tried_again_after_a_failure_is_not_decided_before_those_with_smaller_ids(tmp_path: Path) -> None:
    """Its stage before failed in the first run; in the second it is tried alone, before all others that wait."""
    project = tmp_path / "p.crystals"
    said = campaign(project, 1, Size(0.0, failing=(1, 2)), UniquenessStage(), count=8)
    assert [status for status, _, _ in said] == ["error", "error", "passed", *["rejected"] * 5]
    stages = (Size(0.0), UniquenessStage())
    made = parts.RunParts(stages, parts.ProjectContext(stages, "chgnet", "cpu"), parts.WorkerContext("chgnet", "cpu"))
    never = threading.Event()
    assert runner.run(project, 1, lambda e: None, never, never, workers=1, parts=made).state == "finished"
    with ProjectReader(project) as reader:
        rows = reader.candidates()[:3]
    assert [(r.status, r.parameters.get("candidate")) for r in rows] == [
        ("passed", None),
        ("rejected", 1),
        ("passed", None),
    ]


def test_nothing_is_asked_about_one_while_smaller_ids_are_to_come() -> None:
    stage = UniquenessStage()
    read: list[list[int]] = []

    def candidates(ids: np.ndarray) -> Candidates:
        read.append(ids.tolist())
        return campaign_fakes.rock_salts([5.0] * len(ids))

    comparisons = Comparisons(0, stage, FunnelContext().memory(stage), candidates)
    comparisons.arrive(np.array([5, 6]), ["NaCl", "NaCl"])
    work = comparisons.next(before=2)
    assert work is not None and work.step == "keys"
    function, arguments, _ = comparisons.task(work)
    comparisons.done(work, function(*arguments), 0.1)
    assert comparisons.next(before=2) is None and comparisons.decided() is None and len(comparisons) == 2
    comparisons.arrive(np.array([2]), ["NaCl"])
    again = comparisons.next(before=3)
    assert again is not None and again.ids.tolist() == [2]
    comparisons.done(again, np.zeros((1, WIDTH)) + np.nan, 0.1)
    last = comparisons.next(before=np.inf)
    assert last is not None and (last.step, last.ids.tolist()) == ("matches", [5, 6])
    function, arguments, seconds = comparisons.task(last)
    comparisons.done(last, function(*arguments), 0.1)
    found = comparisons.decided()
    assert found is not None and (found[0].tolist(), found[1].notes["duplicate_of"].tolist()[1:]) == ([2, 5], [2])
    rest = comparisons.next(before=np.inf)  # the nearest of 6 was 5, a duplicate
    assert rest is not None and rest.ids.tolist() == [6]
    function, arguments, _ = comparisons.task(rest)
    comparisons.done(rest, function(*arguments), 0.1)
    found = comparisons.decided()
    assert found is not None and (found[0].tolist(), found[1].notes["duplicate_of"].tolist()) == ([6], [2])
    assert seconds == 240 and len(comparisons) == 0
