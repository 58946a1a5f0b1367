"""The window fits every screen, also one that is not the screen of the last time."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect

from crystal_studio.app import placement
from crystal_studio.app.main_window import MainWindow

SCREENS = [(1280, 720), (1366, 768), (1600, 1000), (2560, 1440)]


@pytest.mark.parametrize("size", SCREENS)
def test_the_first_window_is_wholly_on_the_screen(size):
    free = QRect(0, 27, size[0], size[1] - 27)
    place = placement.first(free)
    assert free.contains(place.marginsAdded(placement.FRAME))
    assert place.width() == min(1600, size[0] - 4)


def test_a_remembered_place_is_moved_and_shrunk_to_what_is_there():
    small = QRect(0, 0, 1366, 768)
    inside = small.marginsRemoved(placement.FRAME)
    assert placement.fitted(QRect(2600, 300, 1600, 1000), [small]) == inside  # the second screen is gone
    kept = QRect(100, 80, 900, 600)
    assert placement.fitted(kept, [small]) == kept
    moved = placement.fitted(QRect(900, 500, 900, 600), [small])
    assert moved.size() == kept.size() and inside.contains(moved)
    second = QRect(1366, 0, 2560, 1440)
    there = QRect(1500, 100, 1600, 1000)
    assert placement.fitted(there, [small, second]) == there


def test_the_window_can_be_as_small_as_a_small_screen(qapp, qtbot, state):
    window = MainWindow(state, probe_devices=False)
    qtbot.addWidget(window)
    window.resize(100, 100)
    window.show()
    qtbot.waitExposed(window)
    for page in ("design", "run", "explore"):
        window.show_page(page)
        window.resize(100, 100)
        assert window.width() <= 1024 and window.height() <= 600, page
    window.close()


def test_docks_keep_their_sizes_when_the_window_gets_its_own_only_later(qapp, qtbot, state):
    def shown(size) -> MainWindow:
        window = MainWindow(state, probe_devices=False)
        qtbot.addWidget(window)
        window.resize(900, 620)
        window.show_page("explore")
        window.show()
        qtbot.waitExposed(window)
        window.resize(*size)  # as a window manager that maximises
        qtbot.wait(100)
        qtbot.waitUntil(lambda: not window.explore._settling.isActive())
        return window

    window = shown((1500, 900))
    docks = window.explore.docks
    window.explore.resizeDocks([docks["browser"], docks["structure"]], [260, 600], placement_axis())
    qtbot.wait(20)
    wanted = {key: dock.size() for key, dock in docks.items()}
    window.close()
    again = shown((1500, 900))
    for key, dock in again.explore.docks.items():
        size = dock.size()
        assert abs(size.width() - wanted[key].width()) <= 8, key
        assert abs(size.height() - wanted[key].height()) <= 8, key
    again.close()


def placement_axis():
    from PySide6.QtCore import Qt

    return Qt.Orientation.Horizontal
