"""A campaign from start to end: order, verdicts, pause, cancel, deaths of workers, messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from campaign_fakes import parts as parts_of
from generator_fakes import LoadDeadly, load_broken
from stage_fakes import FUNNEL, Size, Slow, Stable

from crystal_studio.campaign import runner
from crystal_studio.campaign.events import Event, Finished, Message, Progress
from crystal_studio.campaign.parts import RunParts
from crystal_studio.campaign.unfinished import to_resume
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import FileError, ModelError, RequestError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

PATIENCE = 120.0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "test.crystals"
    with ProjectWriter.create(path):
        pass
    return path


class Run:
    """A campaign in a thread, with its events.

    at : candidates after which ``tokens`` ("cancel", "pause") are set, by the campaign's own thread, so that however
        slow or fast the machine, it has not gone on meanwhile.
    """

    def __init__(
        self,
        project: Path,
        campaign_id: int,
        parts: RunParts,
        workers: int = 1,
        at: int = 0,
        tokens: tuple[str, ...] = (),
    ) -> None:
        self.events: list[Event] = []
        self.cancel, self.pause = threading.Event(), threading.Event()
        self.error: BaseException | None = None
        self._at, self._tokens = at, tokens
        self._arguments = (project, campaign_id, self._take, self.cancel, self.pause)
        self._more = {"workers": workers, "parts": parts}
        self._thread = threading.Thread(target=self._go)
        self._thread.start()

    def _go(self) -> None:
        try:
            runner.run(*self._arguments, **self._more)
        except BaseException as error:
            self.error = error

    def _take(self, event: Event) -> None:
        self.events.append(event)
        if self._tokens and isinstance(event, Progress) and event.generated >= self._at:
            for token in self._tokens:
                getattr(self, token).set()
            self._tokens = ()

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert self._thread.is_alive() and time.monotonic() < end, self.events[-3:]
            time.sleep(0.02)

    def join(self) -> Finished:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        if self.error:
            raise self.error
        finished = self.events[-1]
        assert isinstance(finished, Finished)
        return finished


def begin(project: Path, parts: RunParts, count: int = 40, **more: object) -> int:
    return runner.start(project, DesignRequest(count=count, seed=3, device="cpu", **more), parts=parts)


def state_of(project: Path, campaign_id: int) -> tuple:
    """Everything that must not depend on interruptions."""
    with ProjectReader(project) as reader:
        rows = sorted(reader.by_ids(reader.ids(f"campaign_id == {campaign_id}")), key=lambda r: r.number)
        ids = [r.id for r in rows]
        told = ("stage", "status", "reason", "parameters", "notes")
        return (
            [(r.number, r.stage, r.status, r.reason, r.geometry, dict(r.values)) for r in rows],
            [reader.structures(ids, which).lattice.tolist() for which in ("generated", "current")],
            [[tuple(getattr(v, name) for name in told) for v in reader.verdicts(i)] for i in ids],
            [[(q.quantity, q.method, q.value, q.headline) for q in reader.quantities(i)] for i in ids],
        )


def test_every_candidate_gets_its_verdicts(project: Path) -> None:
    parts = parts_of(*FUNNEL)
    campaign = begin(project, parts)
    run = Run(project, campaign, parts, workers=2)
    assert run.join().state == "finished"
    reader = ProjectReader(project)
    rows = reader.candidates(f"campaign_id == {campaign}")
    assert [r.number for r in rows] == list(range(40))
    for row in rows:
        stages = [v.stage for v in reader.verdicts(row.id)]
        edge = reader.structures(np.array([row.id]), "generated").lattice[0, 0, 0]
        assert row.asked_space_group is None and row.values["min_distance"] == pytest.approx(edge / 2)
        if edge < 5:
            assert (row.status, row.stage, stages) == ("rejected", "geometry", ["geometry"])
            assert row.reason == "too_small" and row.parameters["edge"] == pytest.approx(edge)
        elif row.id % 7 == 0:
            assert (row.status, row.stage, row.reason) == ("rejected", "uniqueness", "seven")
        else:
            assert (row.status, row.stage, row.geometry) == ("passed", "stability", "spring")
            assert stages == ["geometry", "uniqueness", "relaxation", "stability"]
            assert row.value("energy_per_atom") == pytest.approx(-edge) and row.value("e_hull") == pytest.approx(
                10 - edge
            )
            assert row.volume == pytest.approx((1.01 * edge) ** 3)
    campaign_row = reader.campaign(campaign)
    assert campaign_row.state == "finished" and campaign_row.seconds > 0
    assert campaign_row.provenance["model_sha256"] == "0" * 64 and campaign_row.provenance["versions"]["torch"]


def test_progress_counts_up_to_the_end(project: Path) -> None:
    parts = parts_of(*FUNNEL, delay=0.01)
    campaign = begin(project, parts)
    run = Run(project, campaign, parts)
    run.join()
    progress = [e for e in run.events if isinstance(e, Progress)]
    fractions = [p.fraction for p in progress]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    last = progress[-1]
    assert (last.generated, last.finished, last.requested) == (40, 40, 40)
    for before, after in zip(last.stages, last.stages[1:], strict=False):
        assert before.entered == before.passed + before.rejected and after.entered == before.passed
    assert last.stages[0].reasons == {"too_small": last.stages[0].rejected} and last.stages[0].rejected > 0
    assert last.stages[2].rate > 0 and last.seconds_left == 0


def test_without_a_funnel_nobody_has_judged(project: Path) -> None:
    parts = parts_of()
    campaign = begin(project, parts, funnel="none")
    assert Run(project, campaign, parts).join().state == "finished"
    with ProjectReader(project) as reader:
        assert reader.count("status == 'unjudged'") == 40
        assert to_resume(reader) == []
    assert Run(project, campaign, parts).join().state == "finished"
    assert ProjectReader(project).count("status == 'unjudged'") == 40


def test_same_seed_same_candidates(project: Path) -> None:
    parts = parts_of(Size())
    first, second = begin(project, parts), begin(project, parts)
    for campaign in (first, second):
        Run(project, campaign, parts).join()
    assert state_of(project, first) == state_of(project, second)


def test_a_cancelled_run_ends_soon_and_can_be_carried_on(project: Path, tmp_path: Path) -> None:
    parts = parts_of(Size(), Slow(takes=600), delay=0.02)  # who waits for the stage waits for too long
    campaign = begin(project, parts)
    assert Run(project, campaign, parts, at=16, tokens=("cancel",)).join().state == "cancelled"
    kept = len(ProjectReader(project).numbers(campaign))
    assert 16 <= kept < 40 and ProjectReader(project).campaign(campaign).state == "cancelled"

    quick = parts_of(Size(), Slow())
    assert Run(project, campaign, quick).join().state == "finished"
    straight = tmp_path / "straight.crystals"
    with ProjectWriter.create(straight):
        pass
    other = begin(straight, quick)
    Run(straight, other, quick).join()
    assert state_of(project, campaign) == state_of(straight, other)


def test_pause_holds_and_resume_goes_on(project: Path) -> None:
    parts = parts_of(Size(), delay=0.02)
    campaign = begin(project, parts)
    run = Run(project, campaign, parts, at=8, tokens=("pause",))
    run.until(lambda: ProjectReader(project).campaign(campaign).state == "paused")
    there = len(ProjectReader(project).numbers(campaign))
    time.sleep(0.5)
    assert len(ProjectReader(project).numbers(campaign)) == there < 40
    run.pause.clear()
    assert run.join().state == "finished"
    assert len(ProjectReader(project).numbers(campaign)) == 40


def test_pause_and_cancel_put_the_campaign_down(project: Path) -> None:
    parts = parts_of(Size(), delay=0.02)
    campaign = begin(project, parts)
    assert Run(project, campaign, parts, at=8, tokens=("pause", "cancel")).join().state == "paused"
    assert ProjectReader(project).campaign(campaign).state == "paused"


def test_a_candidate_that_kills_its_worker_is_an_error_and_its_neighbours_finish(project: Path) -> None:
    parts = parts_of(Size(0.0), Slow(deadly=(5,)))
    campaign = begin(project, parts, count=16)
    run = Run(project, campaign, parts, workers=2)
    finished = run.join()
    assert finished.state == "finished" and "1 could not be judged" in finished.text
    rows = {r.id: r for r in ProjectReader(project).candidates()}
    assert (rows[5].status, rows[5].stage, rows[5].reason) == ("error", "relaxation", "error")
    assert "exit code 9" in str(rows[5].parameters["text"])
    assert all(r.status == "passed" for i, r in rows.items() if i != 5)
    assert any(isinstance(e, Message) and "Candidate 5" in e.text for e in run.events)
    last = [e for e in run.events if isinstance(e, Progress)][-1]
    assert (last.stages[1].passed, last.stages[1].rejected, last.stages[1].error) == (15, 0, 1)


def test_errors_are_tried_again_by_resume_and_leave_no_trace(project: Path, tmp_path: Path) -> None:
    parts = parts_of(Size(0.0, failing=(3,)), Slow(deadly=(5,), failing=(9,)), Stable())
    campaign = begin(project, parts, count=16)
    Run(project, campaign, parts, workers=2).join()
    with ProjectReader(project) as reader:
        assert sorted(reader.ids("status == 'error'")) == [3, 5, 9]
        assert to_resume(reader) == [campaign]
    sound = parts_of(Size(0.0), Slow(), Stable())
    again = Run(project, campaign, sound)
    assert again.join().state == "finished"
    last = [e for e in again.events if isinstance(e, Progress)][-1]
    assert [(s.passed, s.error) for s in last.stages] == [(16, 0)] * 3 and last.finished == 16
    with ProjectReader(project) as reader:
        assert to_resume(reader) == []
    straight = tmp_path / "straight.crystals"
    other = begin(straight, sound, count=16)
    Run(straight, other, sound).join()
    assert state_of(project, campaign) == state_of(straight, other)


def test_one_that_takes_too_long_is_an_error(project: Path) -> None:
    parts = parts_of(Size(0.0), Slow(hanging=(4,), seconds=1.0))
    campaign = begin(project, parts, count=8)
    assert Run(project, campaign, parts, workers=2).join().state == "finished"
    rows = {r.id: r for r in ProjectReader(project).candidates()}
    assert rows[4].status == "error" and "longer than 1 s" in str(rows[4].parameters["text"])
    assert all(r.status == "passed" for i, r in rows.items() if i != 4)


def test_workers_that_always_die_fail_the_run_with_a_remedy(project: Path) -> None:
    parts = parts_of(Size(0.0), Slow(deadly=tuple(range(100))))
    campaign = begin(project, parts, count=8)
    finished = Run(project, campaign, parts).join()
    assert finished.state == "failed" and "--workers 1" in finished.text
    assert len(ProjectReader(project).numbers(campaign)) == 8


@pytest.mark.parametrize("costly", [True, False])
def test_a_stage_that_fails_on_one_candidate_is_no_verdict(project: Path, costly: bool) -> None:
    parts = parts_of(Size(0.0), Slow(failing=(2,))) if costly else parts_of(Size(0.0, failing=(2,)), Slow())
    campaign = begin(project, parts, count=8)
    run = Run(project, campaign, parts)
    assert run.join().state == "finished"
    rows = ProjectReader(project).candidates()
    assert [r.id for r in rows if r.status == "error"] == [2]
    assert [r.status for r in rows].count("passed") == 7
    row = rows[1]
    assert (row.stage, row.reason) == ("relaxation" if costly else "geometry", "error")
    assert "ArithmeticError: no " in str(row.parameters["text"])
    assert any(isinstance(e, Message) and "Traceback" in e.text for e in run.events)


def test_what_waits_for_an_answer_stays_waiting(project: Path) -> None:
    parts = parts_of(Size(0.0), Slow(waiting=(2, 3)), Stable())
    campaign = begin(project, parts, count=8)
    for _ in range(2):
        assert Run(project, campaign, parts).join().state == "finished"
        rows = ProjectReader(project).candidates()
        assert [r.id for r in rows if r.status == "waiting"] == [2, 3]
        assert all(r.status == "passed" for r in rows if r.id not in (2, 3))
    with ProjectReader(project) as reader:
        assert to_resume(reader) == []


@pytest.mark.parametrize("error", ["known", "memory"])
def test_what_every_candidate_would_meet_fails_the_run_with_its_remedy(project: Path, error: str) -> None:
    parts = parts_of(Size(0.0), Slow(raising=error))
    campaign = begin(project, parts, count=8)
    finished = Run(project, campaign, parts).join()
    remedy = "install it" if error == "known" else "--workers 1"
    assert finished.state == "failed" and remedy in finished.text
    assert ProjectReader(project).count("status == 'error'") == 0


def test_the_size_of_a_chunk_belongs_to_the_campaign(project: Path, tmp_path: Path, monkeypatch) -> None:
    import campaign_fakes

    parts = parts_of(Size(), delay=0.02)
    campaign = begin(project, parts)
    Run(project, campaign, parts, at=16, tokens=("cancel",)).join()
    kept = len(ProjectReader(project).numbers(campaign))
    assert 16 <= kept < 40
    monkeypatch.setattr(campaign_fakes.RockSalt, "chunk_size", 12)
    again = Run(project, campaign, parts)
    again.join()
    last = [e for e in again.events if isinstance(e, Progress)][-1]
    assert (last.generated, last.finished, last.stages[0].entered) == (40, 40, 40)
    assert ProjectReader(project).numbers(campaign) == set(range(40))
    monkeypatch.undo()
    straight = tmp_path / "straight.crystals"
    other = begin(straight, parts)
    Run(straight, other, parts).join()
    assert state_of(project, campaign) == state_of(straight, other)


def test_a_request_that_the_model_cannot_meet_leaves_no_campaign(project: Path) -> None:
    from crystal_studio.design.request import ChemicalSystem

    with pytest.raises(RequestError, match="only knows"):
        begin(project, parts_of(), chemical_system=ChemicalSystem(("Fe",), "exact"))
    assert ProjectReader(project).campaigns() == []


def test_changed_weights_are_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import campaign_fakes

    parts = parts_of()
    campaign = begin(project, parts)
    monkeypatch.setattr(campaign_fakes.RockSalt, "card", replace(campaign_fakes.CARD, sha256="1" * 64))
    finished = Run(project, campaign, parts).join()
    assert finished.state == "failed" and "weights of rock-salt are not those that campaign" in finished.text
    assert ProjectReader(project).campaign(campaign).state == "failed"
    monkeypatch.undo()
    assert Run(project, campaign, parts).join().state == "finished"


def test_a_sampler_that_has_changed_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import generator_fakes

    parts = parts_of(delay=0.02)
    campaign = begin(project, parts)
    first = Run(project, campaign, parts, at=8, tokens=("cancel",))
    first.join()
    monkeypatch.setattr(generator_fakes.RockSalt, "card", replace(generator_fakes.CARD, revision=2))
    second = Run(project, campaign, parts)
    assert second.join().state == "finished"
    said = [any(isinstance(e, Message) and "sampler of rock-salt has changed" in e.text for e in run.events)
            for run in (first, second)]  # fmt: skip
    assert said == [False, True]


def test_a_project_at_work_is_not_opened_twice(project: Path) -> None:
    parts = parts_of(Size(), delay=0.05)
    campaign = begin(project, parts)
    run = Run(project, campaign, parts, at=8, tokens=("pause",))
    run.until(lambda: ProjectReader(project).campaign(campaign).state == "paused")
    with pytest.raises(FileError):
        begin(project, parts)
    run.cancel.set()
    run.join()


def test_a_chunk_that_cannot_be_made_costs_no_other_and_fails_the_run(project: Path) -> None:
    parts = parts_of(Size())
    campaign = begin(project, parts, count=24)
    run = Run(project, campaign, replace(parts, load=load_broken))
    finished = run.join()
    assert finished.state == "failed" and "Candidates 9 to 16 could not be made: ZeroDivisionError" in finished.text
    assert any(isinstance(e, Message) and "Traceback" in e.text for e in run.events)
    with ProjectReader(project) as reader:
        assert reader.numbers(campaign) == {*range(8), *range(16, 24)} and reader.count("status == 'pending'") == 0
        assert reader.campaign(campaign).state == "failed" and to_resume(reader) == [campaign]
    assert Run(project, campaign, parts).join().state == "finished"
    with ProjectReader(project) as reader:
        assert reader.numbers(campaign) == set(range(24)) and reader.count("status == 'pending'") == 0


def test_a_chunk_whose_process_dies_is_made_again(project: Path, tmp_path: Path) -> None:
    marks, straight = tmp_path / "marks", tmp_path / "straight.crystals"
    marks.mkdir()
    deadly = replace(parts_of(*FUNNEL), load=LoadDeadly(2, marks))
    first, other = begin(project, parts_of()), begin(straight, parts_of())
    assert Run(project, first, deadly, workers=2).join().state == "finished" and len(list(marks.iterdir())) == 2
    assert Run(straight, other, parts_of(*FUNNEL)).join().state == "finished"
    assert state_of(project, first) == state_of(straight, other)


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_processes_changes_nothing(project: Path, tmp_path: Path, workers: int) -> None:
    straight, parts = tmp_path / "straight.crystals", parts_of(*FUNNEL, delay=0.01)
    first, other = begin(project, parts), begin(straight, parts)
    Run(project, first, parts, workers=workers).join()
    Run(straight, other, parts, workers=2).join()
    assert state_of(project, first) == state_of(straight, other)


def test_an_import_is_nothing_to_carry_on(project: Path) -> None:
    with ProjectWriter.open(project) as writer:
        campaign = writer.add_campaign("Imported", {}, {}, 0, kind="import")
        writer.set_campaign(campaign, "finished")
    with pytest.raises(RequestError, match="judge its candidates"):
        Run(project, campaign, parts_of()).join()
    with ProjectReader(project) as reader:
        assert reader.campaign(campaign).state == "finished" and to_resume(reader) == []


def test_missing_weights_are_named(project: Path) -> None:
    def load(name: str, device: str) -> object:
        raise ModelError("The weights are missing.")

    with pytest.raises(ModelError):
        begin(project, replace(parts_of(), load=load))
