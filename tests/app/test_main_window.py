"""The main window on real project files: pages, docks, files dropped on it, errors."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QPushButton
from windows import LONG, dialog_text, opened

from crystal_studio.app import faults, files, screenshot
from crystal_studio.app.main_window import MainWindow
from crystal_studio.errors import FileError, KnownError


def test_an_empty_window_says_what_to_do_next(window):
    window.show_page("explore")
    assert window.explore.listing.empty.isVisible()
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


@pytest.mark.parametrize("content", [b"", b"not a project", b"SQLite format 3\x00 and then nothing"])
def test_a_file_that_is_no_project_gives_one_message(window, qtbot, tmp_path, content):
    path = tmp_path / "broken.crystals"
    path.write_bytes(content)
    window.projects.open_paths([path])
    assert "broken.crystals" in dialog_text(qtbot)
    assert window.session.reader is None and path.read_bytes() == content


def test_a_project_of_an_older_version_is_brought_up_to_date_and_opened(window, qtbot, tmp_path):
    old = Path(__file__).parents[1] / "project" / "data" / "version2.crystals"
    path = Path(shutil.copyfile(old, tmp_path / "old.crystals"))
    opened(window, path, qtbot)
    assert window.session.reader.count() > 0 and window.page == "explore"
    assert [p.name for p in tmp_path.iterdir() if p.suffix == ".bak"] == ["old.crystals.v2.bak"]


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


def test_the_menu_of_the_table_offers_what_can_be_done_with_candidates(window):
    offered = window.explore.table._actions
    for key in ("explore.complete", "explore.template", "explore.judge", "project.export", "edit.copy"):
        assert window.actions_[key] in offered


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


def test_a_known_error_is_a_sentence_and_a_bug_a_report(qapp, qtbot):
    known = faults.show(KnownError("The disk is full: free some space."))
    assert known.text() == "The disk is full: free some space." and not known.detailedText()
    bug = faults.show(ValueError("three"))
    assert "ValueError: three" in bug.informativeText() and "ValueError" in bug.detailedText()
    for box in (known, bug):
        box.close()


def test_a_picture_of_the_window(qapp, project, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    to = screenshot.take(project, tmp_path / "explore.png", (1200, 800), "dark", "explore")
    image = QImage(str(to))
    assert (image.width(), image.height()) == (1200, 800)
    colours = {image.pixel(x, y) for x in range(0, 1200, 7) for y in range(0, 800, 7)}
    assert len(colours) > 30 and image.pixelColor(3, 300).lightness() < 40
    with pytest.raises(FileError):
        screenshot.take(tmp_path / "none.crystals", tmp_path / "x.png")
    left = {path.name for path in temporary.iterdir()}
    assert all(name.startswith("crystal-studio-icons") for name in left), "the style sheet's pictures alone"


@pytest.mark.parametrize("name", ["example", "ternaries", "frameworks"])
def test_an_example_is_opened_as_a_copy_of_the_users_own(window, finished, qtbot, monkeypatch, tmp_path, name):
    shipped = {name: finished}
    monkeypatch.setattr(
        files, "bundled_example", lambda asked="example": shipped.get(asked, tmp_path / "none.crystals")
    )
    window._update()
    action = window.actions_[f"project.{name}"]
    before = finished.read_bytes()
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        action.trigger()
    assert window.session.path == tmp_path / "projects" / f"{name.capitalize()}.crystals"
    qtbot.waitUntil(lambda: window.explore.listed() == 120, timeout=LONG)
    assert finished.read_bytes() == before
    shipped.clear()
    window.session.close()
    window._update()
    assert not action.isEnabled()


@pytest.mark.parametrize("field", ["max_atoms", "seed"])
def test_undo_reaches_the_page_from_a_field_that_was_not_typed_in(window, qtbot, field):
    budget = window.design.budget
    window.activateWindow()
    before = window.design.model.form
    budget.count.setFocus()
    budget.count.setValue(40)
    assert window.design.model.form.count == 40
    at = getattr(budget, field)
    at.setFocus()
    qtbot.waitUntil(at.hasFocus)
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.design.model.form == before and budget.count.value() == before.count
    budget.seed.setFocus()
    budget.seed.clear()
    QTest.keyClicks(budget.seed, "12")
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert budget.seed.text() != "12"  # what was typed in the field is taken back there


def test_dialogs_for_projects_begin_where_the_last_one_lies_or_in_a_folder_that_is_there(state, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "projects_folder", lambda: tmp_path / "Documents" / "Crystal Studio")
    assert files.suggested_folder(state) == tmp_path
    last = tmp_path / "elsewhere" / "last.crystals"
    last.parent.mkdir()
    last.touch()
    state.add_recent(last)
    assert files.suggested_project(state) == last.with_name("Untitled.crystals")
