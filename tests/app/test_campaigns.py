"""Campaigns in the main window with a stand-in generator: watch, pause, stop, close, carry on."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import campaign_fakes
import stage_fakes
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton
from windows import LONG, dialog_text, opened

from crystal_studio.app.main_window import MainWindow
from crystal_studio.app.run.records import funnel_counts, reason_filter
from crystal_studio.app.run.statistics import element_bars, group_bars
from crystal_studio.app.run.supervisor import coalesce
from crystal_studio.campaign.events import Message, Progress
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

WRITER = """
import sys
from crystal_studio.project.store import ProjectWriter
with ProjectWriter.open(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.read()
"""


@contextmanager
def writing_elsewhere(project: Path) -> Iterator[subprocess.Popen]:
    """A process that has a project open for writing until it is killed."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", WRITER, str(project)], text=True, **pipes) as other:
        try:
            assert other.stdout is not None and other.stdout.readline().strip() == "open"
            yield other
        finally:
            other.kill()


def generate(window: MainWindow, qtbot, count: int) -> None:
    qtbot.keyClicks(window.design.chemistry.system, "Na-Cl")
    window.design._catalogue = type(window.design._catalogue)()  # the stand-in generator has no card
    window.design.budget.count.setValue(count)
    window.design.refresh()
    assert window.design.ready, window.design.launch.problem.text()
    window.actions_["design.generate"].trigger()


def test_generating_without_a_project_makes_one_pauses_and_goes_on(window, qtbot):
    generate(window, qtbot, 160)
    qtbot.waitUntil(lambda: window.campaign.running, timeout=LONG)
    assert window.page == "run" and window.actions_["run.stop"].isEnabled()
    qtbot.waitUntil(lambda: window.run_page.head.bar.value() > 0, timeout=LONG)
    window.actions_["run.pause"].trigger()
    assert window.actions_["run.resume"].isEnabled() and not window.actions_["run.pause"].isEnabled()
    qtbot.waitUntil(lambda: window.session.reader.campaigns()[0].state == "paused", timeout=LONG)
    before = window.session.reader.count()
    qtbot.wait(400)
    assert window.session.reader.count() == before < 160
    window.actions_["run.resume"].trigger()
    qtbot.waitUntil(lambda: not window.campaign.running, timeout=LONG)
    assert window.run_page.head.phase.text() == "Finished" and window.run_page.log.toPlainText()
    assert window.session.path.parent.name == "projects" and window.session.name == "Na-Cl"
    qtbot.waitUntil(lambda: window.explore.listed() == 160, timeout=LONG)
    qtbot.waitUntil(lambda: window.run_page.funnel._rows[0].counts.text().endswith("passed"), timeout=LONG)


def test_a_stopped_run_is_kept_and_can_be_carried_on(window, qtbot):
    generate(window, qtbot, 400)
    qtbot.waitUntil(lambda: window.run_page.head.bar.value() > 0, timeout=LONG)
    window.actions_["run.stop"].trigger()
    qtbot.waitUntil(lambda: not window.campaign.running, timeout=LONG)
    assert window.session.reader.campaigns()[0].state == "cancelled"
    assert window.actions_["run.continue"].isEnabled()


def press(qtbot, text: str) -> str:
    """Press a button of the message box that is or comes up; returns what the box says."""

    def found() -> list[tuple[QMessageBox, QPushButton]]:
        boxes = [w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox) and w.isVisible()]
        return [(box, b) for box in boxes for b in box.findChildren(QPushButton) if b.text() == text]

    qtbot.waitUntil(lambda: bool(found()), timeout=LONG)
    box, button = found()[0]
    said = f"{box.text()} {box.informativeText()}"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    return said


def test_closing_in_the_middle_of_a_run_asks_and_the_next_start_offers_to_go_on(window, qtbot, state):
    generate(window, qtbot, 240)
    qtbot.waitUntil(lambda: window.run_page.head.bar.value() > 0, timeout=LONG)
    path = window.session.path
    window.close()
    assert "running" in press(qtbot, "Keep open")
    assert window.isVisible() and window.campaign.running
    window.close()
    press(qtbot, "Pause and close")
    assert not window.isVisible()
    qtbot.waitUntil(lambda: not multiprocessing.active_children(), timeout=LONG)
    with ProjectReader(path) as reader:
        assert reader.campaigns()[0].state == "paused"
        assert reader.count() < 240
    again = MainWindow(state, parts=campaign_fakes.parts(*stage_fakes.FUNNEL), probe_devices=False)
    qtbot.addWidget(again)
    again.show()
    assert again.notice_bar.isVisible() and path.stem in again.notice_bar.text.text()
    button = next(b for b in again.notice_bar.buttons() if b.text() == "Open and carry on")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: again.session.reader is not None and not again.campaign.running, timeout=LONG)
    qtbot.waitUntil(lambda: again.session.reader.campaigns()[0].state == "finished", timeout=LONG)
    assert again.session.reader.count() == 240
    qtbot.waitUntil(lambda: not again.campaign.running, timeout=LONG)
    assert state.interrupted() is None and not again.notice_bar.isVisible()
    again.close()


def test_an_unfinished_campaign_is_offered_when_its_project_is_opened(window, project, qtbot):
    with ProjectWriter.open(project) as writer:
        writer.set_campaign(1, "paused")
    opened(window, project, qtbot)
    assert "interrupted" in window.notice_bar.text.text()
    assert [b.text() for b in window.notice_bar.buttons()] == ["Carry on", "Show it"]
    window.session.close()
    assert not window.notice_bar.isVisible()


def test_what_runs_elsewhere_is_not_called_interrupted(window, project, qtbot):
    """Another process has the project open for writing, then it is killed."""
    with ProjectWriter.open(project) as writer:
        writer.set_campaign(1, "running")
    with writing_elsewhere(project) as other:
        opened(window, project, qtbot)
        assert "running in another window or command" in window.notice_bar.text.text()
        assert [b.text() for b in window.notice_bar.buttons()] == ["Show it"]
        assert window.run_page.head.phase.text() == "Running elsewhere"
        assert not window.actions_["run.continue"].isEnabled() and not window.design.ready
        assert "Another window or command" in window.actions_.reason("run.continue")
        other.kill()
        qtbot.waitUntil(lambda: "was interrupted" in window.notice_bar.text.text())
    assert "Carry on" in [b.text() for b in window.notice_bar.buttons()]
    assert window.run_page.head.phase.text() == "Interrupted" and window.actions_["run.continue"].isEnabled()


def test_stages_that_an_ended_campaign_has_not_reached_are_not_called_waiting(window, project, qtbot):
    with ProjectWriter.open(project) as writer:
        request = {"chemical_system": {"elements": ["Li", "O"]}, "count": 3, "funnel": "quick"}
        campaign = writer.add_campaign("Stopped early", request, {}, 3)
        writer.set_campaign(campaign, "cancelled")
    opened(window, project, qtbot)
    window.show_page("run")
    qtbot.waitUntil(lambda: bool(window.run_page.funnel._rows) and not window.background.busy())
    rows = window.run_page.funnel._rows
    assert window.run_page.campaign == campaign and {row.counts.text() for row in rows} == {"not reached"}


def test_the_time_left_is_shown_while_generating(window, project, qtbot):
    opened(window, project, qtbot)
    window.run_page.start(1)
    window.run_page.progress(Progress(1, 40, 0, 0, 0.1, 0.0, 150.0, "generating", (), left_at_least=True))
    assert window.run_page.head.left.text() == "over 2 min" and "judged" in window.run_page.head.left.toolTip()
    window.run_page.progress(Progress(1, 40, 40, 10, 0.6, 1.0, 30.0, "relaxing", ()))
    assert window.run_page.head.left.text() == "30 s" and not window.run_page.head.left.toolTip()


def test_a_request_that_the_model_refuses_is_said_and_leaves_nothing(window, qtbot):
    window.design._catalogue = type(window.design._catalogue)()
    qtbot.keyClicks(window.design.chemistry.system, "Fe-O")
    window.actions_["design.generate"].trigger()
    assert "only knows Na and Cl" in dialog_text(qtbot)
    qtbot.waitUntil(lambda: not window.campaign.running, timeout=LONG)
    assert window.page == "design" and window.session.reader.campaigns() == []


def test_a_new_campaign_starts_with_empty_charts_and_others_can_be_looked_at(window, project, qtbot):
    opened(window, project, qtbot)
    window.show_page("run")
    page = window.run_page
    qtbot.waitUntil(lambda: page.newest.count() == 12, timeout=LONG)
    assert page.first._draw is not None
    page.start()
    assert page.first._draw is None and page.groups._draw is None and page.newest.count() == 0
    page.changed()
    page._refresh_if_dirty()
    qtbot.waitUntil(lambda: not window.background.busy(), timeout=LONG)
    assert page.first._draw is None and page.head.chooser.currentText() == "New campaign"
    at = page.head.chooser.findData(1)
    page.head.chooser.setCurrentIndex(at)
    page.head.chooser.activated.emit(at)
    qtbot.waitUntil(lambda: page.newest.count() == 12, timeout=LONG)
    page.progress(Progress(2, 40, 5, 3, 0.1, 1.0, 9.0, "generating", ()))
    assert page.campaign == 1 and page.head.done.text() == "120 of 120"  # the one that runs does not push in


def test_an_import_is_not_taken_for_a_campaign(window, project, qtbot, tmp_path):
    from crystal_studio.app.background import TaskState
    from crystal_studio.app.explore.exporting import write
    from crystal_studio.campaign.importing import import_files

    with ProjectReader(project) as reader:
        paths = write(reader, [2, 3], "cif", tmp_path / "cifs", TaskState(lambda _: None)).paths
    import_files(project, list(paths))
    opened(window, project, qtbot)
    assert window.run_page.campaign == 1
    assert window.run_page.head.chooser.count() == 2
    window.run_page.choose(2)
    assert window.run_page.head.phase.text() == "Imported"
    assert window.run_page.head.request.text() == "2 structures from files"


def test_only_the_latest_progress_is_passed_on():
    def progress(n: int) -> Progress:
        return Progress(1, 10, n, n, n / 10, 1.0, 1.0, "", ())

    note = Message("info", "x")
    assert coalesce([progress(1), note, progress(2), progress(3)]) == [note, progress(3)]


def test_every_reason_lists_as_many_candidates_as_it_counts(project):
    with ProjectReader(project) as reader:
        for counts in funnel_counts(reader, 1):
            for code, number in counts.reasons.items():
                assert reader.count(reason_filter(reader.campaign(1), counts.stage, code)) == number > 0
        assert reader.count("status == 'rejected'") == sum(c.rejected for c in funnel_counts(reader, 1)) > 0


def test_counts_behind_the_plots():
    groups = group_bars({225: 2, 227: 1, 1: 1}, None)
    assert groups.names == ("1", "225", "227") and groups.shares.tolist() == [0.25, 0.5, 0.25]
    elements = element_bars({"Li-O": 1, "Fe-Li-O": 1}, None)
    assert dict(zip(elements.names, elements.shares, strict=True)) == {"Li": 1.0, "O": 1.0, "Fe": 0.5}
    assert element_bars({}, None).names == ()
