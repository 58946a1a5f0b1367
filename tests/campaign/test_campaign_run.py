"""A campaign from start to end: order, verdicts, pause, cancel, deaths of workers, messages."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from campaign_fakes import FUNNEL, Ordered, Size, Slow, plan

from crystal_studio.campaign import runner
from crystal_studio.campaign.events import Event, Finished, Message, Progress
from crystal_studio.campaign.plan import Plan
from crystal_studio.design.request import DesignRequest
from crystal_studio.errors import FileError, ModelError, RequestError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "test.crystals"
    with ProjectWriter.create(path):
        pass
    return path


class Run:
    """A campaign in a thread, with its events."""

    def __init__(self, project: Path, campaign_id: int, plan: Plan, workers: int = 1) -> None:
        self.events: list[Event] = []
        self.cancel, self.pause = threading.Event(), threading.Event()
        self.error: BaseException | None = None
        self._arguments = (project, campaign_id, self.events.append, self.cancel, self.pause)
        self._more = {"workers": workers, "plan": plan}
        self._thread = threading.Thread(target=self._go)
        self._thread.start()

    def _go(self) -> None:
        try:
            runner.run(*self._arguments, **self._more)
        except BaseException as error:
            self.error = error

    def until(self, generated: int) -> None:
        for _ in range(1000):
            if any(isinstance(e, Progress) and e.generated >= generated for e in self.events):
                return
            time.sleep(0.02)
        raise AssertionError(f"{generated} candidates were not generated: {self.events[-3:]}")

    def join(self) -> Finished:
        self._thread.join(60)
        assert not self._thread.is_alive()
        if self.error:
            raise self.error
        finished = self.events[-1]
        assert isinstance(finished, Finished)
        return finished


def begin(project: Path, plan: Plan, count: int = 40, **more: object) -> int:
    return runner.start(project, DesignRequest(count=count, seed=3, device="cpu", **more), plan=plan)


def state_of(project: Path, campaign_id: int) -> tuple:
    """Everything that must not depend on interruptions."""
    reader = ProjectReader(project)
    ids = reader.ids(f"campaign_id == {campaign_id}")
    rows = sorted(reader.by_ids(ids), key=lambda r: r.number)
    lattices = reader.structures(np.array([r.id for r in rows]), "generated").lattice
    verdicts = [[(v.stage, v.passed, v.reason, dict(v.values)) for v in reader.verdicts(r.id)] for r in rows]
    return (
        [(r.number, r.stage, r.status, r.reason, r.energy_per_atom, r.e_hull) for r in rows],
        lattices.tolist(),
        verdicts,
    )


def test_every_candidate_gets_its_verdicts(project: Path) -> None:
    parts = plan(*FUNNEL)
    campaign = begin(project, parts)
    run = Run(project, campaign, parts, workers=2)
    assert run.join().state == "finished"
    reader = ProjectReader(project)
    rows = reader.candidates(f"campaign_id == {campaign}")
    assert [r.number for r in rows] == list(range(40))
    for row in rows:
        stages = [v.stage for v in reader.verdicts(row.id)]
        edge = reader.structures(np.array([row.id]), "generated").lattice[0, 0, 0]
        if edge < 5:
            assert (row.status, row.stage, stages) == ("rejected", "geometry", ["geometry"])
            assert row.reason == f"The cell edge of {edge:.2f} A is too small"
        elif row.id % 7 == 0:
            assert (row.status, row.stage, row.reason) == ("rejected", "uniqueness", "Seen before")
        else:
            assert (row.status, row.stage) == ("passed", "stability")
            assert stages == ["geometry", "uniqueness", "relaxation", "stability"]
            assert row.energy_per_atom == pytest.approx(-edge) and row.e_hull == pytest.approx(10 - edge)
    campaign_row = reader.campaign(campaign)
    assert campaign_row.state == "finished" and campaign_row.seconds > 0
    assert campaign_row.provenance["model_sha256"] == "0" * 64 and campaign_row.provenance["versions"]["torch"]


def test_progress_counts_up_to_the_end(project: Path) -> None:
    parts = plan(*FUNNEL, delay=0.01)
    campaign = begin(project, parts)
    run = Run(project, campaign, parts)
    run.join()
    progress = [e for e in run.events if isinstance(e, Progress)]
    fractions = [p.fraction for p in progress]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    last = progress[-1]
    assert (last.generated, last.finished, last.requested) == (40, 40, 40)
    for before, after in zip(last.stages, last.stages[1:], strict=False):
        assert before.entered == before.passed + before.failed and after.entered == before.passed
    assert last.stages[0].failed == sum(last.stages[0].reasons.values()) > 0
    assert last.stages[2].rate > 0 and last.seconds_left == 0


def test_without_a_funnel_all_pass(project: Path) -> None:
    parts = plan()
    campaign = begin(project, parts, funnel="none")
    assert Run(project, campaign, parts).join().state == "finished"
    assert ProjectReader(project).count("status == 'passed'") == 40


def test_same_seed_same_candidates(project: Path) -> None:
    parts = plan(Size())
    first, second = begin(project, parts), begin(project, parts)
    for campaign in (first, second):
        Run(project, campaign, parts).join()
    assert state_of(project, first) == state_of(project, second)


def test_a_cancelled_run_ends_soon_and_can_be_carried_on(project: Path, tmp_path: Path) -> None:
    parts = plan(Size(), Slow(seconds=30), delay=0.02)
    campaign = begin(project, parts)
    run = Run(project, campaign, parts)
    run.until(16)
    asked = time.monotonic()
    run.cancel.set()
    assert run.join().state == "cancelled"
    assert time.monotonic() - asked < 5  # a hang of the 30 s stage would show; the figure is no measure of speed
    kept = len(ProjectReader(project).numbers(campaign))
    assert 16 <= kept < 40 and ProjectReader(project).campaign(campaign).state == "cancelled"

    quick = plan(Size(), Slow())
    assert Run(project, campaign, quick).join().state == "finished"
    straight = tmp_path / "straight.crystals"
    with ProjectWriter.create(straight):
        pass
    other = begin(straight, quick)
    Run(straight, other, quick).join()
    assert state_of(project, campaign) == state_of(straight, other)


def test_pause_holds_and_resume_goes_on(project: Path) -> None:
    parts = plan(Size(), delay=0.02)
    campaign = begin(project, parts)
    run = Run(project, campaign, parts)
    run.until(8)
    run.pause.set()
    for _ in range(100):
        if ProjectReader(project).campaign(campaign).state == "paused":
            break
        time.sleep(0.05)
    there = len(ProjectReader(project).numbers(campaign))
    time.sleep(0.5)
    assert len(ProjectReader(project).numbers(campaign)) == there < 40
    run.pause.clear()
    assert run.join().state == "finished"
    assert len(ProjectReader(project).numbers(campaign)) == 40


def test_pause_and_cancel_put_the_campaign_down(project: Path) -> None:
    parts = plan(Size(), delay=0.02)
    campaign = begin(project, parts)
    run = Run(project, campaign, parts)
    run.until(8)
    run.pause.set()
    run.cancel.set()
    assert run.join().state == "paused"
    assert ProjectReader(project).campaign(campaign).state == "paused"


def test_a_candidate_that_kills_its_worker_is_lost_alone(project: Path) -> None:
    parts = plan(Size(0.0), Slow(deadly=(5,)))
    campaign = begin(project, parts, count=16)
    run = Run(project, campaign, parts, workers=2)
    assert run.join().state == "finished"
    rows = {r.id: r for r in ProjectReader(project).candidates()}
    assert rows[5].status == "rejected" and "died twice" in rows[5].reason
    assert all(r.status == "passed" for i, r in rows.items() if i != 5)
    assert any(isinstance(e, Message) and "Candidate 5" in e.text for e in run.events)


def test_workers_that_always_die_fail_the_run_with_a_remedy(project: Path) -> None:
    parts = plan(Size(0.0), Slow(deadly=tuple(range(100))))
    campaign = begin(project, parts, count=8)
    finished = Run(project, campaign, parts).join()
    assert finished.state == "failed" and "--workers 1" in finished.text
    assert len(ProjectReader(project).numbers(campaign)) == 8


def test_a_stage_that_fails_on_one_candidate_names_it(project: Path) -> None:
    parts = plan(Size(0.0), Slow(failing=(2,)))
    campaign = begin(project, parts, count=8)
    assert Run(project, campaign, parts).join().state == "finished"
    row = ProjectReader(project).candidate(2)
    assert row.status == "rejected" and row.reason == "Relaxation failed: ArithmeticError: no forces"


def test_a_request_that_the_model_cannot_meet_leaves_no_campaign(project: Path) -> None:
    from crystal_studio.design.request import ChemicalSystem

    with pytest.raises(RequestError, match="only knows"):
        begin(project, plan(), chemical_system=ChemicalSystem(("Fe",), "exact"))
    assert ProjectReader(project).campaigns() == []


def test_changed_weights_are_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    import campaign_fakes

    parts = plan()
    campaign = begin(project, parts)
    monkeypatch.setattr(campaign_fakes.RockSalt, "card", replace(campaign_fakes.CARD, sha256="1" * 64))
    finished = Run(project, campaign, parts).join()
    assert finished.state == "failed" and "weights of rock-salt" in finished.text
    assert ProjectReader(project).campaign(campaign).state == "failed"
    monkeypatch.undo()
    assert Run(project, campaign, parts).join().state == "finished"


def test_a_project_at_work_is_not_opened_twice(project: Path) -> None:
    parts = plan(Size(), delay=0.05)
    campaign = begin(project, parts)
    run = Run(project, campaign, parts)
    run.until(8)
    with pytest.raises(FileError):
        begin(project, parts)
    run.cancel.set()
    run.join()


def test_a_late_stage_that_needs_order_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="uniqueness"):
        plan(Slow(), Ordered())


def test_a_bug_in_a_stage_is_raised_and_loses_nothing(project: Path) -> None:
    class Broken(Size):
        def __call__(self, batch: object, context: object) -> None:  # type: ignore[override]
            raise ZeroDivisionError("a bug")

    campaign = begin(project, plan(Size()), count=8)
    run = Run(project, campaign, plan(Broken()))
    with pytest.raises(ZeroDivisionError):
        run.join()
    assert ProjectReader(project).campaign(campaign).state == "failed"
    assert Run(project, campaign, plan(Size())).join().state == "finished"
    assert ProjectReader(project).count("status == 'pending'") == 0


def test_missing_weights_are_named(project: Path) -> None:
    def load(name: str, device: str) -> object:
        raise ModelError("The weights are missing.")

    from dataclasses import replace

    with pytest.raises(ModelError):
        begin(project, replace(plan(), load=load))
