"""A run of DFT from handing in to the result in the project, by a code that is a real program beside ours."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from dft_projects import AL, ALAS, AS, QUICK, hand_in, statuses, three_crystals, until

from crystal_studio.campaign import dft_start, runner
from crystal_studio.campaign.dft_request import DftRequest
from crystal_studio.campaign.events import Event, Finished, Message, Progress
from crystal_studio.campaign.process import CampaignProcess
from crystal_studio.campaign.unfinished import to_resume
from crystal_studio.candidates.quantities import Method
from crystal_studio.dft.protocol import Settings
from crystal_studio.dft.registry import CODES
from crystal_studio.errors import KnownError
from crystal_studio.project.queries import ProjectReader


@pytest.fixture
def project(tmp_path: Path, boxes: None) -> Path:
    return three_crystals(tmp_path / "three.crystals")


def run(project: Path, campaign: int, emit=lambda event: None, workers: int = 1) -> Finished:
    return runner.run(project, campaign, emit, threading.Event(), threading.Event(), workers=workers)


class Running:
    """A run in a thread, which ends when it is told to."""

    def __init__(self, project: Path, campaign: int) -> None:
        self.cancel, self.pause = threading.Event(), threading.Event()
        self.events: list[Event] = []
        self._ended: list[Finished] = []
        self._thread = threading.Thread(target=lambda: self._ended.append(self._run(project, campaign)))
        self._thread.start()

    def _run(self, project: Path, campaign: int) -> Finished:
        return runner.run(project, campaign, self.events.append, self.cancel, self.pause, workers=1)

    def ended(self) -> Finished:
        self._thread.join(120)
        return self._ended[0]


def held(folder: Path) -> int:
    """The process of a job that holds still at its third step."""
    until(lambda: (folder / "state.json").exists() and json.loads((folder / "state.json").read_text())["step"] == 3)
    return int((folder / "pid").read_text())


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc/self").exists() else True


def starts(folder: Path) -> int:
    return json.loads((folder / "result.json").read_text())["settings"]["starts"]


def test_candidates_wait_and_come_back_with_energy_geometry_and_formation_energy(project):
    started = hand_in(project)
    assert set(statuses(project).values()) == {"waiting"}
    assert started.root == project.with_name("three-dft").absolute()
    events: list[Event] = []
    ended = run(project, started.campaign_id, events.append, workers=2)
    assert (ended.state, ended.text) == ("finished", "3 computed by Toy")
    assert statuses(project) == {AL: "passed", AS: "passed", ALAS: "rejected"}, "what the funnel rejected stays so"
    title = "Toy 1.0, PBE, 520 eV, k-points 0.25/Å, smearing 0.05 eV, no spin"
    with ProjectReader(project) as reader:
        assert Method("toy-pbe", "dft", title) in reader.methods()
        aluminium, arsenic, compound = reader.candidates()
        assert [row.geometry for row in (aluminium, arsenic, compound)] == ["toy-pbe"] * 3
        assert compound.n_atoms == 8, "computed as its primitive cell, kept as its conventional one"
        assert compound.volume_per_atom == pytest.approx(18, rel=0.011)
        assert aluminium.value("formation_energy") == pytest.approx(0, abs=1e-9)
        assert compound.value("energy_per_atom") == pytest.approx(-4.0, abs=2e-4)
        assert compound.value("formation_energy") == pytest.approx(-0.5, abs=2e-4)
        assert compound.value("e_hull") is None
        verdict = next(v for v in reader.verdicts(ALAS) if v.stage == "dft")
        assert "cutoff 520.0, fmax 0.01, functional PBE" in verdict.notes["settings"]
        assert verdict.status == "passed" and "does not match the reference hull" in verdict.notes["hull_note"]
        assert not to_resume(reader)
    told = [e for e in events if isinstance(e, Progress)]
    assert told[0].finished == 0 and told[-1].finished == 3 and told[-1].fraction == 1.0
    assert any(isinstance(e, Message) and "AlAs (3): -4.0" in e.text for e in events)


def test_a_formation_energy_comes_as_soon_as_its_elements_are_there(project):
    run(project, hand_in(project, ALAS).campaign_id)
    with ProjectReader(project) as reader:
        assert reader.candidate(ALAS).value("formation_energy") is None
    run(project, hand_in(project, AL, AS).campaign_id)
    with ProjectReader(project) as reader:
        assert reader.candidate(ALAS).value("formation_energy") == pytest.approx(-0.5, abs=2e-4)


def test_energies_of_other_settings_are_another_method(project):
    run(project, hand_in(project, AL, AS).campaign_id)
    other = Settings(fmax=0.01, spin=False, cutoff=400.0)
    run(project, hand_in(project, ALAS, settings=other).campaign_id)
    run(project, hand_in(project, AL, settings=QUICK).campaign_id)
    with ProjectReader(project) as reader:
        assert [m.name for m in reader.methods() if m.kind == "dft"] == ["toy-pbe", "toy-pbe-2"]
        assert reader.candidate(ALAS).geometry == "toy-pbe-2"
        assert reader.candidate(ALAS).value("formation_energy") is None


def test_a_relaxation_that_ends_early_says_so_and_makes_no_formation_energy(project):
    started = hand_in(project, settings=Settings(fmax=0.01, spin=False, max_steps=1))
    events: list[Event] = []
    run(project, started.campaign_id, events.append)
    with ProjectReader(project) as reader:
        row = reader.candidate(ALAS)
        assert row.value("converged") is False and row.value("formation_energy") is None
        assert "It still breathes." in next(v for v in reader.verdicts(ALAS) if v.stage == "dft").notes.values()
    assert any(isinstance(e, Message) and e.level == "warning" and "breathes" in e.text for e in events)


def test_a_single_point_moves_no_atom(project):
    run(project, hand_in(project, AL, settings=Settings(task="single_point", spin=False)).campaign_id)
    with ProjectReader(project) as reader:
        row = reader.candidate(AL)
        assert row.geometry == "generated" and row.volume == pytest.approx(4.2**3)
        assert row.value("energy_per_atom") == pytest.approx(-3 + (4.2**3 / 64 - 1) ** 2)


def test_a_job_that_is_killed_is_an_error_and_resume_goes_on_at_its_step(project):
    started = hand_in(project, AL)
    folder = started.folders[AL]
    (folder / "hold").touch()
    running = Running(project, started.campaign_id)
    os.kill(held(folder), signal.SIGKILL)
    assert running.ended().text == "0 computed by Toy; 1 could not be: resume tries them again"
    with ProjectReader(project) as reader:
        row = reader.candidate(AL)
        assert row.status == "error" and "killed by signal 9" in row.parameters["text"]
        assert to_resume(reader) == [started.campaign_id]
    (folder / "hold").unlink()
    assert run(project, started.campaign_id).text == "1 computed by Toy"
    told = [json.loads(line)["step"] for line in (folder / "progress.jsonl").read_text().splitlines()]
    assert sorted(told) == told and told.count(2) == 2 and starts(folder) == 2, "no step is taken twice"
    assert statuses(project)[AL] == "passed"


def test_what_is_put_down_waits_and_goes_on(project):
    started = hand_in(project)
    folder = started.folders[AS]  # the smallest cell is the first
    (folder / "hold").touch()
    running = Running(project, started.campaign_id)
    pid = held(folder)
    running.pause.set()
    running.cancel.set()
    assert running.ended().state == "paused"
    until(lambda: not alive(pid))
    assert set(statuses(project).values()) == {"waiting"}
    with ProjectReader(project) as reader:
        assert to_resume(reader) == [started.campaign_id]
    (folder / "hold").unlink()
    assert run(project, started.campaign_id).text == "3 computed by Toy"
    assert starts(folder) == 2


def test_a_pause_puts_the_job_down_and_clearing_it_carries_on(project):
    started = hand_in(project, AL)
    folder = started.folders[AL]
    (folder / "hold").touch()
    running = Running(project, started.campaign_id)
    pid = held(folder)
    running.pause.set()
    until(lambda: not alive(pid))
    (folder / "hold").unlink()
    running.pause.clear()
    assert running.ended().state == "finished"
    assert starts(folder) == 2 and statuses(project)[AL] == "passed"


def test_a_cancelled_run_ends_its_programs_and_leaves_candidates_as_they_were(project):
    before = statuses(project)
    with ProjectReader(project) as reader:
        rows = reader.candidates()
    started = hand_in(project)
    (started.folders[AS] / "hold").touch()
    running = Running(project, started.campaign_id)
    pid = held(started.folders[AS])
    running.cancel.set()
    assert running.ended().state == "cancelled"
    until(lambda: not alive(pid))
    assert statuses(project) == before
    with ProjectReader(project) as reader:
        assert reader.candidates() == rows
        assert not any(v.stage == "dft" for row in rows for v in reader.verdicts(row.id))
        assert not to_resume(reader)


def test_the_job_ends_with_a_supervisor_that_is_killed_and_nothing_is_lost(project):
    request = DftRequest.of([AS, ALAS], code="toy", settings=QUICK)
    started = dft_start.start(project, request)
    (started.folders[ALAS] / "hold").touch()
    process = CampaignProcess(project, started.campaign_id, workers=1)
    process.start()
    pid = held(started.folders[ALAS])
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: not alive(pid))
    assert statuses(project) == {AL: "passed", AS: "passed", ALAS: "waiting"}
    (started.folders[ALAS] / "hold").unlink()
    assert run(project, started.campaign_id).text == "2 computed by Toy"
    assert starts(started.folders[AS]) == 1 and starts(started.folders[ALAS]) == 2


def test_the_step_and_force_of_a_job_are_told_while_it_runs(project):
    started = hand_in(project, AL)
    (started.folders[AL] / "hold").touch()
    running = Running(project, started.campaign_id)
    held(started.folders[AL])
    until(lambda: any("step 3" in e.phase and "eV/Å" in e.phase for e in running.events if isinstance(e, Progress)))
    running.cancel.set()
    assert running.ended().state == "cancelled"


def test_a_job_that_is_done_is_not_computed_again(project):
    started = hand_in(project, AL)
    subprocess.run([sys.executable, "job.py"], cwd=started.folders[AL], check=True)
    (started.folders[AL] / "job.py").write_text("raise SystemExit(3)")
    assert run(project, started.campaign_id).text == "1 computed by Toy"


def test_what_a_job_says_went_wrong_is_the_error_of_its_candidate(project):
    started = hand_in(project, AL)
    inputs = started.folders[AL] / "input.json"
    inputs.write_text(inputs.read_text().replace("13", "2"))
    run(project, started.campaign_id)
    with ProjectReader(project) as reader:
        assert "too noble" in reader.candidate(AL).parameters["text"]


def test_a_code_that_is_gone_is_no_fault_of_the_candidates(project, monkeypatch):
    started = hand_in(project, AL)

    def gone():
        raise KnownError("Toy was not found: install it.")

    with monkeypatch.context() as patched:
        patched.setattr(CODES.get("toy"), "interpreter", gone, raising=True)
        ended = run(project, started.campaign_id)
    assert (ended.state, ended.text) == ("failed", "Toy was not found: install it.")
    assert statuses(project)[AL] == "waiting"
    with ProjectReader(project) as reader:
        assert to_resume(reader) == [started.campaign_id]
    assert run(project, started.campaign_id).state == "finished"


def test_a_window_starts_a_run_in_a_process_of_its_own(project):
    process = CampaignProcess(project, request=DftRequest.of([AL], code="toy", settings=QUICK), workers=1)
    process.start()
    events: list[Event] = []
    until(lambda: events.extend(process.poll()) or process.finished)
    assert process.finished is not None and process.finished.state == "finished", process.finished
    assert statuses(project)[AL] == "passed"


def test_a_window_hands_in_a_bundle(project, tmp_path):
    asked = DftRequest.of([AL, AS], code="toy", submit="bundle", settings=QUICK, folder=str(tmp_path / "out"))
    process = CampaignProcess(project, request=asked)
    process.start()
    until(lambda: process.poll() is None or process.finished)
    assert process.finished is not None and process.finished.state == "finished", process.finished
    assert str(tmp_path / "out") in process.finished.text and (tmp_path / "out" / "run_all.sh").exists()
    assert statuses(project) == {AL: "waiting", AS: "waiting", ALAS: "rejected"}


def test_one_bad_crystal_does_not_stop_the_others(project):
    started = hand_in(project)
    inputs = started.folders[AL] / "input.json"
    inputs.write_text(inputs.read_text()[:40])
    (started.folders[AS] / "crystal-studio.json").write_text("{}")
    events: list[Event] = []
    assert run(project, started.campaign_id, events.append).text.startswith("1 computed by Toy; 2 could not be")
    assert statuses(project) == {AL: "error", AS: "error", ALAS: "rejected"}
    told = [e.text for e in events if isinstance(e, Message) and e.level == "warning"]
    assert any("ended with code 1" in text and "JSONDecodeError" in text for text in told), told
    assert any("gone or damaged" in text for text in told), told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ids": (9,)}, "has no candidate 9"),
        ({"ids": ()}, "No candidate was named"),
        ({"code": "abacus"}, "choose one of"),
        ({"submit": "cloud"}, "choose local or bundle"),
    ],
)
def test_what_cannot_be_handed_in_leaves_no_trace(project, change, said):
    with pytest.raises(KnownError, match=said):
        dft_start.start(project, DftRequest(**({"ids": (AL,), "code": "toy", "settings": QUICK} | change)))
    assert statuses(project) == {AL: "passed", AS: "unjudged", ALAS: "rejected"}
    assert not project.with_name("three-dft").exists()


def test_elements_are_references_of_their_compounds():
    from crystal_studio.campaign.dft_results import formation_energies

    table = np.array([[1, 0, 0], [2, 0, 0], [0, 1, 0], [1, 3, 0], [1, 0, 1]])
    found = formation_energies(np.array([-3.0, -3.5, -4.0, -4.125, -9.0]), table)
    np.testing.assert_allclose(found, [0.5, 0.0, 0.0, -0.25, np.nan])
