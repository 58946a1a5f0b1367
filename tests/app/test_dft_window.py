"""DFT from the window: handed in by the dialog, computed like a campaign, written as a bundle and collected."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from dft_projects import AL, ALAS, QUICK, hand_in, statuses, three_crystals
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from windows import opened

from crystal_studio.app.dft import asking, collecting
from crystal_studio.app.dft.dft_dialog import DftDialog
from crystal_studio.app.dft.dft_form import HERE, ZIP
from crystal_studio.app.explore.columns import reason
from crystal_studio.app.run.records import can_be_carried_on, done_so_far, history, state_text
from crystal_studio.campaign import runner
from crystal_studio.dft.protocol import Settings
from crystal_studio.dft.registry import CODES
from crystal_studio.errors import KnownError
from crystal_studio.project.queries import ProjectReader


@pytest.fixture
def project(tmp_path: Path, boxes: None) -> Path:
    return three_crystals(tmp_path / "three.crystals")


@pytest.fixture
def dialog(project, reader, background, state, qtbot) -> DftDialog:
    state.set("dft/code", "toy")
    made = DftDialog(project, reader, [ALAS, AL], background, state)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: not background.busy())
    return made


def press(button, qtbot) -> None:
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def written(dialog: DftDialog, qtbot) -> Path:
    """The bundle that the dialog writes."""
    press(dialog.go, qtbot)
    qtbot.waitUntil(lambda: dialog.close_button.isEnabled())
    assert dialog.message.property("role") == "", dialog.message.text()
    return Path(dialog._written)


def run_elsewhere(bundle: Path) -> None:
    """Every job of a bundle of the toy code, as another machine would run it."""
    for name in (bundle / "folders.txt").read_text().split():
        subprocess.run([sys.executable, "job.py"], cwd=bundle / name, check=True, timeout=120)


def test_what_is_asked_here_are_the_selected_candidates_with_the_settings_shown_and_remembered(dialog, qtbot, state):
    assert dialog.way.buttons[HERE].isChecked() and not dialog.place.isVisible()
    assert "2 selected candidates; largest primitive cell 2 atoms (AlAs)" in dialog.candidates.text()
    dialog.fields.boxes["cutoff"].setValue(400)
    dialog.fields.spin.setChecked(False)
    with qtbot.waitSignal(dialog.asked) as told:
        press(dialog.go, qtbot)
    request = told.args[0]
    assert (request.ids, request.code, request.submit) == ((AL, ALAS), "toy", "local")
    assert request.settings == Settings(cutoff=400, spin=False)
    assert asking.recalled(state.text("dft/settings")) == Settings(cutoff=400, spin=False).as_json()


def test_a_single_point_has_no_forces_to_lessen(dialog, qtbot):
    press(dialog.fields.task.buttons["single_point"], qtbot)
    assert not dialog.fields.boxes["fmax"].isEnabled() and dialog.fields.settings().task == "single_point"


def test_what_cannot_be_computed_is_said_and_not_begun(dialog, qtbot):
    box = dialog.fields.boxes["cutoff"]
    QApplication.processEvents()
    before = dialog.minimumHeight()
    box.lineEdit().setText("10")
    QApplication.processEvents()
    assert dialog.minimumHeight() == before, "nothing moves while it is typed"
    assert not dialog.go.isEnabled() and "Cutoff: Write a number from 50 to 5,000." in dialog.message.text()
    press(dialog.usual, qtbot)
    assert dialog.go.isEnabled() and dialog.fields.settings() == Settings()


def test_a_code_that_is_missing_says_how_to_get_it_and_can_still_be_handed_over(
    project, reader, background, state, qtbot, monkeypatch
):
    def missing(self) -> list[str]:
        raise KnownError("The toy was not found: buy one.")

    monkeypatch.setattr(type(CODES.get("toy")), "program", missing)
    state.set("dft/code", "toy")
    dialog = DftDialog(project, reader, [AL], background, state)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: not background.busy())
    assert not dialog.go.isEnabled() and "The toy was not found: buy one." in dialog.needs.text()
    assert "Toy is not installed on this machine" in dialog.message.text()
    press(dialog.way.buttons[ZIP], qtbot)
    assert dialog.go.isEnabled()


def test_what_compares_with_the_hull_depends_on_code_and_settings():
    assert "on the Materials Project's scale, before" in asking.comparison("vasp", Settings())
    assert "would be on the Materials Project's scale" in asking.comparison("vasp", Settings(spin=False))
    assert "scale of its own" in asking.comparison("qe", Settings())
    assert all("no energy above the hull" in asking.comparison(code, Settings()) for code in ("gpaw", "vasp", "qe"))
    assert asking.large(4, True) == "" and "days" in asking.large(40, True) and asking.large(40, False) == ""


def test_a_bundle_is_written_once_as_folder_or_zip_and_its_candidates_wait(dialog, qtbot, project):
    press(dialog.way.buttons[ZIP], qtbot)
    assert dialog.place.text().endswith("three-toy.zip")
    bundle = written(dialog, qtbot)
    assert bundle.is_file() and dialog.show_folder.isVisible()
    assert statuses(project) == {AL: "waiting", 2: "unjudged", ALAS: "waiting"}
    assert dialog.place.text().endswith("three-toy-2.zip"), "the next has a place of its own"


def test_nothing_is_written_into_a_folder_that_holds_something_else(dialog, qtbot, project, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("mine")
    press(dialog.way.buttons["folder"], qtbot)
    dialog.place.selectAll()
    qtbot.keyClicks(dialog.place, str(tmp_path / "mine"))
    press(dialog.go, qtbot)
    qtbot.waitUntil(lambda: dialog.close_button.isEnabled())
    assert "is there already" in dialog.message.text() and "waiting" not in statuses(project).values()
    assert (tmp_path / "mine" / "README.md").read_text() == "mine"


def test_what_came_back_is_collected_and_what_did_not_is_said(window, qtbot, project):
    started = hand_in(project, submit="bundle", folder=str(project.parent / "bundle"))
    run_elsewhere(started.root)
    (started.folders[ALAS] / "result.json").unlink()
    opened(window, project, qtbot)
    dialog = window.campaigns.dft.collect()
    assert dialog.listed() == [started.root], "the bundle that is awaited is offered"
    with qtbot.waitSignal(dialog.collected) as told:
        press(dialog.go, qtbot)
    assert told.args[0] == [AL, 2] and "2 results taken, 1 folder skipped." in dialog.message.text()
    cells = dialog.table.as_text()
    assert " eV/atom by Toy 1.0, PBE" in cells and "holds no result of Toy yet" in cells
    assert statuses(project) == {AL: "passed", 2: "passed", ALAS: "waiting"}
    dialog.close()


def test_a_place_without_jobs_is_said(window, qtbot, project, tmp_path):
    (tmp_path / "empty").mkdir()
    opened(window, project, qtbot)
    dialog = window.campaigns.dft.collect()
    assert not dialog.go.isEnabled()
    dialog.add([tmp_path / "empty"])
    press(dialog.go, qtbot)
    qtbot.waitUntil(lambda: dialog.message.property("role") == "error")
    assert "There is no DFT job below" in dialog.message.text()
    dialog.close()


def test_the_selected_candidates_are_computed_like_a_campaign_and_seen_at_once(window, qtbot, project):
    window.state.set("dft/code", "toy")
    opened(window, project, qtbot)
    window.show_page("explore")
    window.explore.table.select_ids([AL, ALAS])
    assert window.actions_["explore.dft"].isEnabled()
    dialog = window.campaigns.dft.hand_in()
    qtbot.waitUntil(lambda: dialog.go.isEnabled())
    dialog.fields.show_settings(QUICK.as_json())
    press(dialog.go, qtbot)
    assert window.campaign.running and window.page == "run" and not window.actions_["explore.dft"].isEnabled()
    qtbot.waitUntil(lambda: not window.campaign.running)
    assert statuses(project) == {AL: "passed", 2: "unjudged", ALAS: "rejected"}
    assert "Toy, relax, PBE, 520 eV, k-points 0.25/Å, no spin" in window.run_page.head.request.text()
    assert "eV/atom by toy-pbe" in window.run_page.log.toPlainText()
    methods = [q.method.name for q in window.session.reader.quantities(AL) if q.quantity == "energy_per_atom"]
    assert methods == ["toy-pbe"] and window.session.reader.candidate(AL).geometry == "toy-pbe"


def test_a_run_that_was_cut_off_is_offered_and_carried_on(window, qtbot, project):
    hand_in(project, AL, ALAS)
    opened(window, project, qtbot)
    said = [label.text() for label in window.notice_bar.findChildren(QLabel)]
    assert any("0 of 2 candidates are computed" in text for text in said), said
    window.actions_["run.continue"].trigger()
    qtbot.waitUntil(lambda: window.campaign.running)
    qtbot.waitUntil(lambda: not window.campaign.running)
    assert statuses(project)[AL] == "passed"


def test_a_run_tells_its_steps_and_when_it_is_stopped_the_candidates_are_what_they_were(window, qtbot, project):
    folder = hand_in(project, AL).folders[AL]
    (folder / "hold").touch()
    opened(window, project, qtbot)
    window.actions_["run.continue"].trigger()
    qtbot.waitUntil(lambda: "Toy, candidate 1: step 3" in window.run_page.head.phase.text())
    assert "force" in window.run_page.head.phase.text() and "0 of 1 computed" in window.status._rest
    window.actions_["run.stop"].trigger()
    qtbot.waitUntil(lambda: not window.campaign.running)
    assert statuses(project)[AL] == "passed" and not window.actions_["run.continue"].isEnabled()


def test_a_candidate_says_what_it_waits_for(project):
    hand_in(project, AL)
    bundle = hand_in(project, ALAS, submit="bundle").root
    with ProjectReader(project) as reader:
        assert reason(reader.candidate(AL)) == "Waits for Toy, which computes it on this machine."
        assert reason(reader.candidate(ALAS)) == f"Waits for results of Toy, to be collected from {bundle}."
        assert reader.ids("status == 'waiting'").tolist() == [AL, ALAS]


def test_a_bundle_is_handed_over_and_awaited_until_it_is_collected(project):
    root = hand_in(project, AL, submit="bundle").root
    with ProjectReader(project) as reader:
        row = reader.campaigns()[-1]
        assert state_text(row) == "Handed over" and not can_be_carried_on(reader, row)
        assert any("Collect DFT results" in line for line in history(row, "Handed over"))
        assert collecting.awaited(reader) == [root]
    run_elsewhere(root)
    assert [line.candidate for line in collecting.collect(project, [root])] == [AL]
    with ProjectReader(project) as reader:
        assert collecting.awaited(reader) == []


def test_a_run_that_was_stopped_is_not_carried_on(project):
    campaign = hand_in(project, AL).campaign_id
    cancel = threading.Event()
    cancel.set()
    runner.run(project, campaign, lambda event: None, cancel, threading.Event())
    with ProjectReader(project) as reader:
        row = reader.campaigns()[-1]
        assert row.state == "cancelled" and not can_be_carried_on(reader, row)
        assert done_so_far(reader, reader.campaigns()[0]) == "3 of 3 candidates are judged"
