"""Several runs that judge the same candidates: each keeps what it said, the latest is what counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from project_samples import batch, said

from crystal_studio.candidates.verdicts import Reason, failing
from crystal_studio.errors import FileError, RequestError
from crystal_studio.project.check import examine
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.rows import StageCounts
from crystal_studio.project.store import ProjectWriter

OVERLAP = Reason("overlap", {"distance": 0.3})
STAGES = ["geometry", "symmetry"]


def _judging(writer: ProjectWriter, ids: list[int], stages: list[str] = STAGES) -> int:
    return writer.add_campaign("again", {"ids": ids, "stages": stages}, {}, len(ids), kind="judge")


def test_a_later_judging_leaves_the_figures_of_the_first_run_as_they_were(project: Path) -> None:
    """Candidate 1 passed and 2 was rejected by the run that made them."""
    with ProjectWriter.open(project) as writer, ProjectReader(project) as reader:
        first = reader.funnel(1)
        judge = _judging(writer, [1, 2], ["geometry"])
        writer.record(judge, "geometry", [1, 2], said([OVERLAP, None]), last=True)
        assert reader.funnel(1) == first == [StageCounts("geometry", 1, 1, 0, 0, {"overlap": 1})]
        assert reader.funnel(judge) == [StageCounts("geometry", 1, 1, 0, 0, {"overlap": 1})]
        # Over all runs every candidate counts once, by what was said last.
        assert reader.funnel()[0].entered == 2
        assert [(c.status, c.stage) for c in reader.by_ids([1, 2])] == [
            ("rejected", "geometry"),
            ("passed", "geometry"),
        ]
        (now,) = reader.verdicts(2)
        assert (now.status, now.campaign_id) == ("passed", judge)
    assert examine(project).sound


def test_the_latest_verdict_of_a_stage_stands_in_further_judgings(project: Path) -> None:
    with ProjectWriter.open(project) as writer, ProjectReader(project) as reader:
        writer.record(_judging(writer, [2], ["geometry"]), "geometry", [2], said([None]), last=True)
        other = _judging(writer, [2], ["symmetry"])
        writer.record(other, "symmetry", [2], said([None]), last=True)
        assert reader.candidate(2).status == "passed"  # the rejection of the first run is behind it
        again = _judging(writer, [2], ["geometry"])
        writer.record(again, "geometry", [2], said([OVERLAP]), last=True)
        writer.record(other, "symmetry", [2], said([None]), last=True)
        assert (reader.candidate(2).status, reader.candidate(2).reason) == ("rejected", "overlap")


def test_an_error_that_a_later_run_has_judged_is_none_any_more(project: Path) -> None:
    with ProjectWriter.open(project) as writer, ProjectReader(project) as reader:
        writer.record(1, "symmetry", [1], failing(1, "ValueError: no"))
        assert reader.errors(1).tolist() == [1]
        writer.record(_judging(writer, [1], ["symmetry"]), "symmetry", [1], said([None]), last=True)
        assert reader.errors(1).tolist() == []


@pytest.mark.parametrize("failed", [False, True])
def test_a_cancelled_judging_leaves_what_it_has_not_been_through_as_it_was(project: Path, failed: bool) -> None:
    with ProjectWriter.open(project) as writer, ProjectReader(project) as reader:
        imported = writer.add_campaign("import", {}, {}, 1, kind="import")
        (unjudged,) = writer.add_candidates(imported, [0], batch(1), unjudged=True).tolist()
        before = [(c.status, c.stage, c.reason, dict(c.parameters)) for c in reader.by_ids([2, unjudged])]
        assert [status for status, *_ in before] == ["rejected", "unjudged"]
        judge = _judging(writer, [2, unjudged])
        if failed:
            writer.record(judge, "geometry", [2, unjudged], failing(2, "ValueError: once"))
        writer.record(judge, "geometry", [2, unjudged], said([None, None]))
        writer.set_campaign(judge, "cancelled")
        assert [(c.status, c.stage, c.reason, dict(c.parameters)) for c in reader.by_ids([2, unjudged])] == before
        ids, stages = reader.pending(judge)
        assert (ids.tolist(), stages.tolist()) == ([2, unjudged], ["geometry", "geometry"])


def test_candidates_belong_to_a_campaign_that_there_is(project: Path) -> None:
    with ProjectWriter.open(project) as writer, ProjectReader(project) as reader:
        with pytest.raises(FileError, match="no campaign 9"):
            writer.add_candidates(9, [0], batch(1))
        assert reader.count() == 6


def test_marked_candidates_are_listed_by_stage_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "marks.crystals"
    with ProjectWriter.create(path) as writer:
        first = writer.add_campaign("first", {}, {}, 4)
        writer.add_candidates(first, np.arange(4), batch(4))
        reasons = [None, Reason("overlap"), Reason("volume"), Reason("overlap")]
        writer.record(first, "geometry", [1, 2, 3, 4], said(reasons).marked())
        writer.record(first, "symmetry", [1, 2, 3, 4], said([Reason("other_group"), None, None, None]), last=True)
        again = writer.add_campaign("again", {"ids": [4], "stages": ["geometry"]}, {}, 1, kind="judge")
        writer.record(again, "geometry", [4], said([None]), last=True)
    with ProjectReader(path) as reader:
        assert reader.ids("'geometry' in marks").tolist() == [2, 3]  # of the fourth nothing is to be said any more
        assert reader.ids("'geometry:overlap' in marks").tolist() == [2]
        assert reader.ids("'geometry' not in marks and status == 'passed'").tolist() == [4]
        assert reader.ids("'symmetry' in marks").tolist() == [] == reader.ids("'nothing' in marks").tolist()
        with pytest.raises(RequestError, match="'geometry' in marks"):
            reader.ids("3 in marks")
