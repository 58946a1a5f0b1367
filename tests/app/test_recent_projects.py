"""The projects opened before, offered where none is open."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from windows import LONG, opened

from crystal_studio.app import recent_list
from crystal_studio.app.main_window import MainWindow
from crystal_studio.app.numbers_text import MISSING, day
from crystal_studio.app.recent_list import RecentList
from crystal_studio.project import glance
from crystal_studio.project.store import ProjectWriter


@pytest.fixture
def start(qapp, qtbot, state):
    """Start the window and wait until it has looked at the projects opened before."""
    windows = []

    def begin() -> MainWindow:
        window = MainWindow(state, probe_devices=False)
        windows.append(window)
        qtbot.addWidget(window)
        window.resize(1300, 850)
        window.show()
        window.show_page("explore")
        qtbot.waitExposed(window)
        qtbot.waitUntil(lambda: not window.background.busy(), timeout=LONG)
        return window

    yield begin
    for window in windows:
        window.close()


def listed(recent: RecentList) -> list[list[str]]:
    items = [recent.list.topLevelItem(i) for i in range(recent.list.topLevelItemCount())]
    return [[item.text(at) for at in range(4)] for item in items]


def test_projects_opened_before_are_offered_and_taken_with_the_keyboard(start, state, project, tmp_path, qtbot):
    empty = tmp_path / "Empty.crystals"
    with ProjectWriter.create(empty):
        pass
    for path in (empty, tmp_path / "gone.crystals", project):
        state.add_recent(path)
    window = start()
    _, recent = window.recent_lists
    assert [row[:2] for row in listed(recent)] == [["work", "120"], ["Empty", "0"]]
    assert all("today" in row[2] for row in listed(recent))
    assert window.focusWidget() is recent.list
    qtbot.keyClick(recent.list, Qt.Key.Key_Down)
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        qtbot.keyClick(recent.list, Qt.Key.Key_Return)
    assert window.session.path == empty.resolve()


def test_a_click_opens_and_a_closed_project_is_offered_again(window, project, qtbot):
    opened(window, project, qtbot)
    window.actions_["project.close"].trigger()
    window.show_page("run")
    recent, _ = window.recent_lists
    qtbot.waitUntil(recent.isVisible)
    place = recent.list.visualItemRect(recent.list.topLevelItem(0)).center()
    with qtbot.waitSignal(window.session.opened, timeout=LONG):
        qtbot.mouseClick(recent.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    assert window.session.path == project.resolve()


def test_what_is_opened_from_the_empty_page_has_its_first_candidate_selected(start, state, project, qtbot):
    state.add_recent(project)
    window = start()
    _, recent = window.recent_lists
    qtbot.keyClick(recent.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.explore.listed() == 120, timeout=LONG)
    assert len(window.explore.selected_ids()) == 1


def test_nothing_is_offered_where_nothing_was_opened(start):
    window = start()
    assert window.explore.listing.empty.isVisible()
    assert not any(recent.isVisible() for recent in window.recent_lists)


def test_of_many_the_latest_are_offered_and_what_cannot_be_counted_has_a_dash(project, tmp_path):
    paths = [Path(shutil.copyfile(project, tmp_path / f"{i}.crystals")) for i in range(8)]
    paths[1].write_bytes(b"no project")
    found = recent_list.read([tmp_path / "gone.crystals", *paths])
    assert [one.path for one in found] == paths[: recent_list.MOST_SHOWN]
    assert [one.candidates for one in found] == [120, None, 120, 120, 120, 120]


def test_what_cannot_be_counted_is_shown_all_the_same(qapp, qtbot, tmp_path):
    recent = RecentList()
    qtbot.addWidget(recent)
    now = datetime(2026, 11, 22, 12)
    recent.show_projects([recent_list.Recent(tmp_path / "a.crystals", None, datetime(2026, 3, 1, 9))], now)
    assert listed(recent) == [["a", MISSING, "1 Mar 2026", str(tmp_path)]]


def test_a_look_at_a_project_leaves_nothing_beside_it_and_changes_nothing(project, tmp_path):
    before, beside = project.read_bytes(), set(tmp_path.iterdir())
    assert glance.candidates_in(project) == 120
    assert project.read_bytes() == before and set(tmp_path.iterdir()) == beside


def test_a_project_that_is_being_written_is_counted_as_it_stands(project):
    with ProjectWriter.open(project) as writer:
        writer.add_campaign("More", {}, {}, 3)
        assert glance.candidates_in(project) == 120


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 22, 0, 5), "today 00:05"),
        (datetime(2026, 11, 21, 23, 59), "yesterday 23:59"),
        (datetime(2026, 11, 20, 12), "20 Nov 2026"),
        (datetime(2025, 11, 22, 12), "22 Nov 2025"),
    ],
)
def test_days_near_are_called_by_name(moment, text):
    assert day(moment, datetime(2026, 11, 22, 14)) == text
