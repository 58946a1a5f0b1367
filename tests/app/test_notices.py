"""Errors, warnings and news from every thread come together in one place, and are shown."""

from __future__ import annotations

import logging
import threading
import warnings

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from crystal_studio.app import faults, notices
from crystal_studio.app.main_window import MainWindow
from crystal_studio.app.notice_bar import NoticeBar
from crystal_studio.app.notice_list import NoticeList
from crystal_studio.errors import KnownError


@pytest.fixture
def centre(qapp, monkeypatch):
    """Notices of the test alone, with everything hooked up as in the program; unhooked afterwards."""
    made = notices.Notices()
    monkeypatch.setattr(notices, "_centre", made)
    root, hook = logging.getLogger(), threading.excepthook
    before = list(root.handlers)
    notices.install()
    yield made
    logging.captureWarnings(False)
    threading.excepthook = hook
    for handler in [h for h in root.handlers if h not in before]:
        root.removeHandler(handler)


def texts(centre) -> list[tuple[str, str]]:
    return [(n.level, n.text) for n in centre.all()]


def test_a_warning_of_a_library_in_a_thread_arrives_in_the_window(centre, qtbot):
    def work():
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("The lattice is skewed", UserWarning, stacklevel=1)
        logging.getLogger("some.library").error("no such table")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(centre.all()) == 2)
    assert texts(centre) == [("warning", "The lattice is skewed"), ("error", "no such table")]
    assert centre.unread == 2


def test_warnings_for_programmers_are_not_for_users(centre):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("Use the other call", DeprecationWarning, stacklevel=1)
    assert centre.all() == ()


def test_an_exception_that_ends_a_thread_is_told_with_its_traceback(centre, qtbot):
    def work():
        raise ArithmeticError("no forces")

    thread = threading.Thread(target=work, name="reader")
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(centre.all()))
    (notice,) = centre.all()
    assert notice.level == "error" and "no forces" in notice.text and "reader" in notice.text
    assert "in work" in notice.details


def test_the_same_warning_again_and_again_is_one_notice(centre, qtbot):
    for _ in range(50):
        logging.getLogger("some.library").warning("slow")
    (notice,) = centre.all()
    assert notice.times == 50 and centre.unread == 1


def test_what_stands_in_a_dialog_is_kept_but_not_shown_twice(centre, qtbot):
    box = faults.show(KnownError("The disk is full: free some space."))
    box.close()
    (notice,) = centre.all()
    assert notice.shown and centre.unread == 0 and notice.text == "The disk is full: free some space."


def test_the_window_shows_what_nobody_was_told_and_lists_everything(centre, qtbot, state):
    window = MainWindow(state, probe_devices=False)
    qtbot.addWidget(window)
    window.show()
    thread = threading.Thread(target=lambda: logging.getLogger("some.library").warning("Out of date"))
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: window.notice_bar.isVisible(), timeout=30_000)
    assert window.notice_bar.text.text() == "Out of date" and window.status._unread.isVisible()
    (more,) = window.notice_bar.buttons()
    qtbot.mouseClick(more, Qt.MouseButton.LeftButton)
    listed = window.findChild(NoticeList)
    assert listed.isVisible() and "Out of date" in listed.list.item(0).text()
    assert not window.notice_bar.isVisible() and not window.status._unread.isVisible()
    listed.copy()
    assert "Warning: Out of date" in QApplication.clipboard().text()
    listed.close()
    window.close()


def test_offers_come_first_and_are_done_once(qtbot):
    bar = NoticeBar()
    qtbot.addWidget(bar)
    done = []
    bar.tell(notices.Notice("error", "It broke"), ("More", lambda: done.append("more")))
    bar.offer("Carry on?", [("Yes", lambda: done.append("yes")), ("No", lambda: done.append("no"))], "key")
    bar.offer("Carry on now?", [("Yes", lambda: done.append("yes"))], "key")
    assert bar.text.text() == "Carry on now?" and len(bar.buttons()) == 1
    qtbot.mouseClick(bar.buttons()[0], Qt.MouseButton.LeftButton)
    assert done == ["yes"] and bar.text.text() == "It broke"
    qtbot.mouseClick(bar.close_button, Qt.MouseButton.LeftButton)
    assert not bar.isVisible()
