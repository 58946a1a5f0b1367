"""The main window on real project files and with a stand-in generator: open, watch, pause, stop, close, resume."""

from __future__ import annotations

import multiprocessing
import shutil
from pathlib import Path

import campaign_fakes
import projects
import pytest
import stage_fakes
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QMessageBox, QPushButton

from crystal_studio.app import faults, files, screenshot
from crystal_studio.app.main_window import MainWindow
from crystal_studio.app.run.records import funnel_counts, reason_filter
from crystal_studio.app.run.statistics import element_bars, group_bars
from crystal_studio.app.run.supervisor import coalesce
from crystal_studio.campaign.events import Message, Progress
from crystal_studio.errors import FileError, KnownError
from crystal_studio.project.queries import ProjectReader
from crystal_studio.project.store import ProjectWriter

LONG = 60_000


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    return projects.make(tmp_path_factory.mktemp("window") / "finished.crystals", 120)


@pytest.fixture
def project(finished, tmp_path) -> Path:
    return Path(shutil.copyfile(finished, tmp_path / "work.crystals"))


@pytest.fixture
def window(qapp, qtbot, state, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "projects_folder", lambda: tmp_path / "projects")
    parts = campaign_fakes.parts(*stage_fakes.FUNNEL, delay=0.02)
    made = MainWindow(state, parts=parts, probe_devices=False)
    qtbot.addWidget(made)
    made.resize(1300, 850)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: not made.background.busy("catalogue"), timeout=LONG)
    yield made
    made.close()


def opened(window: MainWindow, path: Path, qtbot) -> MainWindow:
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.projects.open(path)
    qtbot.waitUntil(lambda: not window.background.busy(), timeout=LONG)
    return window


def dialog_text(qtbot) -> str:
    """The text of the message box that is or comes up; closes it."""

    def boxes() -> list[QMessageBox]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox) and w.isVisible()]

    qtbot.waitUntil(lambda: bool(boxes()), timeout=LONG)
    text = boxes()[0].text()
    boxes()[0].close()
    return text


def test_an_empty_window_says_what_to_do_next(window):
    window.show_page("explore")
    assert window.explore.empty.isVisible()
    window.show_page("run")
    buttons = [b.text() for b in window.run_page.empty.findChildren(QPushButton)]
    assert "Design crystals" in buttons
    assert not window.actions_["project.export"].isEnabled()
    assert "project first" in window.actions_["project.export"].toolTip()


def test_an_open_project_fills_the_three_pages(window, project, qtbot):
    opened(window, project, qtbot)
    assert window.page == "explore" and window.windowTitle().startswith("work")
    qtbot.waitUntil(lambda: window.explore.listed() == 120, timeout=LONG)
    qtbot.waitUntil(lambda: window.explore.view.shows_structure, timeout=LONG)
    window.show_page("run")
    qtbot.waitUntil(lambda: window.run_page.newest.count() == 12, timeout=LONG)
    assert window.state.recent() == [project.resolve()]
    assert window.actions_["project.export"].isEnabled()


def test_a_reason_in_the_funnel_lists_its_candidates(window, project, qtbot):
    opened(window, project, qtbot)
    window.show_page("run")
    qtbot.waitUntil(lambda: window.run_page.newest.count() > 0, timeout=LONG)
    link = next(b for b in window.run_page.funnel.findChildren(QPushButton) if "Atoms overlap" in b.text())
    number = int(link.text().split(" ")[0])
    qtbot.mouseClick(link, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.explore.listed() == number, timeout=LONG)
    assert window.page == "explore"


def test_a_new_candidate_is_looked_at_from_the_run_page(window, project, qtbot):
    opened(window, project, qtbot)
    window.explore.filter.set_text("space_group == 1")
    qtbot.waitUntil(lambda: window.explore.listed() == 0)
    window.show_page("run")
    qtbot.waitUntil(lambda: window.run_page.newest.count() > 0, timeout=LONG)
    window.run_page.newest.itemActivated.emit(window.run_page.newest.item(0))
    qtbot.waitUntil(lambda: window.explore.selected_ids() == [120], timeout=LONG)


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


def test_a_request_that_the_model_refuses_is_said_and_leaves_nothing(window, qtbot):
    window.design._catalogue = type(window.design._catalogue)()
    qtbot.keyClicks(window.design.chemistry.system, "Fe-O")
    window.actions_["design.generate"].trigger()
    assert "only knows Na and Cl" in dialog_text(qtbot)
    qtbot.waitUntil(lambda: not window.campaign.running, timeout=LONG)
    assert window.page == "design" and window.session.reader.campaigns() == []


@pytest.mark.parametrize("content", [b"", b"not a project", b"SQLite format 3\x00 and then nothing"])
def test_a_file_that_is_no_project_gives_one_message(window, qtbot, tmp_path, content):
    path = tmp_path / "broken.crystals"
    path.write_bytes(content)
    window.projects.open_paths([path])
    assert "broken.crystals" in dialog_text(qtbot)
    assert window.session.reader is None and path.read_bytes() == content


def test_a_missing_project_gives_one_message(window, qtbot, tmp_path):
    window.projects.open(tmp_path / "gone.crystals")
    assert "gone.crystals" in dialog_text(qtbot)


def test_dropped_structures_are_imported_and_bad_ones_named(window, qtbot, project, tmp_path):
    from crystal_studio.app.background import TaskState
    from crystal_studio.app.explore.exporting import write

    opened(window, project, qtbot)
    good = write(window.session.reader, [2], "cif", tmp_path / "cifs", TaskState(lambda _: None)).paths[0]
    bad = tmp_path / "bad.cif"
    bad.write_text("data_x\nloop_ nothing")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(good)), QUrl.fromLocalFile(str(bad))])
    actions, buttons = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    window.dropEvent(QDropEvent(QPointF(QPoint(9, 9)), actions, data, buttons, Qt.KeyboardModifier.NoModifier))
    assert "1 structure imported; 1 file could not be read" in dialog_text(qtbot)
    assert window.session.reader.count() == 121
    qtbot.waitUntil(lambda: window.explore.listed() == 1, timeout=LONG)


def test_docks_theme_and_page_are_remembered(window, state, project, qtbot):
    opened(window, project, qtbot)
    window.explore.docks["scatter"].hide()
    window.set_theme("dark")
    window.close()
    again = MainWindow(state, probe_devices=False)
    qtbot.addWidget(again)
    again.show()
    assert again.page == "explore"
    assert again.explore.docks["scatter"].isHidden() and not again.explore.docks["structure"].isHidden()
    assert state.text("theme") == "dark"
    again.close()


@pytest.mark.parametrize("key", ["scatter", "structure", "inspector", "browser"])
def test_a_dock_closed_with_its_button_comes_back(window, project, qtbot, key):
    opened(window, project, qtbot)
    dock, action = window.explore.docks[key], window.actions_[f"view.{key}"]
    close = dock.findChild(QAbstractButton, "qt_dockwidget_closebutton")
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    assert dock.isHidden() and not action.isChecked()
    window.show_page("design")
    action.trigger()
    assert dock.isVisible() and action.isChecked() and window.page == "explore"
    action.trigger()
    assert dock.isHidden() and not action.isChecked()


def test_a_new_campaign_starts_with_empty_charts_and_others_can_be_looked_at(window, project, qtbot):
    opened(window, project, qtbot)
    window.show_page("run")
    page = window.run_page
    qtbot.waitUntil(lambda: page.newest.count() == 12, timeout=LONG)
    assert page.e_hull._draw is not None
    page.start()
    assert page.e_hull._draw is None and page.groups._draw is None and page.newest.count() == 0
    page.changed()
    page._refresh_if_dirty()
    qtbot.waitUntil(lambda: not window.background.busy(), timeout=LONG)
    assert page.e_hull._draw is None and page.head.chooser.currentText() == "New campaign"
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


def test_a_known_error_is_a_sentence_and_a_bug_a_report(qapp, qtbot):
    known = faults.show(KnownError("The disk is full: free some space."))
    assert known.text() == "The disk is full: free some space." and not known.detailedText()
    bug = faults.show(ValueError("three"))
    assert "ValueError: three" in bug.informativeText() and "ValueError" in bug.detailedText()
    for box in (known, bug):
        box.close()


def test_a_picture_of_the_window(qapp, project, tmp_path):
    to = screenshot.take(project, tmp_path / "explore.png", (1200, 800), "dark", "explore")
    image = QImage(str(to))
    assert (image.width(), image.height()) == (1200, 800)
    colours = {image.pixel(x, y) for x in range(0, 1200, 7) for y in range(0, 800, 7)}
    assert len(colours) > 30 and image.pixelColor(3, 300).lightness() < 40
    with pytest.raises(FileError):
        screenshot.take(tmp_path / "none.crystals", tmp_path / "x.png")


def test_only_the_latest_progress_is_passed_on():
    def progress(n: int) -> Progress:
        return Progress(1, 10, n, n, n / 10, 1.0, 1.0, "", ())

    note = Message("info", "x")
    assert coalesce([progress(1), note, progress(2), progress(3)]) == [note, progress(3)]


def test_every_reason_lists_as_many_candidates_as_it_counts(project):
    with ProjectReader(project) as reader:
        for counts in funnel_counts(reader, 1):
            for code, number in counts.reasons.items():
                assert reader.count(reason_filter(1, "generate", counts.stage, code)) == number > 0
        assert reader.count("status == 'rejected'") == sum(c.rejected for c in funnel_counts(reader, 1)) > 0


def test_counts_behind_the_plots():
    groups = group_bars({225: 2, 227: 1, 1: 1}, None)
    assert groups.names == ("1", "225", "227") and groups.shares.tolist() == [0.25, 0.5, 0.25]
    elements = element_bars({"Li-O": 1, "Fe-Li-O": 1}, None)
    assert dict(zip(elements.names, elements.shares, strict=True)) == {"Li": 1.0, "O": 1.0, "Fe": 0.5}
    assert element_bars({}, None).names == ()


def test_the_example_is_opened_as_a_copy_of_the_users_own(window, finished, qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr(files, "bundled_example", lambda: finished)
    window._update()
    before = finished.read_bytes()
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        window.actions_["project.example"].trigger()
    assert window.session.path == tmp_path / "projects" / "Example.crystals"
    qtbot.waitUntil(lambda: window.explore.listed() == 120, timeout=LONG)
    assert finished.read_bytes() == before
    monkeypatch.setattr(files, "bundled_example", lambda: tmp_path / "none.crystals")
    window.session.close()
    window._update()
    assert not window.actions_["project.example"].isEnabled()
